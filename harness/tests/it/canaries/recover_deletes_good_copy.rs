//! Broken: where a temporary file was left, recovery takes the published file that it was meant for to be torn,
//! and removes both.
//!
//! Refutes `power-atomic-write`: a crash during an overwrite leaves the old value whole, and recovery removes it.

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::{
    recipe::Recipe,
    site::{RESERVED, SLASH, Site, failure},
};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(read_file list_files create_directory exists delete_file);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.write_by_recipe(path, data)
    }

    fn recover(&self) -> Result<()> {
        let root = &self.site.root;
        let Ok(left) = root.read_dir(RESERVED) else { return Ok(()) };
        for name in left.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
            if let Ok(path) = StoragePath::new(name.replace(SLASH, "/")) {
                self.delete_file(&path)?;
                let removed = root.remove_file(format!("{RESERVED}/{name}"));
                removed.map_err(failure(Operation::Recover, &path))?;
            }
        }
        Ok(())
    }
}

impl Recipe for Canary {
    fn site(&self) -> &Site {
        &self.site
    }
}
