//! `writeFile`, in both profiles.
//!
//! Documented: the specification's two phases under the fixed name `<path>.tmp`; what a strategy adds to them
//! is in `strategy/`. Hardened: the same two phases under a name of its own, locked, verified where asked,
//! and synced in the order that durability needs: content, then name. Either way an error leaves the old
//! value in place.

use std::io::{self, Write};

use cap_std::fs::{Dir, OpenOptions};

use super::{FsBackend, Strategy, checksum, directory};
use crate::StoragePath;

impl FsBackend {
    /// The specification's algorithm, with the strategy that was asked for.
    pub(super) fn write_documented(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        match self.options.strategy {
            Strategy::None => self.write_shared(path, data),
            Strategy::LockTemp => self.write_lock_temp(path, data),
            Strategy::LockPath => self.write_lock_path(path, data),
            Strategy::Optimistic => self.write_optimistic(path, data),
            Strategy::AppendOnly => self.append(path, data),
        }
    }

    /// The specification to the letter: create the parents, write `<path>.tmp`, rename it. Two writers
    /// share that name, a failure leaves it behind, and nothing is synced.
    fn write_shared(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        let parent = self.created_parent(path)?;
        write_temp(&parent, path, data)?;
        publish_temp(&parent, path)
    }

    /// Opens the directory that holds `path`, created where it is missing. The handle is the caller's own.
    pub(super) fn created_parent(&self, path: &StoragePath) -> io::Result<Dir> {
        let Some(parent) = path.parent() else { return directory::open_here(&self.root) };
        directory::create_all(&self.root, &parent)?;
        directory::open(&self.root, &parent)
    }

    /// Writes under a temporary name and renames; acknowledged once it is as durable as asked for.
    pub(super) fn write_hardened(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        // The parent first: a path that cannot be written fails before any data moves.
        let opened = self.settled_parent(path)?;
        let parent = opened.as_ref().unwrap_or(&self.root);
        let mut temp = self.create_temp()?;
        temp.file.write_all(data)?;
        if self.options.checksums() {
            // Before the sync, which makes the attribute durable with the content.
            checksum::store(&temp.file, data)?;
        }
        if self.options.syncs_files() {
            temp.file.sync_all()?;
        }
        if self.options.reads_back() {
            self.read_back(&mut temp.file, data)?;
        }
        temp.publish(parent, path.name())?;
        if self.options.syncs_directories() {
            // The directory that the file came from needs no sync. Should a power loss keep the old name
            // beside the new one, both name the same whole file, and recovery removes the old one.
            directory::sync(parent)?;
        }
        Ok(())
    }
}

/// The name that the specification gives to the temporary file of `path`.
pub(super) fn temp_name(path: &StoragePath) -> String {
    format!("{}.tmp", path.name())
}

/// The specification's first phase.
pub(super) fn write_temp(parent: &Dir, path: &StoragePath, data: &[u8]) -> io::Result<()> {
    parent
        .open_with(temp_name(path), OpenOptions::new().write(true).create(true).truncate(true))?
        .into_std()
        .write_all(data)
}

/// The specification's second phase.
pub(super) fn publish_temp(parent: &Dir, path: &StoragePath) -> io::Result<()> {
    parent.rename(temp_name(path), parent, path.name())
}
