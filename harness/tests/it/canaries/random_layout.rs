//! Broken: a file is published under its name and a random suffix, and found again by scanning for it.
//!
//! Refutes `deterministic-layout`. The suffix stays with the file, so that everything else is as it was.

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, path_of};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(create_directory recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let stored = self.stored(path).unwrap_or_else(|| format!("{path}.{:08x}", rand::random::<u32>()));
        self.site.sound.write_file(&path_of(Operation::WriteFile, stored)?, data)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let Some(stored) = self.stored(path) else {
            let operation = Operation::ReadFile;
            return Err(Error::new(ErrorKind::NotFound, operation, path.as_str(), "no such file"));
        };
        self.site.sound.read_file(&path_of(Operation::ReadFile, stored)?)
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        let names = self.site.sound.list_files(directory)?;
        Ok(names.iter().filter_map(|name| Some(without_suffix(name)?.to_owned())).collect())
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        Ok(self.stored(path).is_some() || self.site.root.is_dir(path))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        match self.stored(path) {
            Some(stored) => self.site.sound.delete_file(&path_of(Operation::DeleteFile, stored)?),
            // A directory, which is refused, or nothing.
            None => self.site.sound.delete_file(path),
        }
    }
}

impl Canary {
    /// Where `path` was published, if it was.
    fn stored(&self, path: &StoragePath) -> Option<String> {
        let directory = path.parent();
        let entries = match &directory {
            Some(directory) => self.site.root.read_dir(directory),
            None => self.site.root.entries(),
        };
        let names = entries.ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let stored = names.into_iter().find(|name| without_suffix(name) == Some(path.name()))?;
        Some(directory.map_or(stored.clone(), |directory| format!("{directory}/{stored}")))
    }
}

fn without_suffix(name: &str) -> Option<&str> {
    let (name, suffix) = name.rsplit_once('.')?;
    let is_suffix = suffix.len() == 8 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_suffix.then_some(name)
}
