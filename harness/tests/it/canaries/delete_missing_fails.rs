//! Broken: a delete of a missing file is an error.
//!
//! Refutes `delete-idempotent`, also where a killed delete is tried again.

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists recover);

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        if !self.site.sound.exists(path)? {
            let operation = Operation::DeleteFile;
            return Err(Error::new(ErrorKind::NotFound, operation, path.as_str(), "no such file"));
        }
        self.site.sound.delete_file(path)
    }
}
