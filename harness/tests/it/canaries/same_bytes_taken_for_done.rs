//! Broken: the temporary file of a write is named after its content, and a writer that finds it takes the write for
//! done.
//!
//! Refutes `same-content-safe`: another writer has begun to write the same bytes, not published them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
};

use cap_std::fs::OpenOptions;
use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site, failure};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let fail = failure(Operation::WriteFile, path);
        self.site.create_parents(path)?;
        self.site.create_reserved();
        let mut hasher = DefaultHasher::new();
        (path, data).hash(&mut hasher);
        let (root, temp) = (&self.site.root, format!("{RESERVED}/{:x}", hasher.finish()));
        let mut file = match root.open_with(&temp, OpenOptions::new().write(true).create_new(true)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            other => other.map_err(&fail)?,
        };
        file.write_all(data).map_err(&fail)?;
        root.rename(&temp, root, path).map_err(&fail)
    }
}
