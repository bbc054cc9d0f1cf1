//! Broken: createDirectory creates one level only.
//!
//! Refutes `mkdir-recursive`.

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files exists delete_file recover);

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        if self.site.root.is_dir(path) {
            return Ok(());
        }
        self.site.root.create_dir(path).map_err(failure(Operation::CreateDirectory, path))
    }
}
