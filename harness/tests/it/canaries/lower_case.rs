//! Broken: paths are taken in lower case, as a file system that folds case would.
//!
//! Refutes `path-fidelity`: `A.bin` and `a.bin` are one file.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.site.sound.write_file(&lower(path), data)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.site.sound.read_file(&lower(path))
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        self.site.sound.list_files(&lower(directory))
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        self.site.sound.create_directory(&lower(path))
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.site.sound.exists(&lower(path))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.site.sound.delete_file(&lower(path))
    }
}

fn lower(path: &StoragePath) -> StoragePath {
    StoragePath::new(path.as_str().to_ascii_lowercase()).expect("as well-formed as before")
}
