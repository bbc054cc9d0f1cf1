//! Reads a counterexample back. The file may come from anywhere, so every mistake is named, with what to
//! do about it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crashworthy::Guarantee;
use serde_json::Value;

use crate::judge::{COUNTEREXAMPLE_SCHEMA, Counterexample};

/// Why a counterexample could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error(
        "there is no counterexample {}; `crashworthy certify` says at its end where it wrote one",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(
        "cannot read the counterexample {}: {source}; name a file that `crashworthy certify` wrote and you may read",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not JSON.
    #[error("{} is not JSON: {source}; it should be a counterexample written by `crashworthy certify`", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// What the parser says, with line and column.
        source: serde_json::Error,
    },
    /// The file is of another schema, or of none.
    #[error(
        "{} is of counterexample schema {found}, and this build reads schema {COUNTEREXAMPLE_SCHEMA}; use the version of crashworthy that wrote it, or certify again",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The file is about a guarantee that this build does not know.
    #[error("{} refutes the unknown guarantee {found}; `crashworthy list guarantees` shows those that this build knows", path.display())]
    UnknownGuarantee {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The file is JSON of the right schema, and something in it is wrong.
    #[error("{} is not a counterexample: {source}; certify again to get a whole one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
}

/// Reads the counterexample at `path`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(path: &Path) -> Result<Counterexample, ReadError> {
    let at = || path.to_owned();
    let bytes = fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ReadError::Missing { path: at() },
        _ => ReadError::Unreadable { path: at(), source },
    })?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|source| ReadError::NotJson { path: at(), source })?;
    let said = |key: &str| value.get(key).map_or("none".to_owned(), Value::to_string);
    if value.get("schema").and_then(Value::as_u64) != Some(u64::from(COUNTEREXAMPLE_SCHEMA)) {
        return Err(ReadError::OtherSchema { path: at(), found: said("schema") });
    }
    let guarantee = value.get("guarantee").and_then(Value::as_str);
    if guarantee.is_some_and(|id| id.parse::<Guarantee>().is_err()) {
        return Err(ReadError::UnknownGuarantee { path: at(), found: said("guarantee") });
    }
    // Once more from the text, since only then does the parser know the place of a mistake.
    serde_json::from_slice(&bytes).map_err(|source| ReadError::Malformed { path: at(), source })
}
