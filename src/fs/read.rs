//! `readFile`: the whole content of a regular file.
//!
//! A rename swaps whole files, so a reader that has one open reads one value to its end, whatever writers
//! do meanwhile.

use std::{
    io::{self, Read},
    path::Path,
};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::{FsBackend, checksum, interrupt};
use crate::StoragePath;

impl FsBackend {
    pub(super) fn read(&self, path: &StoragePath) -> io::Result<Vec<u8>> {
        if self.options.appends() {
            return self.read_newest(path);
        }
        self.read_in(&self.root, path.as_ref())
    }

    /// The content of the file `path` below `directory`.
    pub(super) fn read_in(&self, directory: &Dir, path: &Path) -> io::Result<Vec<u8>> {
        // O_NONBLOCK: a planted pipe must not hang the reader; it changes nothing for a regular file.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags);
        let file = interrupt::again(|| directory.open_with(path, &options))
            .map_err(missing_below_a_file)?
            .into_std();
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut data = Vec::new();
        let bytes = usize::try_from(metadata.len()).map_err(io::Error::other)?;
        data.try_reserve_exact(bytes).map_err(io::Error::other)?;
        // `take` hides the file, of which `read_to_end` would ask the size once more.
        (&file).take(u64::MAX).read_to_end(&mut data)?;
        if self.options.checksums() {
            checksum::check(&file, &data)?;
        }
        Ok(data)
    }
}

/// `a/b` is missing where `a` is a file; the system has an error of its own for that.
fn missing_below_a_file(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotADirectory => io::Error::new(io::ErrorKind::NotFound, error),
        _ => error,
    }
}
