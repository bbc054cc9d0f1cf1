//! Broken: a lock keeps writers from filling the temporary file that they share at the same time, and is released
//! before the file is published.
//!
//! Refutes `no-torn-read`: the next writer truncates what the one before is about to publish.

use std::io;

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
        let fail = failure(Operation::WriteFile, path);
        self.site.create_parents(path)?;
        let (root, temp) = (&self.site.root, temp_of(path));
        loop {
            let lock = self.site.lock().map_err(&fail)?;
            root.write(&temp, data).map_err(&fail)?;
            drop(lock);
            match root.rename(&temp, root, path) {
                // Another writer has published it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => return other.map_err(&fail),
            }
        }
    }
}
