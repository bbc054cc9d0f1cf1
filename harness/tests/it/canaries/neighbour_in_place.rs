//! Broken: a write also rewrites the first of the other files in its directory in place, as a store does whose
//! files each say where the next one is.
//!
//! Refutes `power-neighbours-intact`: a file that nobody asked to change is truncated for a moment. It is synced
//! before the acknowledgement, and the file that is written is written soundly.

use std::io::{self, Write};

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure, path_of};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        if let Some(neighbour) = self.neighbour(path)? {
            let content = self.site.sound.read_file(&neighbour)?;
            self.rewrite(&neighbour, &content).map_err(failure(Operation::WriteFile, path))?;
        }
        self.site.sound.write_file(path, data)
    }
}

impl Canary {
    fn neighbour(&self, path: &StoragePath) -> Result<Option<StoragePath>> {
        let Some(directory) = path.parent() else { return Ok(None) };
        let mut names = self.site.sound.list_files(&directory)?;
        names.sort();
        let first = names.into_iter().find(|name| name != path.name());
        first.map(|name| path_of(Operation::WriteFile, format!("{directory}/{name}"))).transpose()
    }

    fn rewrite(&self, path: &StoragePath, content: &[u8]) -> io::Result<()> {
        let mut file = self.site.root.create(path)?;
        file.write_all(content)?;
        self.site.sync(&file)
    }
}
