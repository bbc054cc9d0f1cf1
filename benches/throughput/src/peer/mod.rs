//! The peers, one a file, behind one small trait.

mod atomic_write_file;
mod cacache;
mod fs;
mod object_store;
mod opendal;
mod persisted;
mod redb;
mod sqlite;
mod tree;

use std::{io, path::Path};

use crashworthy::{
    Error, Operation, Result, StorageBackend, StoragePath,
    fs::{Durability, FsBackend, FsOptions, Profile, Strategy, Verification},
};
use strum::VariantArray;

use crate::Keeps;

type Open = Box<dyn Fn(&Path) -> io::Result<Box<dyn StorageBackend>> + Send + Sync>;

/// Something that stores whole files, and what it keeps.
pub struct Peer {
    /// What it is called in results.
    pub name: String,
    /// What its writes keep.
    pub writes: Keeps,
    /// What its deletes keep.
    pub deletes: Keeps,
    /// Whether a read compares what it has read with a checksum.
    pub checks_reads: bool,
    open: Open,
}

impl Peer {
    fn new<S: Store + 'static>(
        name: &str,
        (writes, deletes): (Keeps, Keeps),
        open: impl Fn(&Path) -> io::Result<S> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            writes,
            deletes,
            checks_reads: false,
            open: Box::new(move |root| Ok(Box::new(Stored(open(root)?)))),
        }
    }

    /// Opens it on an existing directory.
    ///
    /// # Errors
    /// What the peer says.
    pub fn open(&self, root: &Path) -> io::Result<Box<dyn StorageBackend>> {
        (self.open)(root)
    }
}

/// The six operations as libraries have them: paths are text, errors are of the system.
///
/// A missing file is [`io::ErrorKind::NotFound`] for a read, and fine for a delete.
trait Store: Send + Sync {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()>;
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    fn delete(&self, path: &str) -> io::Result<()>;
    fn exists(&self, path: &str) -> io::Result<bool>;
    fn list(&self, directory: &str) -> io::Result<Vec<String>>;
    /// What has no directories has nothing to do.
    fn create_directory(&self, _path: &str) -> io::Result<()> {
        Ok(())
    }
}

struct Stored<S>(S);

impl<S: Store> StorageBackend for Stored<S> {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.0.write(path.as_str(), data).map_err(failure(Operation::WriteFile, path))
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.0.read(path.as_str()).map_err(failure(Operation::ReadFile, path))
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        self.0.list(directory.as_str()).map_err(failure(Operation::ListFiles, directory))
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        self.0.create_directory(path.as_str()).map_err(failure(Operation::CreateDirectory, path))
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.0.exists(path.as_str()).map_err(failure(Operation::Exists, path))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.0.delete(path.as_str()).map_err(failure(Operation::DeleteFile, path))
    }
}

fn failure(operation: Operation, path: &StoragePath) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::from_io(operation, path.as_str(), error)
}

/// All of them.
pub fn peers() -> Vec<Peer> {
    [
        fs::peers(),
        tree::peers(),
        persisted::peers(),
        atomic_write_file::peers(),
        object_store::peers(),
        opendal::peers(),
        cacache::peers(),
        sqlite::peers(),
        redb::peers(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
