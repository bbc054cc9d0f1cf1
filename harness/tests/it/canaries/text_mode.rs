//! Broken: a value that is text is read in text mode, which turns each CR LF into LF.
//!
//! Refutes `read-your-write`: the bytes that come back are not those that were written.

use crashworthy::{Result, StorageBackend, StoragePath};

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
        let data = self.site.sound.read_file(path)?;
        Ok(match String::from_utf8(data) {
            Ok(text) => text.replace("\r\n", "\n").into_bytes(),
            Err(binary) => binary.into_bytes(),
        })
    }
}
