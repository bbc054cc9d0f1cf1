//! `recover`: removes the temporary files of writers that are gone.
//!
//! A file whose lock is free has no live writer, or one that has not locked it yet and will notice. Names
//! are never used twice, so the name that was listed and the file that was locked stay together, or the
//! name is gone. Nothing else is remembered or changed, so recovery may be killed anywhere and repeated.

use std::io;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

use super::{FsBackend, directory, interrupt, is_escape, list::is_regular_file, temp};

impl FsBackend {
    /// Goes through all temporary files even where one fails, so that it cannot keep the others; the first
    /// error is then returned. Needs no sync: what a power loss brings back, the next recovery removes.
    pub(super) fn reclaim(&self) -> io::Result<()> {
        match directory::open_entry(&self.root, temp::RESERVED) {
            Ok(first) => reclaim_stage(&first, temp::is_stage),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Reclaims what lies in a directory of temporary files, and in those inside it that are such, too.
fn reclaim_stage(stage: &Dir, is_stage: fn(&str) -> bool) -> io::Result<()> {
    let mut outcome = Ok(());
    for entry in stage.entries()? {
        let entry = entry?;
        // What this backend did not put there is not its to remove.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let reclaimed = if is_stage(&name) {
            reclaim_inner(stage, &name)
        } else if temp::is_temporary(&name) {
            is_regular_file(&entry)
                .and_then(|ours| if ours { reclaim_one(stage, &name) } else { Ok(()) })
        } else {
            Ok(())
        };
        outcome = outcome.and(reclaimed);
    }
    outcome
}

fn reclaim_inner(first: &Dir, name: &str) -> io::Result<()> {
    match directory::open_entry(first, name) {
        Ok(stage) => reclaim_stage(&stage, |_| false),
        // Something of somebody else's, or gone.
        Err(error)
            if matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP | libc::ENOENT)) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn reclaim_one(staging: &Dir, name: &str) -> io::Result<()> {
    // Opened for writing, because network file systems give exclusive locks to nobody else.
    let options = OpenOptions::new().write(true).custom_flags(libc::O_NOFOLLOW).clone();
    let file = match interrupt::again(|| staging.open_with(name, &options)) {
        Ok(file) => file.into_std(),
        // Removed or published since it was listed. Where the rename strikes in the middle of the lookup,
        // the kernel sees the file leave the directory that it was looked up in, and refuses with EXDEV.
        // Eight contending threads met it once; it is too rare for a test to rely on.
        Err(error) if error.kind() == io::ErrorKind::NotFound || is_escape(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    if !interrupt::try_lock(&file)? {
        // Its writer lives, or another recovery is at it.
        return Ok(());
    }
    match staging.remove_file(name) {
        // Published between the open and the lock: the file has its final name, which nobody touches.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
