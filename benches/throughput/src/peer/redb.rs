//! `redb`: one table, one transaction an operation. `Immediate` commits are durable when they return; those with
//! `None` are not even written before the next immediate one
//! (<https://docs.rs/redb/4.6.0/redb/enum.Durability.html>).

use std::{io, path::Path};

use redb::{Database, Durability, ReadableDatabase, TableDefinition, TableError};

use super::{Keeps, Peer, Store, cacache::name_below};

const FILES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("files");
/// The database below the root.
const FILE: &str = "store.redb";

pub(super) fn peers() -> Vec<Peer> {
    let peer = |name, keeps, durability| {
        Peer::new(name, (keeps, keeps), move |root: &Path| {
            let database = Database::create(root.join(FILE)).map_err(io::Error::other)?;
            Ok(Redb { database, durability })
        })
    };
    vec![
        peer("redb,none", Keeps::Nothing, Durability::None),
        peer("redb,immediate", Keeps::Durable, Durability::Immediate),
    ]
}

struct Redb {
    database: Database,
    durability: Durability,
}

impl Redb {
    fn change(
        &self,
        change: impl FnOnce(
            &mut redb::Table<'_, &'static str, &'static [u8]>,
        ) -> Result<(), redb::Error>,
    ) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(self.durability)?;
        change(&mut transaction.open_table(FILES)?)?;
        Ok(transaction.commit()?)
    }

    fn look<T>(
        &self,
        look: impl FnOnce(redb::ReadOnlyTable<&'static str, &'static [u8]>) -> Result<T, redb::Error>,
    ) -> Result<Option<T>, redb::Error> {
        match self.database.begin_read()?.open_table(FILES) {
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            table => look(table?).map(Some),
        }
    }

    fn value(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let value = self.look(|table| Ok(table.get(path)?.map(|value| value.value().to_vec())));
        value.map(Option::flatten).map_err(io::Error::other)
    }
}

impl Store for Redb {
    fn write(&self, path: &str, data: &[u8]) -> io::Result<()> {
        self.change(|table| Ok(table.insert(path, data).map(drop)?)).map_err(io::Error::other)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.value(path)?.ok_or(io::ErrorKind::NotFound.into())
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        self.change(|table| Ok(table.remove(path).map(drop)?)).map_err(io::Error::other)
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        self.value(path).map(|value| value.is_some())
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{directory}/");
        let names = self.look(|table| {
            let mut names = Vec::new();
            for entry in table.range(prefix.as_str()..)? {
                names.extend(name_below(&prefix, entry?.0.value()));
            }
            Ok(names)
        });
        names.map(Option::unwrap_or_default).map_err(io::Error::other)
    }
}
