//! Broken: a write that fails leaves its temporary file behind.
//!
//! Refutes `error-leaves-no-orphan`.

use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn give_up(&self, _: &StoragePath) {}
}
