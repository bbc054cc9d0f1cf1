//! Broken: a directory that is there already is taken for durable; those that a write makes itself are synced.
//!
//! Refutes `power-durable-mkdir`: a killed process has made it, and nobody has synced the one above it. And
//! `fsync-failure-honest`: so has a write for which that sync failed.

use std::iter;

use crashworthy::{Operation, Result, StorageBackend, StoragePath};

use super::{
    recipe::Recipe,
    site::{Site, failure},
};

recipe! {
    fn create_parents(&self, path: &StoragePath) -> Result<()> {
        let above = iter::successors(path.parent(), StoragePath::parent);
        let is_missing = |above: &StoragePath| !self.site.root.is_dir(above.as_str());
        let missing: Vec<_> = above.take_while(is_missing).collect();
        for directory in missing.iter().rev() {
            self.site.hasty.create_directory(directory)?;
            self.site.sync_directory_of(directory).map_err(failure(Operation::WriteFile, path))?;
        }
        Ok(())
    }
}
