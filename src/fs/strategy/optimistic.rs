//! Optimistic locking as the specification reads: note the modification time, write the temporary file, and
//! start again where the time has changed meanwhile.
//!
//! Two gaps remain, and they are the strategy's own. Nothing happens at once: between the second look and the
//! rename, another write may land. And the temporary name is shared still, so what is renamed may be another
//! writer's, in part or as a whole, or gone. Nor does every change show: the clock behind modification times
//! may tick as rarely as every 10 milliseconds.

use std::io;

use cap_std::{fs::Dir, time::SystemTime};

use crate::{
    ErrorKind, StoragePath,
    fs::{
        FsBackend,
        refusal::refuse,
        write::{publish_temp, write_temp},
    },
};

/// How often a write starts again before it gives up with [`ErrorKind::Conflict`]. Each time takes another
/// write that lands within this one's.
const ATTEMPTS_MAX: usize = 16;

impl FsBackend {
    pub(in crate::fs) fn write_optimistic(
        &self,
        path: &StoragePath,
        data: &[u8],
    ) -> io::Result<()> {
        let parent = self.created_parent(path)?;
        for _ in 0..ATTEMPTS_MAX {
            let before = modified(&parent, path)?;
            write_temp(&parent, path, data)?;
            if modified(&parent, path)? == before {
                return publish_temp(&parent, path);
            }
        }
        let reason = format!("others changed it during each of {ATTEMPTS_MAX} attempts; try later");
        Err(refuse(ErrorKind::Conflict, reason))
    }
}

/// When the file was last modified; `None` where there is none.
fn modified(parent: &Dir, path: &StoragePath) -> io::Result<Option<SystemTime>> {
    match parent.symlink_metadata(path.name()) {
        Ok(metadata) => metadata.modified().map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
