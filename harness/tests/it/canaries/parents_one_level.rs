//! Broken: a write creates the directory of its path, but not the one above that.
//!
//! Refutes `write-creates-parents`. It refuses such a path clearly, which no other guarantee forbids.

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        if let Some(above) = path.parent().and_then(|parent| parent.parent())
            && !self.site.sound.exists(&above)?
        {
            let reason = "create the directory first";
            let operation = Operation::WriteFile;
            return Err(Error::new(ErrorKind::InvalidPath, operation, path.as_str(), reason));
        }
        self.site.sound.write_file(path, data)
    }
}
