//! `opendal`'s file service, with and without `atomic_write_dir`. Both sync the file; neither syncs a directory, and
//! without the option it writes in place.
//!
//! Its operations are asynchronous and run on a pool of threads; this is its own blocking interface to them.

use std::{io, path::Path};

use opendal::{ErrorKind, Operator, blocking, services::Fs};
use tokio::runtime::{Builder, Runtime};

use super::{
    Keeps, Peer, Store,
    tree::{Tree, or_missing},
};

/// Where it keeps temporary files, below the root.
const TEMPORARY: &str = ".opendal-tmp";
/// Threads of its pool. Its work is done on others, that it starts for blocking calls.
const THREADS: usize = 2;

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, keeps, atomic| {
        Peer::new(name, keeps, move |root: &Path| OpenDal::open(root, atomic))
    };
    vec![
        peer("opendal", (Keeps::Nothing, Keeps::Nothing), false),
        peer("opendal+atomic", (Keeps::WholeAfterPowerLoss, Keeps::WholeAfterPowerLoss), true),
    ]
}

struct OpenDal {
    operator: blocking::Operator,
    tree: Tree,
    /// Dropped last.
    _runtime: Runtime,
}

impl OpenDal {
    fn open(root: &Path, atomic: bool) -> io::Result<Self> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut service = Fs::default().root(&text(root));
        if atomic {
            service = service.atomic_write_dir(&text(&root.join(TEMPORARY)));
        }
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        let entered = runtime.enter();
        let operator = Operator::new(service).and_then(blocking::Operator::new).map_err(failure)?;
        drop(entered);
        Ok(Self { operator, tree: Tree::new(root), _runtime: runtime })
    }
}

impl Store for OpenDal {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        // It takes what it writes as its own, so the caller's bytes are copied; that is part of using it.
        self.operator.write(path, data.to_vec()).map(drop).map_err(failure)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.operator.read(path).map(|buffer| buffer.to_vec()).map_err(failure)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        or_missing(self.operator.delete(path).map_err(failure))
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

fn failure(error: opendal::Error) -> io::Error {
    match error.kind() {
        ErrorKind::NotFound => io::Error::new(io::ErrorKind::NotFound, error),
        _ => io::Error::other(error),
    }
}
