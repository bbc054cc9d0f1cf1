//! Broken: values go into one log, and a file at each path says where its value begins and how long it is. That
//! entry is written and synced before the value is.
//!
//! Refutes `power-atomic-write`: the entry leads beyond the end of the log, or to zeros. At the acknowledgement both
//! are durable.

use std::io::{self, Write};

use cap_std::fs::{File, OpenOptions};
use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site, failure};

const LOG: &str = ".crashworthy-tmp/log";

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(list_files create_directory exists delete_file);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let fail = failure(Operation::WriteFile, path);
        let mut log = self.open_log().map_err(&fail)?;
        let begin = log.metadata().map_err(&fail)?.len();
        let entry = format!("{begin} {}", data.len());
        self.site.sound.write_file(path, entry.as_bytes())?;
        log.write_all(data).and_then(|()| log.sync_all()).map_err(fail)
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let entry = String::from_utf8(self.site.sound.read_file(path)?).ok();
        let place = entry.as_deref().and_then(|entry| entry.split_once(' '));
        let place = place.and_then(|(begin, len)| Some((begin.parse().ok()?, len.parse().ok()?)));
        let (begin, len): (usize, usize) = place.ok_or_else(|| {
            Error::new(ErrorKind::Corrupt, Operation::ReadFile, path.as_str(), "no entry")
        })?;
        let log = self.site.root.read(LOG).map_err(failure(Operation::ReadFile, path))?;
        Ok(log.into_iter().skip(begin).take(len).collect())
    }
}

impl Canary {
    fn open_log(&self) -> io::Result<File> {
        self.site.create_reserved();
        let root = &self.site.root;
        let log = root.open_with(LOG, OpenOptions::new().create(true).append(true))?;
        // So that the log is still there when its name has never been synced.
        self.site.sync(&root.open(RESERVED)?)?;
        self.site.sync(&root.open(".")?)?;
        Ok(log)
    }
}
