//! Broken: a write of the value that is there already is acknowledged without a sync.
//!
//! Refutes `power-durable-ack`: a killed process has put it there, and nobody has made that durable. And
//! `fsync-failure-honest`: so has a write whose sync failed.

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
        match self.site.sound.read_file(path) {
            Ok(there) if there == data => Ok(()),
            _ => self.site.sound.write_file(path, data),
        }
    }
}
