//! Broken: a delete truncates the file and syncs that before it unlinks the file.
//!
//! Refutes `power-atomic-delete`: a power loss in between leaves an empty file.

use std::io;

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
            self.truncate(path).map_err(failure(Operation::DeleteFile, path))?;
        }
        self.site.sound.delete_file(path)
    }
}

impl Canary {
    fn truncate(&self, path: &StoragePath) -> io::Result<()> {
        let options = OpenOptions::new().write(true).truncate(true).clone();
        self.site.sync(&self.site.root.open_with(path, &options)?)
    }
}
