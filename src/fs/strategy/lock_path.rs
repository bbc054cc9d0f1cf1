//! A lock that keeps writers and deletes of one path apart: on the directory that holds the path.
//!
//! It must be on something that nobody renames or removes, and that is so of directories. A lock of the path's
//! own would not do: the temporary file of `a` is what the path `a.tmp` names, so writers of those two need one
//! lock as well, and two spellings of one name in a directory that folds case have to meet. Nothing new is
//! stored, and the kernel drops the lock with the process. The price is that writers of one directory wait
//! for one another. Readers need no lock, because a rename swaps whole files; a list takes it shared, so that it
//! shows no temporary file of a writer that lives.

use std::{fs, io};

use cap_std::{fs::Dir, io_lifetimes::AsFilelike};

use crate::{
    StoragePath,
    fs::{
        FsBackend, directory, interrupt,
        list::names,
        write::{publish_temp, write_temp},
    },
};

impl FsBackend {
    pub(in crate::fs) fn write_lock_path(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        let parent = self.created_parent(path)?;
        lock(&parent)?;
        write_temp(&parent, path, data)?;
        publish_temp(&parent, path)
    }

    pub(in crate::fs) fn delete_lock_path(&self, path: &StoragePath) -> io::Result<()> {
        let parent = match path.parent() {
            Some(parent) => directory::open(&self.root, &parent)?,
            None => directory::open_here(&self.root)?,
        };
        lock(&parent)?;
        parent.remove_file(path.name())
    }
}

impl FsBackend {
    pub(in crate::fs) fn list_lock_path(&self, path: &StoragePath) -> io::Result<Vec<String>> {
        let directory = match directory::open(&self.root, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let lock = directory.as_filelike_view::<fs::File>();
        interrupt::again(|| lock.lock_shared())?;
        names(directory.entries()?)
    }
}

/// Waits for the lock of `directory` and holds it as long as the handle lives. The handle must have been opened
/// for this operation: threads that share one share its lock.
fn lock(directory: &Dir) -> io::Result<()> {
    let directory = directory.as_filelike_view::<fs::File>();
    interrupt::again(|| directory.lock())
}
