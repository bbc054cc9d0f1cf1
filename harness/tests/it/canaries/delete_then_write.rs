//! Broken: a write removes the old file before it publishes the new one.
//!
//! Refutes `linearizable`: a reader in between finds nothing, which nobody has asked for. A value that is there already
//! is left alone, so that writers of the same bytes do not take them from each other.

use crashworthy::{ErrorKind, Result, StorageBackend, StoragePath};

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
            Ok(old) if old == data => return Ok(()),
            Ok(_) => self.site.sound.delete_file(path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.site.sound.write_file(path, data)
    }
}
