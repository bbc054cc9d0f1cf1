//! Broken: recovery takes a temporary file without content for corruption, and gives up.
//!
//! Refutes `kill-recovery-idempotent`: a writer that was killed before its first byte keeps the store closed.

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists delete_file);

    fn recover(&self) -> Result<()> {
        for entry in self.site.root.read_dir(RESERVED).into_iter().flatten().flatten() {
            if entry.metadata().is_ok_and(|metadata| metadata.len() == 0) {
                let reason = "an empty temporary file";
                return Err(Error::new(ErrorKind::Corrupt, Operation::Recover, "", reason));
            }
        }
        self.site.sound.recover()
    }
}
