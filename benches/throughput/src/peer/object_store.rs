//! `object_store`'s `LocalFileSystem`, with and without `with_fsync`, which does not reach deletes.
//!
//! Called outside of a runtime, it does its work on the thread of the caller ("no additional complexity or
//! overheads", <https://docs.rs/object_store/0.14.2/object_store/local/struct.LocalFileSystem.html>).

use std::{io, path::Path};

use object_store::{ObjectStoreExt, local::LocalFileSystem};

use super::{Keeps, Peer, Store, tree::Tree};

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, keeps, fsync| {
        Peer::new(name, keeps, move |root: &Path| {
            let store = LocalFileSystem::new_with_prefix(root).map_err(failure)?.with_fsync(fsync);
            Ok(Local { store, tree: Tree::new(root) })
        })
    };
    let kill = Keeps::WholeAfterKill;
    vec![
        peer("object_store", (kill, kill), false),
        peer("object_store+fsync", (Keeps::Durable, Keeps::WholeAfterPowerLoss), true),
    ]
}

struct Local {
    store: LocalFileSystem,
    /// Its files are files.
    tree: Tree,
}

impl Store for Local {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        // It takes what it writes as its own, so the caller's bytes are copied; that is part of using it.
        let payload = data.to_vec().into();
        pollster::block_on(self.store.put(&path.into(), payload)).map(drop).map_err(failure)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let got = pollster::block_on(async {
            let path = path.into();
            self.store.get(&path).await?.bytes().await
        });
        got.map(Into::into).map_err(failure)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        super::tree::or_missing(
            pollster::block_on(self.store.delete(&path.into())).map_err(failure),
        )
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

fn failure(error: object_store::Error) -> io::Error {
    match error {
        object_store::Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}
