//! `listFiles`: the histories directly in a directory whose newest version is a value.
//!
//! Every one of them is looked at, so a list costs as much as an `exists` of each file.

use std::{collections::BTreeSet, io};

use super::{DIRECTORIES, VERSIONS, below};
use crate::{StoragePath, fs::FsBackend};

impl FsBackend {
    pub(in crate::fs) fn list_newest(&self, path: &StoragePath) -> io::Result<Vec<String>> {
        if !self.is_directory(path)? {
            self.refuse_below_a_file(path)?;
            if self.is_file(path)? {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            return Ok(Vec::new());
        }
        let directories: BTreeSet<_> =
            self.directories_in(&below(DIRECTORIES, path)?)?.into_iter().collect();
        let mut names = Vec::new();
        for name in self.directories_in(&below(VERSIONS, path)?)? {
            // The history of a directory may hold those of many files, and never a value.
            if !directories.contains(&name)
                && let Ok(file) = StoragePath::new(format!("{path}/{name}"))
                && self.is_file(&file)?
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The names of the directories directly in `path` on the disk; none where it is missing.
    pub(super) fn directories_in(&self, path: &StoragePath) -> io::Result<Vec<String>> {
        let entries = match self.root.read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let is_directory = match entry.file_type()? {
                kind if kind.is_dir() => true,
                kind if kind.is_file() || kind.is_symlink() => false,
                // Some file systems do not tell the type with the name.
                _ => entry.metadata().is_ok_and(|metadata| metadata.is_dir()),
            };
            if is_directory && let Ok(name) = entry.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }
}
