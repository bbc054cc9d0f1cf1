//! Broken: writers lock the temporary file that they share, and the rename takes the lock away with the file.
//!
//! Refutes `no-torn-read`: who has waited for the lock gets it on the file that is published by then, and writes into
//! it. A writer of the same bytes changes nothing by that: the file is cut to its length, never emptied.

use std::io::{self, Write};

use cap_std::fs::OpenOptions;
use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure, temp_of};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.site.create_parents(path)?;
        self.site.create_reserved();
        self.replace(path, data).map_err(failure(Operation::WriteFile, path))
    }
}

impl Canary {
    fn replace(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        let (root, temp) = (&self.site.root, temp_of(path));
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        loop {
            let mut file = root.open_with(&temp, &options)?.into_std();
            file.lock()?;
            file.write_all(data)?;
            file.set_len(data.len() as u64)?;
            match root.rename(&temp, root, path) {
                // It was published while this writer waited, and has this value by now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => return other,
            }
        }
    }
}
