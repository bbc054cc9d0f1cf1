//! Broken: after one failed write, every further one fails too.
//!
//! Refutes `recovers-after-fault`.

use std::sync::atomic::{AtomicBool, Ordering};

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
    has_failed: AtomicBool,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site, has_failed: AtomicBool::new(false) }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        if self.has_failed.load(Ordering::SeqCst) {
            let reason = "a write has failed before";
            return Err(Error::new(ErrorKind::Io, Operation::WriteFile, path.as_str(), reason));
        }
        let written = self.site.sound.write_file(path, data);
        self.has_failed.store(written.is_err(), Ordering::SeqCst);
        written
    }
}
