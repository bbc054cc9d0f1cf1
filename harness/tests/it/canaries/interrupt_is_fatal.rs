//! Broken: a call that a signal interrupts fails the write.
//!
//! Refutes `interrupt-handled`.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn create_temp(&self, path: &StoragePath) -> io::Result<File> {
        self.site.root.create(self.temp(path))
    }
}
