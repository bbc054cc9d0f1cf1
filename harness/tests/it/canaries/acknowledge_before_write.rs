//! Broken: a new value of an existing file is acknowledged when it is in memory, and stored when another path
//! or a read comes along.
//!
//! Refutes `kill-durable-ack`. First writes are stored at once: a value that was never stored when the next
//! write of its path is killed would be missed by `kill-atomic-write` as well.

use std::sync::Mutex;

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
    pending: Mutex<Option<(StoragePath, Vec<u8>)>>,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site, pending: Mutex::default() }
}

impl StorageBackend for Canary {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        if self.pending.lock().unwrap().as_ref().is_none_or(|(pending, _)| pending != path) {
            self.store()?;
        }
        if self.site.sound.read_file(path).is_err() {
            return self.site.sound.write_file(path, data);
        }
        *self.pending.lock().unwrap() = Some((path.clone(), data.to_vec()));
        Ok(())
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.store()?;
        self.site.sound.read_file(path)
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        self.store()?;
        self.site.sound.list_files(directory)
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        self.store()?;
        self.site.sound.create_directory(path)
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.store()?;
        self.site.sound.exists(path)
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.store()?;
        self.site.sound.delete_file(path)
    }

    fn recover(&self) -> Result<()> {
        self.store()?;
        self.site.sound.recover()
    }
}

impl Canary {
    fn store(&self) -> Result<()> {
        match self.pending.lock().unwrap().take() {
            Some((path, data)) => self.site.sound.write_file(&path, &data),
            None => Ok(()),
        }
    }
}
