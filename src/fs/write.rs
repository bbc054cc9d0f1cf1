//! `writeFile`, in both profiles.
//!
//! Documented: the specification's two phases under the fixed name `<path>.tmp`. Hardened: the same two
//! phases under a name of its own, locked, verified where asked, and synced in the order that durability
//! needs: content, then name. Either way an error leaves the old value in place.

use std::io::{self, Write};

use cap_std::fs::OpenOptions;

use super::{FsBackend, checksum, directory};
use crate::StoragePath;

impl FsBackend {
    /// The specification to the letter: create the parents, write `<path>.tmp`, rename it. Two writers
    /// share that name, a failure leaves it behind, and nothing is synced.
    pub(super) fn write_documented(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        let opened = match path.parent() {
            Some(parent) => {
                directory::create_all(&self.root, &parent)?;
                Some(self.root.open_dir(&parent)?)
            }
            None => None,
        };
        let parent = opened.as_ref().unwrap_or(&self.root);
        let temp = format!("{}.tmp", path.name());
        let mut file = parent
            .open_with(&temp, OpenOptions::new().write(true).create(true).truncate(true))?
            .into_std();
        file.write_all(data)?;
        drop(file);
        parent.rename(&temp, parent, path.name())
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
