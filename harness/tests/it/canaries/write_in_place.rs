//! Broken: a write truncates the file under its final path and writes into it.
//!
//! Refutes `kill-atomic-write`: a kill leaves nothing, or a part of the new value.

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
        self.site.create_parents(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = self.site.root.open_with(path, &options).map_err(&fail)?;
        file.write_all(data).map_err(&fail)
    }
}
