//! Broken: the content is synced when it has its name already.
//!
//! Refutes `power-atomic-write`: all is well at the acknowledgement, and not between the two.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn finish(&self, mut file: File, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        self.fill(&mut file, data)?;
        self.publish(path)?;
        self.sync_file(&file)?;
        self.sync_directory(path)
    }
}
