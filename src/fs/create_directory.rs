//! `createDirectory`: a directory and its missing parents, durable where the options ask for it.

use std::io;

use super::FsBackend;
use crate::StoragePath;

impl FsBackend {
    pub(super) fn create(&self, path: &StoragePath) -> io::Result<()> {
        if self.options.appends() {
            return self.add_directory(path);
        }
        self.settled_directory(path).map(drop)
    }
}
