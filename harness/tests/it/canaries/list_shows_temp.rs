//! Broken: temporary files lie beside their target, and nothing hides them.
//!
//! Refutes `kill-orphans-invisible`. There is no recovery, which could not know them from a user's files.

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
    delegate!(read_file list_files create_directory exists delete_file);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let fail = failure(Operation::WriteFile, path);
        self.site.create_parents(path)?;
        let directory = path.parent().map_or(String::new(), |parent| format!("{parent}/"));
        let temp = format!("{directory}in-progress");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = self.site.root.open_with(&temp, &options).map_err(&fail)?;
        file.write_all(data).map_err(&fail)?;
        self.site.root.rename(&temp, &self.site.root, path).map_err(&fail)
    }
}
