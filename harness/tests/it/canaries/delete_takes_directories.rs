//! Broken: a delete of a directory removes it with everything in it.
//!
//! Refutes `delete-files-only`.

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
        let is_directory = |metadata: cap_std::fs::Metadata| metadata.is_dir();
        if self.site.root.symlink_metadata(path).is_ok_and(is_directory) {
            let removed = self.site.root.remove_dir_all(path);
            return removed.map_err(failure(Operation::DeleteFile, path));
        }
        self.site.sound.delete_file(path)
    }
}
