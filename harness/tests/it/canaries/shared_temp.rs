//! Broken: all writers of a path use one temporary file. Who finds it published by another one writes again.
//!
//! Refutes `no-torn-read`: a writer truncates the file that another one is about to publish, and fills it when it is
//! there for all to read. In the end the last writer's own value is there.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn finish(&self, file: File, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        self.finish_shared(file, path, data)
    }
}
