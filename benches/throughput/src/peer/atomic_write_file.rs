//! `atomic-write-file`: its `commit` syncs the file, renames it, and syncs the directory, which the calls in its
//! documentation are without (<https://docs.rs/atomic-write-file/0.3.1/atomic_write_file/>). It only writes; deletes
//! are completed so that they keep as much.

use std::{
    io::{self, Write},
    path::Path,
};

use atomic_write_file::AtomicWriteFile;

use super::{Keeps, Peer, Store, tree::Tree};

pub(super) fn peers() -> Vec<Peer> {
    let open = |root: &Path| Ok(Atomic(Tree::new(root)));
    vec![Peer::new("atomic-write-file", (Keeps::Durable, Keeps::Durable), open)]
}

struct Atomic(Tree);

impl Store for Atomic {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        self.0.write(path, |path, _| {
            let mut file = AtomicWriteFile::open(path)?;
            file.write_all(data)?;
            file.commit()
        })
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        self.0.delete_durably(path)
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
