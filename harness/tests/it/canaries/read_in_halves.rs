//! Broken: a read opens the file for each half of it.
//!
//! Refutes `no-torn-read`: a writer replaces the file between the halves.

use std::io::{self, Read, Seek, SeekFrom};

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file list_files create_directory exists delete_file recover);

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.read(path).map_err(failure(Operation::ReadFile, path))
    }
}

impl Canary {
    fn read(&self, path: &StoragePath) -> io::Result<Vec<u8>> {
        let file = self.site.root.open(path)?;
        let half = file.metadata()?.len() / 2;
        let mut data = Vec::new();
        file.take(half).read_to_end(&mut data)?;
        let mut file = self.site.root.open(path)?;
        file.seek(SeekFrom::Start(half))?;
        file.read_to_end(&mut data)?;
        Ok(data)
    }
}
