//! `cacache`: a cache that stores contents by their hash, and an index that says which belongs to a key. It syncs
//! nothing, and a read checks the hash.
//!
//! A delete removes the key; the content stays, as its documentation says.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Keeps, Peer, Store};

pub(super) fn peers() -> Vec<Peer> {
    let kill = Keeps::WholeAfterKill;
    let peer = Peer::new("cacache", (kill, kill), |root: &Path| Ok(Cache(root.to_owned())));
    vec![Peer { checks_reads: true, ..peer }]
}

struct Cache(PathBuf);

impl Store for Cache {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        cacache::write_sync(&self.0, path, data).map(drop).map_err(failure)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        cacache::read_sync(&self.0, path).map_err(failure)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        cacache::remove_sync(&self.0, path).map_err(failure)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        cacache::metadata_sync(&self.0, path).map(|found| found.is_some()).map_err(failure)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{directory}/");
        let keys = cacache::list_sync(&self.0).flatten().map(|entry| entry.key);
        Ok(keys.filter_map(|key| name_below(&prefix, &key)).collect())
    }
}

/// The name that a key has directly below a directory.
pub(super) fn name_below(prefix: &str, key: &str) -> Option<String> {
    key.strip_prefix(prefix).filter(|name| !name.contains('/')).map(str::to_owned)
}

fn failure(error: cacache::Error) -> io::Error {
    match error {
        cacache::Error::EntryNotFound(..) => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}
