//! Broken: what was read once is remembered, and forgotten only where this instance itself changes it.
//!
//! Refutes `linearizable`: a second read gives the old value although a write by another process was acknowledged.

use std::{collections::BTreeMap, sync::Mutex};

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
    known: Mutex<BTreeMap<StoragePath, Vec<u8>>>,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site, known: Mutex::default() }
}

impl StorageBackend for Canary {
    delegate!(list_files create_directory exists recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let written = self.site.sound.write_file(path, data);
        self.known.lock().unwrap().remove(path);
        written
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        let deleted = self.site.sound.delete_file(path);
        self.known.lock().unwrap().remove(path);
        deleted
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        // A lock that is held during a call would keep the other threads from making theirs.
        let known = self.known.lock().unwrap().get(path).cloned();
        if let Some(data) = known {
            return Ok(data);
        }
        let data = self.site.sound.read_file(path)?;
        self.known.lock().unwrap().insert(path.clone(), data.clone());
        Ok(data)
    }
}
