//! Broken: writers exclude each other by a file that the one who writes creates and removes.
//!
//! Refutes `crash-isolated`: a killed writer leaves it behind, and the others wait for it for ever.

use std::{io, thread, time::Duration};

use cap_std::fs::OpenOptions;
use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site, failure};

const PAUSE: Duration = Duration::from_millis(1);

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
        self.site.create_reserved();
        let (root, lock) = (&self.site.root, format!("{RESERVED}/lock"));
        let options = OpenOptions::new().write(true).create_new(true).clone();
        while let Err(error) = root.open_with(&lock, &options) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(fail(error));
            }
            thread::sleep(PAUSE);
        }
        let written = self.site.sound.write_file(path, data);
        root.remove_file(&lock).map_err(&fail)?;
        written
    }
}
