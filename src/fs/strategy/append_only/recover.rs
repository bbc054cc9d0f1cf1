//! `recover`: cleans up every history.

use std::io;

use super::{History, VERSIONS};
use crate::{
    StoragePath,
    fs::{FsBackend, directory},
};

impl FsBackend {
    pub(in crate::fs) fn clean_up_histories(&self) -> io::Result<()> {
        let mut pending = vec![VERSIONS.to_owned()];
        while let Some(at) = pending.pop() {
            let Ok(path) = StoragePath::new(at) else { continue };
            match directory::open(&self.root, &path) {
                Ok(opened) => History::new(opened).clean_up()?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            let names = self.directories_in(&path)?;
            pending.extend(names.into_iter().map(|name| format!("{path}/{name}")));
        }
        Ok(())
    }
}
