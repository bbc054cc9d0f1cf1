//! Broken: the parents of a write are created by their joined path, so through a planted link as well.
//!
//! Refutes `confined`: directories appear outside the root, although the write itself is refused then.

use std::fs;

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(self.site.path.join(&parent))
                .map_err(failure(Operation::WriteFile, path))?;
        }
        self.site.sound.write_file(path, data)
    }
}
