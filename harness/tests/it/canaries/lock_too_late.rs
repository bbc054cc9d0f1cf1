//! Broken: all values are in one file, and a writer reads it before it takes the lock under which it replaces it.
//!
//! Refutes `last-write-wins`: of two writers of different paths that have read the same file, the second one stores it
//! without the first one's value.

use std::collections::BTreeMap;

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure, path_of};

type Values = BTreeMap<String, Vec<u8>>;

struct Canary {
    site: Site,
    file: StoragePath,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    let file = path_of(Operation::Open, "values".to_owned()).expect("a plain name is a path");
    Canary { site, file }
}

impl StorageBackend for Canary {
    delegate!(create_directory recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.change(path, |values| drop(values.insert(path.to_string(), data.to_vec())))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.change(path, |values| drop(values.remove(path.as_str())))
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.values()?.remove(path.as_str()).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, Operation::ReadFile, path.as_str(), "no such value")
        })
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        Ok(self.values()?.contains_key(path.as_str()))
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        let within = format!("{directory}/");
        let values = self.values()?;
        let names = values.keys().filter_map(|path| path.strip_prefix(&within));
        Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }
}

impl Canary {
    fn values(&self) -> Result<Values> {
        match self.site.sound.read_file(&self.file) {
            Ok(text) => Ok(serde_json::from_slice(&text).expect("it is replaced as a whole")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Values::new()),
            Err(error) => Err(error),
        }
    }

    fn change(&self, path: &StoragePath, change: impl FnOnce(&mut Values)) -> Result<()> {
        let mut values = self.values()?;
        let _lock = self.site.lock().map_err(failure(Operation::WriteFile, path))?;
        change(&mut values);
        let text = serde_json::to_vec(&values).expect("values are plain data");
        self.site.sound.write_file(&self.file, &text)
    }
}
