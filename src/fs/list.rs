//! `listFiles`: the names of the regular files directly in a directory.
//!
//! Hardened temporary files live in a directory that cannot be named, so there is nothing to hide. The
//! documented profile's `<path>.tmp` is listed like any file: the specification does not hide it.

use std::io;

use cap_std::fs::{DirEntry, ReadDir};

use super::FsBackend;
use crate::StoragePath;

impl FsBackend {
    pub(super) fn list(&self, path: &StoragePath) -> io::Result<Vec<String>> {
        if self.options.appends() {
            return self.list_newest(path);
        }
        if self.options.locks_directories() {
            return self.list_lock_path(path);
        }
        match self.root.read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => names(other?),
        }
    }
}

/// The names of the regular files among `entries`.
pub(super) fn names(entries: ReadDir) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // A name that is not text cannot have been written through this interface, nor be read.
        if let Ok(name) = entry.file_name().into_string()
            && is_regular_file(&entry)?
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether `entry` is a regular file; a symbolic link is not.
pub(super) fn is_regular_file(entry: &DirEntry) -> io::Result<bool> {
    let kind = entry.file_type()?;
    if kind.is_file() || kind.is_dir() || kind.is_symlink() {
        return Ok(kind.is_file());
    }
    // Some file systems do not tell the type with the name.
    match entry.metadata() {
        Ok(metadata) => Ok(metadata.is_file()),
        // Deleted since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
