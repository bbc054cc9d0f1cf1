//! `createDirectory`: a directory and its missing parents, durable where the options ask for it.

use std::io;

use super::FsBackend;
use crate::StoragePath;

impl FsBackend {
    pub(super) fn create(&self, path: &StoragePath) -> io::Result<()> {
        if self.options.appends() {
            return self.add_directory(path);
        }
        self.create_unsettled(path)?;
        // What existed already may have been a file.
        if !self.root.metadata(path)?.is_dir() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.settle(path)
    }
}
