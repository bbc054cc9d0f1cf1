//! Broken: a value is written to a journal and renamed, under a lock, and a read fails where it finds a journal.
//!
//! Refutes `crash-isolated`: no reader finds one while its writer lives, and all find that of a killed one, until the
//! next write. There is no recovery, which would remove it.

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site, failure};

struct Canary {
    site: Site,
    journal: String,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site, journal: format!("{RESERVED}/journal") }
}

impl StorageBackend for Canary {
    delegate!(list_files create_directory exists delete_file);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let fail = failure(Operation::WriteFile, path);
        self.site.create_parents(path)?;
        let _lock = self.site.lock().map_err(&fail)?;
        let root = &self.site.root;
        root.write(&self.journal, data).map_err(&fail)?;
        root.rename(&self.journal, root, path).map_err(&fail)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let operation = Operation::ReadFile;
        let _lock = self.site.lock().map_err(failure(operation, path))?;
        if self.site.root.exists(&self.journal) {
            return Err(Error::new(
                ErrorKind::Corrupt,
                operation,
                path.as_str(),
                "the journal was not applied",
            ));
        }
        self.site.sound.read_file(path)
    }
}
