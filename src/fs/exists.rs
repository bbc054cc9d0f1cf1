//! `exists`: whether a path names a file or a directory.
//!
//! A symbolic link is neither, wherever it leads; a link on the way that leaves the root is an error.

use std::io;

use super::FsBackend;
use crate::StoragePath;

impl FsBackend {
    pub(super) fn is_there(&self, path: &StoragePath) -> io::Result<bool> {
        if self.options.appends() {
            return self.has_newest(path);
        }
        match self.root.symlink_metadata(path) {
            Ok(metadata) => Ok(metadata.is_file() || metadata.is_dir()),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
