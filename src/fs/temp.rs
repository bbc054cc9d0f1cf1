//! Temporary files of the hardened profile: one per write, under a name nobody else will ever use, in a
//! directory no path can name, and locked for as long as their writer lives.
//!
//! The lock is what tells a live writer's file from a dead one's: the kernel drops it with the process.
//! A file has its name before it has its lock, and recovery may strike between the two, so a writer looks
//! once more, lock in hand, whether its file still has a name.

use std::{fs, io, os::unix::fs::MetadataExt};

use cap_std::fs::{Dir, OpenOptions};
use rand::{TryRng, rngs::SysRng};

use super::{FsBackend, Kept, directory, interrupt, sync::Arc};
use crate::StoragePath;

/// The directory at the root that holds the temporary files.
pub(super) const RESERVED: &str = ".crashworthy-tmp";
/// Random bytes in a temporary name; with 128 bits, two writers never meet.
const NAME_BYTES: usize = 16;
/// How often a write may lose its temporary file to a recovery before it gives up. Each loss takes a
/// recovery that lists, opens and locks within the few microseconds between two calls of the writer.
const CREATE_ATTEMPTS_MAX: usize = 64;
/// Directories for the temporary files of threads that write at the same time. In one for all, writers of different
/// directories would wait for each other wherever a file is made or moved.
pub(super) const STAGES: usize = 8;

/// Whether `path` leads into the reserved directory. ASCII case is ignored, because a directory may be
/// asked to fold it.
pub(super) fn is_reserved(path: &StoragePath) -> bool {
    path.components().next().is_some_and(|first| first.eq_ignore_ascii_case(RESERVED))
}

/// Whether `name` is one that this backend gives to temporary files.
pub(super) fn is_temporary(name: &str) -> bool {
    name.len() == 2 * NAME_BYTES
        && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether `name` is that of a stage beside the first, which is the reserved directory itself and has the others in it.
pub(super) fn is_stage(name: &str) -> bool {
    (1..STAGES).any(|stage| name == stage.to_string())
}

/// A locked temporary file, removed again unless it is published.
#[derive(Debug)]
pub(super) struct TempFile {
    pub(super) file: fs::File,
    name: String,
    directory: Arc<Dir>,
    published: bool,
}

impl FsBackend {
    /// A new temporary file, empty and locked.
    pub(super) fn create_temp(&self) -> io::Result<TempFile> {
        for _ in 0..CREATE_ATTEMPTS_MAX {
            let (stage, directory) = self.idle_stage()?;
            let name = random_name()?;
            let mut options = OpenOptions::new();
            options.read(self.options.reads_back()).write(true).create_new(true);
            let file = match interrupt::again(|| directory.open_with(&name, &options)) {
                Ok(file) => file.into_std(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                // Somebody removed the directory itself; the next attempt makes a new one.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.staging[stage].forget(&directory);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let temp = TempFile { file, name, directory, published: false };
            if temp.lock()? {
                return Ok(temp);
            }
        }
        Err(io::Error::other("recovery took every temporary file; run it less often"))
    }

    /// A directory in which no thread writes at the moment, as far as there are enough; the first one by preference.
    fn idle_stage(&self) -> io::Result<(usize, Arc<Dir>)> {
        let stage = self.staging.iter().position(Kept::is_idle).unwrap_or(0);
        if stage > 0
            && let Ok(directory) = self.staging[stage].get(|| self.make_stage(stage))
        {
            return Ok((stage, directory));
        }
        // Whatever keeps a thread from a stage of its own keeps it from nothing but speed.
        Ok((0, self.first_stage()?))
    }

    fn first_stage(&self) -> io::Result<Arc<Dir>> {
        self.staging[0].get(|| {
            match directory::open_entry(&self.root, RESERVED) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => return other,
            }
            self.make_directory(&self.root, RESERVED)
        })
    }

    fn make_stage(&self, stage: usize) -> io::Result<Dir> {
        let first = self.first_stage()?;
        self.make_directory(&first, &stage.to_string())
    }

    fn make_directory(&self, parent: &Dir, name: &str) -> io::Result<Dir> {
        directory::create(parent, name)?;
        // Nothing that is acknowledged depends on this name. It is synced all the same, so that no file
        // system has to replay a rename out of a directory that it has never heard of.
        if self.options.syncs_directories() {
            directory::sync(parent)?;
        }
        directory::open_entry(parent, name)
    }
}

impl TempFile {
    /// Takes the lock; false where recovery was faster, and the file is lost.
    fn lock(&self) -> io::Result<bool> {
        // Only recovery opens temporary files of others, and it is about to remove one that it has locked.
        Ok(interrupt::try_lock(&self.file)? && self.file.metadata()?.nlink() > 0)
    }

    /// Gives the file its name. The lock stays until `self` is dropped.
    pub(super) fn publish(&mut self, parent: &Dir, name: &str) -> io::Result<()> {
        self.directory.rename(&self.name, parent, name)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.published {
            // The operation fails already; what cannot be removed now, recovery removes later.
            let _ = self.directory.remove_file(&self.name);
        }
    }
}

/// Straight from the system: processes that were forked from one another share the state of a generator.
pub(super) fn random_name() -> io::Result<String> {
    let mut bytes = [0; NAME_BYTES];
    SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use cap_std::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn who_writes_beside_others_has_a_directory_of_its_own_as_long_as_there_are_any() {
        let root = tempfile::tempdir().unwrap();
        let store = FsBackend::open(root.path()).unwrap();
        let inode = |temp: &TempFile| temp.directory.dir_metadata().unwrap().ino();
        let mut held: Vec<_> = (0..STAGES).map(|_| store.create_temp().unwrap()).collect();
        let directories: std::collections::BTreeSet<_> = held.iter().map(inode).collect();
        assert_eq!(directories.len(), STAGES);
        let one_too_many = store.create_temp().unwrap();
        assert_eq!(inode(&one_too_many), inode(&held[0]));
        let freed = inode(&held.remove(3));
        assert_eq!(inode(&store.create_temp().unwrap()), freed);
    }
}
