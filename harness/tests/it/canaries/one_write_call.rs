//! Broken: a write call that takes less than it was given is not followed by another.
//!
//! Refutes `short-write-handled`.

use std::io::{self, Write};

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{
    recipe::Recipe,
    site::{Site, uninterrupted},
};

recipe! {
    fn fill(&self, file: &mut File, data: &[u8]) -> io::Result<()> {
        uninterrupted(|| file.write(data)).map(drop)
    }
}
