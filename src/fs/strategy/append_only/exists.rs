//! `exists`: whether a path is in the tree of directories, or its newest version is a value.

use std::io;

use crate::{StoragePath, fs::FsBackend};

impl FsBackend {
    pub(in crate::fs) fn has_newest(&self, path: &StoragePath) -> io::Result<bool> {
        Ok(self.is_directory(path)? || self.is_file(path)?)
    }
}
