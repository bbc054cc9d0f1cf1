//! Broken: a delete is acknowledged when the name is gone from memory.
//!
//! Refutes `power-durable-delete`: the file is back.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists recover);

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.site.hasty.delete_file(path)
    }
}
