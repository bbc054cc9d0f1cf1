//! Broken: a delete truncates the file before it unlinks it.
//!
//! Refutes `kill-atomic-delete`: a kill in between leaves an empty file.

use cap_std::fs::OpenOptions;
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
        if self.site.sound.read_file(path).is_ok() {
            let options = OpenOptions::new().write(true).truncate(true).clone();
            let truncated = self.site.root.open_with(path, &options);
            truncated.map_err(failure(Operation::DeleteFile, path))?;
        }
        self.site.sound.delete_file(path)
    }
}
