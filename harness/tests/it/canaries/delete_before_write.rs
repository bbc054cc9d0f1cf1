//! Broken: a write removes the old value before it publishes the new one.
//!
//! Refutes `kill-atomic-write`: a kill in between leaves neither.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.site.sound.delete_file(path)?;
        self.site.sound.write_file(path, data)
    }
}
