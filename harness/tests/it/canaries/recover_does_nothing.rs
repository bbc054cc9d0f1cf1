//! Broken: recovery is acknowledged, and does nothing.
//!
//! Refutes `kill-orphans-reclaimed`: what a killed writer left is still there.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists delete_file);

    fn recover(&self) -> Result<()> {
        Ok(())
    }
}
