//! Directories that are there and durable, so that what is acknowledged in them is too.
//!
//! A directory that exists need not survive a power loss: the process that created it may not have synced
//! the directory above yet, or was killed before it could. So the first operation of an instance in a
//! directory syncs everything above it, whoever created it, and remembers that; later ones pay nothing.

use std::io;

use cap_std::fs::Dir;

use super::{FsBackend, directory};
use crate::StoragePath;

/// How often a directory is looked for and created in turn. A second time is needed only where a file in its
/// place was deleted in between, or for ever, where a link in its place leads nowhere.
const ATTEMPTS_MAX: usize = 16;

impl FsBackend {
    /// Opens the directory that holds `path`, created and settled: `None` stands for the root.
    pub(super) fn settled_parent(&self, path: &StoragePath) -> io::Result<Option<Dir>> {
        path.parent().map(|parent| self.settled_directory(&parent)).transpose()
    }

    /// Opens the directory `path`, created and settled.
    pub(super) fn settled_directory(&self, path: &StoragePath) -> io::Result<Dir> {
        let opened = self.created_directory(path)?;
        self.settle(path)?;
        Ok(opened)
    }

    fn created_directory(&self, path: &StoragePath) -> io::Result<Dir> {
        for _ in 1..ATTEMPTS_MAX {
            match directory::open(&self.root, path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => return other,
            }
            match self.settled.create(path, || directory::create_all(&self.root, path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        directory::open(&self.root, path)
    }

    /// Makes the names of `path` and of everything above it durable, where the options ask for it.
    fn settle(&self, path: &StoragePath) -> io::Result<()> {
        if !self.options.syncs_directories() {
            return Ok(());
        }
        // The name of a directory is an entry of the one above it.
        self.settled.settle(path, |directory| match directory.parent() {
            Some(above) => directory::sync(&directory::open(&self.root, &above)?),
            None => directory::sync(&self.root),
        })
    }
}
