//! The specification's recommendation to the letter: lock the temporary file during the write, release the
//! lock after the rename.
//!
//! The file is cut to nothing under the lock, not by the open as `fs.writeFile` would: everything that changes
//! it counts as the write, and so what still goes wrong is the recommendation's own doing. The rename takes
//! the locked file away from the name. Whoever waited for it then holds the lock of the published file,
//! empties that before the eyes of all readers, writes into it, and has nothing left to rename.

use std::io::{self, Write};

use cap_std::fs::OpenOptions;

use crate::{
    StoragePath,
    fs::{
        FsBackend, interrupt,
        write::{publish_temp, temp_name},
    },
};

impl FsBackend {
    pub(in crate::fs) fn write_lock_temp(&self, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        let parent = self.created_parent(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let mut file = parent.open_with(temp_name(path), &options)?.into_std();
        interrupt::again(|| file.lock())?;
        file.set_len(0)?;
        file.write_all(data)?;
        // The lock goes with `file`, at the end.
        publish_temp(&parent, path)
    }
}
