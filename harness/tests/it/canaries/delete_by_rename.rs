//! Broken: a delete moves the file to a visible name in the same directory, and unlinks it there.
//!
//! Refutes `kill-orphans-invisible`: after a kill in between, the list shows a file that nobody wrote. There is
//! no recovery, which could not know it from a user's file.

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists);

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        if self.site.sound.read_file(path).is_err() {
            // Missing, a directory or a link: as ever.
            return self.site.sound.delete_file(path);
        }
        let fail = failure(Operation::DeleteFile, path);
        let directory = path.parent().map_or(String::new(), |parent| format!("{parent}/"));
        let moved = format!("{directory}deleted");
        self.site.root.rename(path, &self.site.root, &moved).map_err(&fail)?;
        self.site.root.remove_file(&moved).map_err(&fail)
    }
}
