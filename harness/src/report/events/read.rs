//! Reads a stream back, up to where it stops. The file may come from anywhere, and its run may have been killed in
//! the middle of a line: what is whole is told, and what is wrong is named.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Account, EVENTS_SCHEMA, Line};

/// Longest line in bytes. The longest that is written has a summary, some hundred bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Why a stream could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read the events {}: {source}; `crashworthy certify` writes them as events.jsonl beside its certificate", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is empty, or ends in the middle of its first line.
    #[error("{} ends before its first event; the run was killed as it began: certify again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A whole line is no event.
    #[error("line {line} of {} is no event: {why}; it should be the events.jsonl of `crashworthy certify`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A line is of another schema, or of none.
    #[error("line {line} of {} is of events schema {found}, and this build reads schema {EVENTS_SCHEMA}; use the version of crashworthy that wrote it", path.display())]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the line says.
        found: String,
    },
}

/// What the stream at `path` tells.
///
/// # Errors
/// The first thing that is wrong with it; that it ends too early is no error, but something that it tells.
pub fn read(path: &Path) -> Result<Account, ReadError> {
    let at = || path.to_owned();
    let unreadable = |source| ReadError::Unreadable { path: at(), source };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut account: Option<Account> = None;
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(unreadable)?;
        if bytes.is_empty() {
            break;
        }
        let is_whole = bytes.ends_with(b"\n");
        let malformed = |why: String| ReadError::Malformed { path: at(), line: number, why };
        if !is_whole && bytes.len() as u64 == LINE_BYTES_MAX {
            return Err(malformed(format!("it is longer than {LINE_BYTES_MAX} bytes")));
        }
        let value: Value = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(_) if !is_whole => {
                let account = account.as_mut().ok_or_else(|| ReadError::Empty { path: at() })?;
                account.is_torn = true;
                break;
            }
            Err(error) => return Err(malformed(error.to_string())),
        };
        if value.get("schema").and_then(Value::as_u64) != Some(u64::from(EVENTS_SCHEMA)) {
            let found = value.get("schema").map_or("none".to_owned(), Value::to_string);
            return Err(ReadError::OtherSchema { path: at(), line: number, found });
        }
        let line: Line =
            serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        match &mut account {
            None => account = Some(Account::begin(line).map_err(|why| malformed(why.to_owned()))?),
            Some(account) => account.add(line).map_err(|why| malformed(why.to_owned()))?,
        }
    }
    account.ok_or_else(|| ReadError::Empty { path: at() })
}
