//! Broken: nobody looks at what the sync of a file returns.
//!
//! Refutes `fsync-failure-honest`.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn sync_file(&self, file: &File) -> io::Result<()> {
        let _ = self.site.sync(file);
        Ok(())
    }
}
