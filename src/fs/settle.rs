//! Which directories are known to be durable, so that what is acknowledged in them is too.
//!
//! A directory that exists need not survive a power loss: the process that created it may not have synced
//! the directory above yet, or was killed before it could. So the first operation of an instance in a
//! directory syncs everything above it, whoever created it, and remembers that; later ones pay nothing.

use std::{
    collections::BTreeSet,
    io, iter,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cap_std::fs::Dir;

use super::{FsBackend, directory};
use crate::StoragePath;

/// How many directories an instance remembers, at about 100 bytes each. Beyond it, it forgets them all and
/// syncs once more.
const SETTLED_DIRECTORIES_MAX: usize = 65_536;

/// The directories whose names this instance has made durable.
#[derive(Debug, Default)]
pub(super) struct Settled(Mutex<BTreeSet<StoragePath>>);

impl Settled {
    fn directories(&self) -> MutexGuard<'_, BTreeSet<StoragePath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FsBackend {
    /// Opens the directory that holds `path`, created and settled: `None` stands for the root.
    pub(super) fn settled_parent(&self, path: &StoragePath) -> io::Result<Option<Dir>> {
        let Some(parent) = path.parent() else { return Ok(None) };
        let handle = match directory::open(&self.root, &parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.create_unsettled(&parent)?;
                directory::open(&self.root, &parent)?
            }
            other => other?,
        };
        self.settle(&parent)?;
        Ok(Some(handle))
    }

    /// Creates `path` and its missing parents, and forgets what was known of those that were gone.
    pub(super) fn create_unsettled(&self, path: &StoragePath) -> io::Result<()> {
        if directory::create_all(&self.root, path)? {
            let mut directories = self.settled.directories();
            for created in upward(path) {
                directories.remove(&created);
            }
        }
        Ok(())
    }

    /// Makes the names of `path` and of everything above it durable, where the options ask for it.
    pub(super) fn settle(&self, path: &StoragePath) -> io::Result<()> {
        if !self.options.syncs_directories() || self.settled.directories().contains(path) {
            return Ok(());
        }
        for unsettled in upward(path) {
            if self.settled.directories().contains(&unsettled) {
                break;
            }
            // The name of a directory is an entry of the one above it.
            match unsettled.parent() {
                Some(above) => directory::sync(&directory::open(&self.root, &above)?)?,
                None => directory::sync(&self.root)?,
            }
        }
        let mut directories = self.settled.directories();
        if directories.len() >= SETTLED_DIRECTORIES_MAX {
            directories.clear();
        }
        directories.extend(upward(path));
        Ok(())
    }
}

fn upward(path: &StoragePath) -> impl Iterator<Item = StoragePath> {
    iter::successors(Some(path.clone()), StoragePath::parent)
}
