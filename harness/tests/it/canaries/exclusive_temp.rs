//! Broken: every write uses the same temporary file, and fails where it exists.
//!
//! Refutes `kill-retry-heals`: what one killed write leaves blocks all that follow. There is no recovery, which
//! would remove it.

use std::io::{Result as IoResult, Write};

use cap_std::fs::OpenOptions;
use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site, failure};

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
        self.site.create_reserved();
        let (root, temp) = (&self.site.root, format!("{RESERVED}/next"));
        let options = OpenOptions::new().write(true).create_new(true).clone();
        let mut file = root.open_with(&temp, &options).map_err(&fail)?;
        let published: IoResult<()> =
            file.write_all(data).and_then(|()| root.rename(&temp, root, path));
        if published.is_err() {
            // Only a kill leaves it behind.
            let _ = root.remove_file(&temp);
        }
        published.map_err(&fail)
    }
}
