//! Broken: a write looks whether each directory above its path is there, and creates it where it is not.
//!
//! Refutes `no-spurious-error`: another writer creates the directory after the look, and this one fails.

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        for (end, _) in path.as_str().match_indices('/') {
            let directory = &path.as_str()[..end];
            if !self.site.root.exists(directory) {
                let created = self.site.root.create_dir(directory);
                created.map_err(failure(Operation::WriteFile, path))?;
            }
        }
        self.site.sound.write_file(path, data)
    }
}
