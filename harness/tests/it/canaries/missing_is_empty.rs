//! Broken: a read of a missing file gives empty bytes.
//!
//! Refutes `missing-is-error`, with and without a kill before it.

use crashworthy::{ErrorKind, Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file list_files create_directory exists delete_file recover);

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        match self.site.sound.read_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }
}
