//! `writeFile`: a new version in the path's history.

use std::io;

use super::{History, VERSIONS, below};
use crate::{
    StoragePath,
    fs::{FsBackend, directory},
};

impl FsBackend {
    pub(in crate::fs) fn append(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        self.create_above(path)?;
        if self.is_directory(path)? {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let at = below(VERSIONS, path)?;
        directory::create_all(&self.root, &at)?;
        let history = History::new(directory::open(&self.root, &at)?);
        history.add(data)?;
        // The value is there. What cannot be removed now, a later write or recovery removes.
        let _ = history.clean_up();
        Ok(())
    }
}
