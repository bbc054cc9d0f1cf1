//! Broken: a call that a signal interrupts fails the write.
//!
//! Refutes `interrupt-handled`.

use std::io;

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{NEXT, Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.site.create_parents(path)?;
        self.site.create_reserved();
        self.write(path, data).map_err(failure(Operation::WriteFile, path))
    }
}

impl Canary {
    fn write(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        let root = &self.site.root;
        let mut file = root.create(NEXT)?;
        let published =
            io::Write::write_all(&mut file, data).and_then(|()| root.rename(NEXT, root, path));
        if published.is_err() {
            let _ = root.remove_file(NEXT);
        }
        published
    }
}
