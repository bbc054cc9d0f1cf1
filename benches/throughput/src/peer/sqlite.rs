//! SQLite: one table of paths and contents, one transaction an operation, in the modes whose promises differ.
//!
//! What each survives is said at <https://www.sqlite.org/pragma.html#pragma_synchronous>: `OFF` a kill; `NORMAL` with
//! a write-ahead log leaves a power loss whole but not durable; `FULL` is durable. That `FULL` does not sync the
//! directory which a rollback journal is deleted from, so that `EXTRA` is needed, is of no matter here: who has the
//! file for itself keeps the journal, and syncs its header when that is zeroed.
//!
//! One connection serves all threads in turn, and has the file for itself: writers of one database exclude each
//! other anyway, and waiting for a lock in memory is cheaper than polling one on the file.

use std::{
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{Keeps, Peer, Store, cacache::name_below};

/// The database below the root.
const FILE: &str = "store.sqlite";

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, keeps, journal: &'static str, synchronous: &'static str| {
        Peer::new(name, (keeps, keeps), move |root: &Path| {
            Sqlite::open(root, journal, synchronous).map_err(io::Error::other)
        })
    };
    vec![
        peer("sqlite,delete,off", Keeps::WholeAfterKill, "DELETE", "OFF"),
        peer("sqlite,wal,off", Keeps::WholeAfterKill, "WAL", "OFF"),
        peer("sqlite,wal,normal", Keeps::WholeAfterPowerLoss, "WAL", "NORMAL"),
        peer("sqlite,delete,full", Keeps::Durable, "DELETE", "FULL"),
        peer("sqlite,wal,full", Keeps::Durable, "WAL", "FULL"),
    ]
}

struct Sqlite(Mutex<Connection>);

impl Sqlite {
    fn open(root: &Path, journal: &str, synchronous: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(root.join(FILE))?;
        connection.execute_batch(&format!(
            "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA synchronous = {synchronous}; PRAGMA journal_mode = {journal};
             CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;"
        ))?;
        Ok(Self(Mutex::new(connection)))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self, directory: &str) -> rusqlite::Result<Vec<String>> {
        let prefix = format!("{directory}/");
        let connection = self.connection();
        let mut query = connection.prepare_cached("SELECT path FROM files WHERE path >= ?1")?;
        let paths = query.query_map(params![prefix], |row| row.get::<_, String>(0))?;
        let paths = paths.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(paths.iter().filter_map(|path| name_below(&prefix, path)).collect())
    }

    fn value(&self, path: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        let connection = self.connection();
        let mut query = connection.prepare_cached("SELECT data FROM files WHERE path = ?1")?;
        query.query_row(params![path], |row| row.get(0)).optional()
    }
}

impl Store for Sqlite {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        let connection = self.connection();
        let mut query = connection
            .prepare_cached("INSERT OR REPLACE INTO files VALUES (?1, ?2)")
            .map_err(io::Error::other)?;
        query.execute(params![path, data]).map(drop).map_err(io::Error::other)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.value(path).map_err(io::Error::other)?.ok_or(io::ErrorKind::NotFound.into())
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        let connection = self.connection();
        let mut query = connection
            .prepare_cached("DELETE FROM files WHERE path = ?1")
            .map_err(io::Error::other)?;
        query.execute(params![path]).map(drop).map_err(io::Error::other)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.value(path).map(|value| value.is_some()).map_err(io::Error::other)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        self.names(directory).map_err(io::Error::other)
    }
}
