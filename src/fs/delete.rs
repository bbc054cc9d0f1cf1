//! `deleteFile`, in both profiles: one `unlink`, which the kernel refuses for a directory.

use std::io;

use super::{FsBackend, Strategy, directory};
use crate::StoragePath;

impl FsBackend {
    /// The specification to the letter: unlink, and a missing file is fine. Below a file (`ENOTDIR`) it
    /// is an error, because the specification forgives `ENOENT` only.
    pub(super) fn delete_documented(&self, path: &StoragePath) -> io::Result<()> {
        let deleted = match self.options.strategy {
            Strategy::LockPath => self.delete_lock_path(path),
            Strategy::AppendOnly => self.append_deletion(path),
            Strategy::None | Strategy::LockTemp | Strategy::Optimistic => {
                self.root.remove_file(path)
            }
        };
        match deleted {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Unlinks and, where asked, makes it durable.
    pub(super) fn delete_hardened(&self, path: &StoragePath) -> io::Result<()> {
        if !self.options.syncs_directories() {
            return if_there(self.root.remove_file(path)).map(drop);
        }
        let opened = match path.parent() {
            Some(parent) => match if_there(directory::open(&self.root, &parent))? {
                None => return Ok(()),
                found => found,
            },
            None => None,
        };
        let parent = opened.as_ref().unwrap_or(&self.root);
        if_there(parent.remove_file(path.name()))?;
        // Also where nothing was there: another process may have unlinked the file and been killed before
        // its sync, and what is acknowledged here must not come back either.
        directory::sync(parent)
    }
}

/// `None` where the path is missing, which includes being below a file.
fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
