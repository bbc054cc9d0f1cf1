//! Broken: recovery removes every temporary file, whoever holds its lock.
//!
//! Refutes `kill-orphans-reclaimed`: a live writer's rename fails, since its file is gone.

use crashworthy::{Result, StorageBackend, StoragePath};

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
            // One that was published meanwhile is nobody's loss.
            let _ = entry.remove_file();
        }
        Ok(())
    }
}
