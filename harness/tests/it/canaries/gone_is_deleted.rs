//! Broken: a delete of a file that is not there is acknowledged without a sync.
//!
//! Refutes `power-durable-delete`: a killed process has removed the name, and nobody has made that durable. And
//! `fsync-failure-honest`: so has a delete whose sync failed.

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
        if self.site.sound.exists(path)? { self.site.sound.delete_file(path) } else { Ok(()) }
    }
}
