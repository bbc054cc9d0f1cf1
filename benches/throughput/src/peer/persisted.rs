//! `tempfile` and its `persist`, which is a rename, with as many syncs as one adds by hand.
//!
//! With both syncs it is the floor: the least that a durable write into a file of its own can do.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

use super::{
    Keeps, Peer, Store,
    tree::{self, Tree},
};

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, keeps, syncs| {
        Peer::new(name, keeps, move |root: &Path| Ok(Persisted { tree: Tree::new(root), syncs }))
    };
    let kill = Keeps::WholeAfterKill;
    let power = Keeps::WholeAfterPowerLoss;
    vec![
        peer("tempfile", (kill, kill), Syncs::None),
        peer("tempfile+sync", (power, power), Syncs::File),
        peer("tempfile+sync+dirsync", (Keeps::Durable, Keeps::Durable), Syncs::FileAndDirectory),
        Peer::new("floor", (Keeps::Durable, Keeps::Durable), |root: &Path| {
            Ok(Floor(Tree::new(root)))
        }),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Syncs {
    None,
    File,
    FileAndDirectory,
}

struct Persisted {
    tree: Tree,
    syncs: Syncs,
}

impl Store for Persisted {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        self.tree.write(path, |path, parent| {
            let mut file = NamedTempFile::new_in(parent)?;
            file.write_all(data)?;
            if self.syncs >= Syncs::File {
                file.as_file().sync_all()?;
            }
            file.persist(path)?;
            if self.syncs >= Syncs::FileAndDirectory {
                tree::sync(parent)?;
            }
            Ok(())
        })
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.tree.read(path)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        match self.syncs {
            Syncs::FileAndDirectory => self.tree.delete_durably(path),
            Syncs::None | Syncs::File => self.tree.delete(path),
        }
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

/// The calls alone: one fixed temporary name beside the file, no lock, nobody contained, and one writer at most.
struct Floor(Tree);

impl Store for Floor {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        self.0.write(path, |path, parent| {
            let temporary = path.with_added_extension("tmp");
            let mut file = fs::File::create(&temporary)?;
            file.write_all(data)?;
            file.sync_all()?;
            fs::rename(&temporary, path)?;
            tree::sync(parent)
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
