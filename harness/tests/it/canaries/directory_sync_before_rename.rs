//! Broken: the directory is synced before the new name is in it.
//!
//! Refutes `power-durable-ack`: the next write makes the last one durable, so that only that one is ever lost.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn finish(&self, mut file: File, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        self.fill(&mut file, data)?;
        self.sync_file(&file)?;
        self.sync_directory(path)?;
        self.publish(path)
    }
}
