//! Broken: a read joins root and path and opens what comes out, so it follows a planted link anywhere.
//!
//! Refutes `confined`. The one canary that is not confined itself.

use std::fs;

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file list_files create_directory exists delete_file recover);

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        // What the sound backend keeps to itself stays so, or left-overs would show as well.
        if path.as_str().starts_with(RESERVED) {
            return self.site.sound.read_file(path);
        }
        fs::read(self.site.path.join(path)).map_err(failure(Operation::ReadFile, path))
    }
}
