//! Broken: a value is first written to `<path>.tmp` beside it, and names that end so are hidden from every
//! look, lest a left-over show. A user's own `a.bin.tmp` is hidden with them, and replaced by the next write
//! of `a.bin`.
//!
//! Refutes `path-fidelity`. There is no recovery: it could not tell a left-over from a user's file.

use std::io::Write;

use cap_std::fs::OpenOptions;
use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::{Site, failure, path_of};

const SUFFIX: &str = ".tmp";

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(create_directory delete_file);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let fail = failure(Operation::WriteFile, path);
        self.site.create_parents(path)?;
        let temp = path_of(Operation::WriteFile, format!("{path}{SUFFIX}"))?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = self.site.root.open_with(&temp, &options).map_err(&fail)?;
        file.write_all(data).map_err(&fail)?;
        self.site.root.rename(&temp, &self.site.root, path).map_err(&fail)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        if path.name().ends_with(SUFFIX) {
            let operation = Operation::ReadFile;
            return Err(Error::new(ErrorKind::NotFound, operation, path.as_str(), "no such file"));
        }
        self.site.sound.read_file(path)
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        let mut names = self.site.sound.list_files(directory)?;
        names.retain(|name| !name.ends_with(SUFFIX));
        Ok(names)
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        Ok(!path.name().ends_with(SUFFIX) && self.site.sound.exists(path)?)
    }
}
