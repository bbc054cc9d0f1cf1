//! The file of a shard, beside its certificate: what `crashworthy merge` reads.
//!
//! Unlike a certificate it is for one version of crashworthy only. It comes from another machine and may be anything,
//! so every mistake is named, with what to do about it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    versioned::{self, Unread},
    whole::{self, Survives},
};
use crate::{
    judge::{SHARD_SCHEMA, Shard},
    scenario::Partition,
};

/// The file's name in the output directory.
pub const SHARD_FILE: &str = "shard.json";

/// Why there is no shard to be had from a folder.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// There is no such file.
    #[error(
        "there is no {SHARD_FILE} in {}; `crashworthy certify --partition hash:M/N --out DIR` writes one",
        folder.display()
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the shard {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is of another schema, or of none.
    #[error(
        "{} is of shard schema {found}, and this build reads schema {SHARD_SCHEMA}; merge with the version of \
         crashworthy that wrote it",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// A run is about to write its files where a shard lies that is not its own.
    #[error(
        "{} holds {what}, which this run would remove and `crashworthy merge` may still need; choose another folder \
         with --out, or remove {SHARD_FILE} from this one",
        folder.display()
    )]
    InTheWay {
        /// The folder.
        folder: PathBuf,
        /// Which shard it is.
        what: String,
    },
    /// The file is no whole shard.
    #[error("{} is not a shard: {source}; run that shard again to get a whole one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
}

/// Writes it under a temporary name and then gives it its own.
///
/// # Errors
/// What failed, on what, and what to do.
pub fn write(folder: &Path, shard: &Shard) -> io::Result<()> {
    let path = folder.join(SHARD_FILE);
    let fill = |out: &mut dyn io::Write| Ok(serde_json::to_writer(out, shard)?);
    whole::write(&path, Survives::PowerLoss, fill).map_err(|error| {
        let path = path.display();
        let text = format!("cannot write {path}: {error}; choose another directory with --out");
        io::Error::new(error.kind(), text)
    })
}

/// Makes sure that no shard lies in the folder but an earlier one of this very part of the work: the others of its run
/// are elsewhere, and nobody makes it again.
///
/// # Errors
/// Where there is one.
pub fn spare(folder: &Path, own: Option<Partition>) -> Result<(), ShardError> {
    let what = match read(folder) {
        Err(ShardError::Missing { .. }) => return Ok(()),
        Ok(shard) if Some(shard.partition) == own => return Ok(()),
        Ok(shard) => format!("shard {} of a run", shard.partition),
        Err(_) => format!("a {SHARD_FILE}"),
    };
    Err(ShardError::InTheWay { folder: folder.to_owned(), what })
}

/// Makes sure that no shard of an earlier run lies in the folder.
///
/// # Errors
/// Where there is one that cannot be removed.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(SHARD_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads the shard in a folder.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(folder: &Path) -> Result<Shard, ShardError> {
    let path = folder.join(SHARD_FILE);
    versioned::read(&path, SHARD_SCHEMA).map_err(|unread| match unread {
        Unread::System(source) => match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                ShardError::Missing { folder: folder.to_owned() }
            }
            _ => ShardError::Unreadable { path, source },
        },
        Unread::OtherSchema(found) => ShardError::OtherSchema { path, found },
        Unread::Malformed(source) => ShardError::Malformed { path, source },
    })
}
