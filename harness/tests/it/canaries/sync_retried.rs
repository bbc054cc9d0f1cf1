//! Broken: a sync of a file that fails is asked for once more, and believed.
//!
//! Refutes `fsync-failure-honest`: the pages count as clean since the first, so the second has nothing to do.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn sync_file(&self, file: &File) -> io::Result<()> {
        self.site.sync(file).or_else(|_| self.site.sync(file))
    }
}
