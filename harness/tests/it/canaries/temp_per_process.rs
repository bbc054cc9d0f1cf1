//! Broken: the temporary file of a write is named after the process, so that its threads share it.
//!
//! Refutes `no-torn-read`, among threads only: one thread truncates the file that another one is about to publish.

use std::{io, process};

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{
    recipe::Recipe,
    site::{Site, temp_of},
};

recipe! {
    fn temp(&self, path: &StoragePath) -> String {
        format!("{}-{}", temp_of(path), process::id())
    }

    fn finish(&self, file: File, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        self.finish_shared(file, path, data)
    }
}
