//! Reads what a bench wrote. It may come from anywhere, so every mistake is named, with what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    report::versioned::{self, Unread},
    throughput::{BENCH_SCHEMA, Comparison},
};

/// Why the file of a bench could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BenchFileError {
    /// The file cannot be read.
    #[error(
        "cannot read the bench {}: {source}; `crashworthy bench --out FILE` writes one",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is of another schema, or of none.
    #[error(
        "{} is of bench schema {found}, and this build reads schema {BENCH_SCHEMA}; measure again with this build",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The file is no whole result.
    #[error("{} is not the result of a bench: {source}; measure again to get a whole one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
}

/// Reads the file that `crashworthy bench --out` wrote.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(path: &Path) -> Result<Comparison, BenchFileError> {
    versioned::read(path, BENCH_SCHEMA).map_err(|unread| {
        let path = path.to_owned();
        match unread {
            Unread::System(source) => BenchFileError::Unreadable { path, source },
            Unread::OtherSchema(found) => BenchFileError::OtherSchema { path, found },
            Unread::Malformed(source) => BenchFileError::Malformed { path, source },
        }
    })
}
