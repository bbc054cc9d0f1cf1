//! Broken: a new directory is synced when a file has come into it, and the one above it, which has its name, is
//! not.
//!
//! Refutes `power-durable-mkdir`: the whole directory is gone.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn create_parents(&self, path: &StoragePath) -> Result<()> {
        path.parent().map_or(Ok(()), |parent| self.site.hasty.create_directory(&parent))
    }
}
