//! Append-only semantics: no file is ever overwritten, the newest version wins, old ones are cleaned up.
//!
//! Below the root are two trees. `directories/<path>` exists where `<path>` is a directory of the interface.
//! `versions/<path>/` is the *history* of the file `<path>`: one file per version, under a name that begins
//! with its time and goes on with chance. The newest name says what the path is: a value, or deleted. A
//! deletion is a version like any other, because removing versions would let an older one show again that a
//! slow writer publishes late; so it stays for good. The two trees keep a user's names whole, and apart from
//! those of versions.
//!
//! A version is removed only where a newer one exists, so the newest one of a path never gets older. Each
//! operation looks at a history in one call of the system, which sees it as it was at one moment.

mod create_directory;
mod delete;
mod exists;
mod history;
mod list;
mod read;
mod recover;
mod version;
mod write;

use std::{io, iter};

use self::{history::History, version::Kind};
use crate::{
    ErrorKind, StoragePath,
    fs::{FsBackend, directory, refusal::refuse},
};

/// The tree of the directories of the interface.
const DIRECTORIES: &str = "directories";
/// The tree of histories.
const VERSIONS: &str = "versions";

impl FsBackend {
    /// Whether `path` is a directory of the interface.
    fn is_directory(&self, path: &StoragePath) -> io::Result<bool> {
        match self.root.metadata(below(DIRECTORIES, path)?) {
            Ok(metadata) => Ok(metadata.is_dir()),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether `path` is a file of the interface.
    fn is_file(&self, path: &StoragePath) -> io::Result<bool> {
        let Some(history) = self.history(path)? else { return Ok(false) };
        Ok(history.newest()?.is_some_and(|newest| newest.kind == Kind::Value))
    }

    /// The history of `path`, if there is one.
    fn history(&self, path: &StoragePath) -> io::Result<Option<History>> {
        match directory::open(&self.root, &below(VERSIONS, path)?) {
            Ok(opened) => Ok(Some(History::new(opened))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates the directories above `path`.
    fn create_above(&self, path: &StoragePath) -> io::Result<()> {
        // What is above a directory is one, too.
        match path.parent() {
            Some(parent) if !self.is_directory(&parent)? => {
                self.refuse_below_a_file(path)?;
                directory::create_all(&self.root, &below(DIRECTORIES, &parent)?)
            }
            _ => Ok(()),
        }
    }

    /// Fails where something above `path` is a file.
    fn refuse_below_a_file(&self, path: &StoragePath) -> io::Result<()> {
        for above in iter::successors(path.parent(), StoragePath::parent) {
            if self.is_file(&above)? {
                return Err(io::ErrorKind::NotADirectory.into());
            }
        }
        Ok(())
    }
}

/// Where `path` is in `tree`.
fn below(tree: &str, path: &StoragePath) -> io::Result<StoragePath> {
    StoragePath::new(format!("{tree}/{path}"))
        .map_err(|reason| refuse(ErrorKind::InvalidPath, reason.to_string()))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
