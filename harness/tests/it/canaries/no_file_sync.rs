//! Broken: the temporary file gets its name before its content is on the disk, and nobody syncs it later.
//!
//! Refutes `power-atomic-write`: the name leads to zeros, or to nothing.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn sync_file(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}
