//! The executable specification: the contract in memory, as simple as it can be written.
//!
//! It is the oracle that other backends are compared with. Files and directories are one ordered map
//! behind one lock, so every operation is atomic and nothing of the file system shows. Where the
//! contract leaves a choice, it chooses what the file-system backend does.

use std::{
    collections::BTreeMap,
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Claims, Error, ErrorKind, Guarantee, Operation, Result, StorageBackend, StoragePath};

/// A backend in memory.
///
/// # Claims
///
/// It documents the interface and its containment, and nothing about crashes: what is in memory dies
/// with its process.
///
/// - A read returns exactly the bytes of the latest write.
/// - A write replaces the whole content, whatever its length was.
/// - Reading what is not there fails with `NotFound`.
/// - A write adds the directories above its path.
/// - A list names exactly the files directly in the directory, and none where the directory is missing.
/// - A directory is created together with those above it, and creating it again is fine.
/// - Deleting what is not there succeeds.
/// - A delete of a directory fails and removes nothing.
/// - What is stored depends on the operations alone.
/// - Paths are compared byte by byte, so no two of them alias.
/// - It never touches a file system.
#[derive(Debug, Default)]
pub struct MemoryBackend {
    entries: Mutex<Entries>,
}

type Entries = BTreeMap<StoragePath, Entry>;

#[derive(Debug)]
enum Entry {
    File(Vec<u8>),
    Directory,
}

/// The sentences of the documentation above; a test keeps the two in step.
const SENTENCES: &[(Guarantee, &str)] = &[
    (Guarantee::ReadYourWrite, "A read returns exactly the bytes of the latest write."),
    (Guarantee::OverwriteReplaces, "A write replaces the whole content, whatever its length was."),
    (Guarantee::MissingIsError, "Reading what is not there fails with `NotFound`."),
    (Guarantee::WriteCreatesParents, "A write adds the directories above its path."),
    (
        Guarantee::ListExact,
        "A list names exactly the files directly in the directory, and none where the directory is missing.",
    ),
    (
        Guarantee::MkdirRecursive,
        "A directory is created together with those above it, and creating it again is fine.",
    ),
    (Guarantee::DeleteIdempotent, "Deleting what is not there succeeds."),
    (Guarantee::DeleteFilesOnly, "A delete of a directory fails and removes nothing."),
    (Guarantee::DeterministicLayout, "What is stored depends on the operations alone."),
    (Guarantee::PathFidelity, "Paths are compared byte by byte, so no two of them alias."),
    (Guarantee::Confined, "It never touches a file system."),
];

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it documents.
    pub fn claims() -> Claims {
        SENTENCES.iter().map(|(guarantee, sentence)| (*guarantee, (*sentence).into())).collect()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // No operation leaves the map half changed, so a panic elsewhere does not spoil it.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for MemoryBackend {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let mut entries = self.entries();
        let refuse = |reason| Err(refusal(Operation::WriteFile, path, reason));
        if has_file_above(&entries, path) {
            return refuse("a file is in the place of a parent directory");
        }
        if matches!(entries.get(path), Some(Entry::Directory)) {
            return refuse("is a directory");
        }
        add_directories(&mut entries, path.parent());
        entries.insert(path.clone(), Entry::File(data.to_vec()));
        Ok(())
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        match self.entries().get(path) {
            Some(Entry::File(data)) => Ok(data.clone()),
            Some(Entry::Directory) => Err(refusal(Operation::ReadFile, path, "is a directory")),
            None => Err(Error::new(
                ErrorKind::NotFound,
                Operation::ReadFile,
                path.as_str(),
                "no such file",
            )),
        }
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        let entries = self.entries();
        if matches!(entries.get(directory), Some(Entry::File(_)))
            || has_file_above(&entries, directory)
        {
            return Err(refusal(Operation::ListFiles, directory, "is not a directory"));
        }
        Ok(entries
            .iter()
            .filter(|(path, entry)| {
                matches!(entry, Entry::File(_)) && path.parent().as_ref() == Some(directory)
            })
            .map(|(path, _)| path.name().to_owned())
            .collect())
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        let mut entries = self.entries();
        if matches!(entries.get(path), Some(Entry::File(_))) || has_file_above(&entries, path) {
            return Err(refusal(Operation::CreateDirectory, path, "a file is in its place"));
        }
        add_directories(&mut entries, Some(path.clone()));
        Ok(())
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        Ok(self.entries().contains_key(path))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        let mut entries = self.entries();
        if matches!(entries.get(path), Some(Entry::Directory)) {
            return Err(refusal(Operation::DeleteFile, path, "is a directory"));
        }
        entries.remove(path);
        Ok(())
    }

    /// Succeeds: a crash leaves nothing behind.
    fn recover(&self) -> Result<()> {
        Ok(())
    }
}

fn refusal(operation: Operation, path: &StoragePath, reason: &str) -> Error {
    Error::new(ErrorKind::Io, operation, path.as_str(), reason)
}

fn has_file_above(entries: &Entries, path: &StoragePath) -> bool {
    iter::successors(path.parent(), StoragePath::parent)
        .any(|above| matches!(entries.get(&above), Some(Entry::File(_))))
}

fn add_directories(entries: &mut Entries, deepest: Option<StoragePath>) {
    for directory in iter::successors(deepest, StoragePath::parent) {
        entries.insert(directory, Entry::Directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> StoragePath {
        StoragePath::new(text).unwrap()
    }

    #[test]
    fn every_sentence_is_documented() {
        for (guarantee, sentence) in SENTENCES {
            let item = format!("/// - {sentence}\n");
            assert!(include_str!("model.rs").contains(&item), "{guarantee} is not documented");
        }
    }

    #[test]
    fn directories_are_not_files() {
        let store = MemoryBackend::new();
        store.write_file(&path("a/b/c"), b"1").unwrap();
        assert!(store.exists(&path("a/b")).unwrap());
        for operation in [
            store.read_file(&path("a/b")).err(),
            store.write_file(&path("a/b"), b"2").err(),
            store.delete_file(&path("a/b")).err(),
            store.write_file(&path("a/b/c/d"), b"2").err(),
            store.create_directory(&path("a/b/c")).err(),
            store.list_files(&path("a/b/c")).err(),
        ] {
            assert_eq!(operation.unwrap().kind(), ErrorKind::Io);
        }
        assert_eq!(store.read_file(&path("a/b/c")).unwrap(), b"1");
        assert_eq!(store.list_files(&path("a")).unwrap(), Vec::<String>::new());
        assert_eq!(store.list_files(&path("a/b")).unwrap(), ["c"]);
    }

    #[test]
    fn missing_is_what_the_contract_says() {
        let store = MemoryBackend::new();
        assert_eq!(store.read_file(&path("a")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(store.list_files(&path("a")).unwrap(), Vec::<String>::new());
        assert!(!store.exists(&path("a")).unwrap());
        store.delete_file(&path("a")).unwrap();
        store.recover().unwrap();
    }
}
