//! `readFile`: the newest version, which nobody changes once it has its name.

use std::io;

use super::version::Kind;
use crate::{
    ErrorKind, StoragePath,
    fs::{FsBackend, refusal::refuse},
};

/// How often a version may be cleaned up between its listing and its opening before a read gives up. Each
/// time takes a whole write of the path that falls between these two calls.
const ATTEMPTS_MAX: usize = 1024;

impl FsBackend {
    pub(in crate::fs) fn read_newest(&self, path: &StoragePath) -> io::Result<Vec<u8>> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(history) = self.history(path)? else { return Err(self.no_value(path)?) };
            match history.newest()? {
                Some(newest) if newest.kind == Kind::Value => {
                    match self.read_in(history.directory(), newest.name().as_ref()) {
                        // A newer one exists.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        other => return other,
                    }
                }
                _ => return Err(self.no_value(path)?),
            }
        }
        Err(refuse(ErrorKind::Conflict, "it is overwritten faster than it can be read; try later"))
    }

    /// Why there is nothing to read.
    fn no_value(&self, path: &StoragePath) -> io::Result<io::Error> {
        Ok(if self.is_directory(path)? {
            io::ErrorKind::IsADirectory.into()
        } else {
            io::ErrorKind::NotFound.into()
        })
    }
}
