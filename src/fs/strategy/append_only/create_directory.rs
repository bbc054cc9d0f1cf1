//! `createDirectory`: a directory in the tree of directories, where no file is in its place.

use std::io;

use super::{DIRECTORIES, below};
use crate::{
    StoragePath,
    fs::{FsBackend, directory},
};

impl FsBackend {
    pub(in crate::fs) fn add_directory(&self, path: &StoragePath) -> io::Result<()> {
        if self.is_directory(path)? {
            return Ok(());
        }
        self.refuse_below_a_file(path)?;
        if self.is_file(path)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        directory::create_all(&self.root, &below(DIRECTORIES, path)?)
    }
}
