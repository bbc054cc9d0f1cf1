//! The directories whose names are known to be durable, shared by the threads of an instance.
//!
//! Whoever finds a directory here acknowledges without a sync. So it is put here after its sync, and taken away
//! when it is created again, which is needed only if somebody has removed it. A sync that began before that
//! says nothing of the new directory: hence the count.

use std::{collections::BTreeSet, io, iter};

use super::sync::{Mutex, MutexGuard, PoisonError};
use crate::StoragePath;

/// How many directories an instance remembers, at about 100 bytes each. Beyond it, it forgets them all and
/// syncs once more.
const DIRECTORIES_MAX: usize = 65_536;

/// The directories that are durable, with everything above them.
#[derive(Debug, Default)]
pub(super) struct Settled(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    directories: BTreeSet<StoragePath>,
    /// How often something was forgotten.
    forgotten: u64,
}

impl Settled {
    /// Has `sync` make the names of `path` and of all above it durable, the deepest first, as far as they are
    /// not known to be, and remembers it.
    pub(super) fn settle(
        &self,
        path: &StoragePath,
        mut sync: impl FnMut(&StoragePath) -> io::Result<()>,
    ) -> io::Result<()> {
        let known = self.known();
        let forgotten = known.forgotten;
        let unsettled: Vec<_> =
            upward(path).take_while(|directory| !known.directories.contains(directory)).collect();
        drop(known);
        if unsettled.is_empty() {
            return Ok(());
        }
        for directory in &unsettled {
            sync(directory)?;
        }
        let mut known = self.known();
        if known.forgotten == forgotten {
            if known.directories.len() >= DIRECTORIES_MAX {
                known.directories.clear();
            }
            known.directories.extend(upward(path));
        }
        Ok(())
    }

    /// Has `create` create what is missing of `path`; what was known of it and of all above it is of the past.
    pub(super) fn create(
        &self,
        path: &StoragePath,
        create: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let mut known = self.known();
        known.forgotten += 1;
        for directory in upward(path) {
            known.directories.remove(&directory);
        }
        // Under the lock: a sync that begins after the removal and ends before the creation is of neither.
        create()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn upward(path: &StoragePath) -> impl Iterator<Item = StoragePath> {
    iter::successors(Some(path.clone()), StoragePath::parent)
}

#[cfg(all(test, loom))]
mod models;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn path(text: &str) -> StoragePath {
        StoragePath::new(text).unwrap()
    }

    fn synced(settled: &Settled, text: &str) -> Vec<String> {
        let mut synced = Vec::new();
        let sync = |directory: &StoragePath| {
            synced.push(directory.to_string());
            Ok(())
        };
        settled.settle(&path(text), sync).unwrap();
        synced
    }

    #[test]
    fn what_is_unknown_is_synced_once_from_the_deepest_up() {
        let settled = Settled::default();
        assert_eq!(synced(&settled, "a/b/c"), ["a/b/c", "a/b", "a"]);
        assert_eq!(synced(&settled, "a/b/c"), Vec::<String>::new());
        assert_eq!(synced(&settled, "a/d"), ["a/d"]);
        settled.create(&path("a/d"), || Ok(())).unwrap();
        assert_eq!(synced(&settled, "a/b"), Vec::<String>::new());
        assert_eq!(synced(&settled, "a/d"), ["a/d", "a"]);
    }

    #[test]
    fn a_sync_that_failed_or_began_before_a_removal_is_not_remembered() {
        let settled = Settled::default();
        let failed = settled.settle(&path("a"), |_| Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let sync_beside_a_removal = |directory: &_| settled.create(directory, || Ok(()));
        settled.settle(&path("a"), sync_beside_a_removal).unwrap();
        assert_eq!(synced(&settled, "a"), ["a"]);
        assert_eq!(synced(&settled, "a"), Vec::<String>::new());
    }
}
