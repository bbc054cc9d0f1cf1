//! `deleteFile`: a version that says so.

use std::io;

use crate::{StoragePath, fs::FsBackend};

impl FsBackend {
    pub(in crate::fs) fn append_deletion(&self, path: &StoragePath) -> io::Result<()> {
        if self.is_directory(path)? {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let Some(history) = self.history(path)? else { return Ok(()) };
        history.delete()?;
        // The file is gone. What cannot be removed now, a later write or recovery removes.
        let _ = history.clean_up();
        Ok(())
    }
}
