//! A tree of files as the standard library has it: what most programs do, and what the libraries that only write
//! are completed with.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Keeps, Peer, Store};

/// `std::fs::write`: the old value is gone before the new one is there.
pub(super) fn peers() -> Vec<Peer> {
    let open = |root: &Path| Ok(InPlace(Tree::new(root)));
    vec![Peer::new("std-fs-write", (Keeps::Nothing, Keeps::Nothing), open)]
}

/// A root, and everything but a write.
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Has `write` write the file `path`, and once more with its directories where they were missing.
    pub(super) fn write(
        &self,
        path: &str,
        write: impl Fn(&Path, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let path = self.at(path);
        let parent = path.parent().unwrap_or(&self.root);
        match write(&path, parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(parent)?;
                write(&path, parent)
            }
            other => other,
        }
    }

    pub(super) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.at(path))
    }

    pub(super) fn delete(&self, path: &str) -> io::Result<()> {
        or_missing(fs::remove_file(self.at(path)))
    }

    /// The same, and the name is gone for good.
    pub(super) fn delete_durably(&self, path: &str) -> io::Result<()> {
        self.delete(path)?;
        match self.at(path).parent() {
            Some(parent) => or_missing(sync(parent)),
            None => Ok(()),
        }
    }

    pub(super) fn exists(&self, path: &str) -> io::Result<bool> {
        self.at(path).try_exists()
    }

    pub(super) fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.at(directory)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    pub(super) fn create_directory(&self, path: &str) -> io::Result<()> {
        fs::create_dir_all(self.at(path))
    }
}

/// Makes the entries of a directory durable.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

pub(super) fn or_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

struct InPlace(Tree);

impl Store for InPlace {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        self.0.write(path, |path, _| fs::write(path, data))
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        self.0.delete(path)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.0.exists(path)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.0.list(directory)
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        self.0.create_directory(path)
    }
}
