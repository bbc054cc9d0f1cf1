//! Broken: a write is acknowledged when its content is durable, and the new name is not.
//!
//! Refutes `power-durable-ack`, and with it `power-prefix-order`.

use std::io;

use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn sync_directory(&self, _: &StoragePath) -> io::Result<()> {
        Ok(())
    }
}
