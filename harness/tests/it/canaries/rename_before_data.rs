//! Broken: an empty file is published by rename, and then filled.
//!
//! Refutes `kill-atomic-write`: a kill leaves it empty, or a part of the new value.

use std::io::Write;

use cap_std::fs::OpenOptions;
use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let fail = failure(Operation::WriteFile, path);
        self.site.sound.write_file(path, b"")?;
        let file = self.site.root.open_with(path, OpenOptions::new().write(true));
        file.map_err(&fail)?.write_all(data).map_err(&fail)
    }
}
