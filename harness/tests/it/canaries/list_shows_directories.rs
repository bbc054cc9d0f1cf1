//! Broken: a list names directories as well.
//!
//! Refutes `list-exact`, with and without a kill before it.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file create_directory exists delete_file recover);

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        let mut names = self.site.sound.list_files(directory)?;
        for entry in self.site.root.read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }
}
