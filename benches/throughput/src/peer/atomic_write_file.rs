//! `atomic-write-file`: its `commit` syncs the file and renames it. The directory is the caller's to sync, says its
//! documentation (<https://docs.rs/atomic-write-file/0.3.1/atomic_write_file/>); so it is here as it comes, and
//! with that added.

use std::{
    io::{self, Write},
    path::Path,
};

use atomic_write_file::AtomicWriteFile;

use super::{
    Keeps, Peer, Store,
    tree::{self, Tree},
};

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, keeps, dirsync| {
        Peer::new(name, keeps, move |root: &Path| Ok(Atomic { tree: Tree::new(root), dirsync }))
    };
    let power = Keeps::WholeAfterPowerLoss;
    vec![
        peer("atomic-write-file", (power, power), false),
        peer("atomic-write-file+dirsync", (Keeps::Durable, Keeps::Durable), true),
    ]
}

struct Atomic {
    tree: Tree,
    dirsync: bool,
}

impl Store for Atomic {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        self.tree.write(path, |path, parent| {
            let mut file = AtomicWriteFile::open(path)?;
            file.write_all(data)?;
            file.commit()?;
            if self.dirsync { tree::sync(parent) } else { Ok(()) }
        })
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.tree.read(path)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        if self.dirsync { self.tree.delete_durably(path) } else { self.tree.delete(path) }
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.tree.exists(path)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.tree.list(directory)
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        self.tree.create_directory(path)
    }
}
