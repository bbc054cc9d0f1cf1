//! Broken: a file directly below the root is written in place; any other goes through a temporary file.
//!
//! Refutes `kill-atomic-write`, but no built-in scenario kills a write there: it takes a generated workload.

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
        if path.parent().is_some() {
            return self.site.sound.write_file(path, data);
        }
        self.site.root.write(path, data).map_err(failure(Operation::WriteFile, path))
    }
}
