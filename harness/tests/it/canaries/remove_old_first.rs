//! Broken: a write removes the old value before the new one is in place.
//!
//! Refutes `error-preserves-old`: when the second step fails, neither is there.

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
