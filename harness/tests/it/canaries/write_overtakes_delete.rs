//! Broken: a delete is acknowledged when it is noted in memory, and done when somebody reads or deletes. Writes of
//! other paths do not wait for that, and overtake it.
//!
//! Refutes `power-prefix-order`, and with it `power-durable-delete`.

use std::sync::Mutex;

use crashworthy::{Result, StorageBackend, StoragePath};

use super::site::Site;

struct Canary {
    site: Site,
    pending: Mutex<Option<StoragePath>>,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site, pending: Mutex::default() }
}

impl StorageBackend for Canary {
    delegate!(create_directory recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        // The new value takes the place of the file, so there is nothing left to delete.
        self.pending.lock().unwrap().take_if(|pending| pending == path);
        self.site.sound.write_file(path, data)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.carry_out()?;
        self.site.sound.read_file(path)
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        self.carry_out()?;
        self.site.sound.list_files(directory)
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.carry_out()?;
        self.site.sound.exists(path)
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.carry_out()?;
        if self.site.sound.read_file(path).is_err() {
            return self.site.sound.delete_file(path);
        }
        *self.pending.lock().unwrap() = Some(path.clone());
        Ok(())
    }
}

impl Canary {
    fn carry_out(&self) -> Result<()> {
        match self.pending.lock().unwrap().take() {
            Some(path) => self.site.sound.delete_file(&path),
            None => Ok(()),
        }
    }
}
