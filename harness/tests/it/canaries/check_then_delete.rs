//! Broken: a delete looks whether the file is there, and removes it where it is.
//!
//! Refutes `no-spurious-error`: another process removes the file after the look, and this one fails.

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists recover);

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        if !self.site.sound.exists(path)? {
            return Ok(());
        }
        self.site.root.remove_file(path).map_err(failure(Operation::DeleteFile, path))
    }
}
