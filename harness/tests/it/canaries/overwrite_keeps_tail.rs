//! Broken: a value that is shorter than the old one by a page or more keeps the old one's tail, as a write
//! without truncation does. It is published by rename all the same, so no kill shows more than that.
//!
//! Refutes `overwrite-replaces`. The sizes keep it out of the scenarios that judge kills: what is wrong
//! without any is no kill's doing.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

/// The old tail is this long at least.
const PAGE_BYTES: usize = 4096;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let mut kept = data.to_vec();
        if let Ok(old) = self.site.sound.read_file(path)
            && old.len() >= data.len() + PAGE_BYTES
        {
            kept.extend(&old[data.len()..]);
        }
        self.site.sound.write_file(path, &kept)
    }
}
