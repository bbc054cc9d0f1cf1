//! Broken: a write goes on where an interrupted one has left off: what is in the temporary file counts as written.
//!
//! Refutes `power-retry-heals`. A kill leaves a true beginning of the value, a power loss also zeros of that length.

use std::io::{self, Seek, SeekFrom, Write};

use cap_std::fs::{File, OpenOptions};
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{recipe::Recipe, site::Site};

recipe! {
    fn create_temp(&self, path: &StoragePath) -> io::Result<File> {
        self.site.root.open_with(self.temp(path), OpenOptions::new().write(true).create(true))
    }

    fn fill(&self, file: &mut File, data: &[u8]) -> io::Result<()> {
        let written = file.seek(SeekFrom::End(0))? as usize;
        file.write_all(data.get(written..).unwrap_or_default())
    }
}
