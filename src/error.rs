//! The one error type of the contract: what kind, in which operation, on which path, and why.
//!
//! The kinds are the wire protocol's, so that a backend in any language maps to the same seven.

use std::{fmt, io};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

/// The result of every operation of the contract.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as far as a caller can act on it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
pub enum ErrorKind {
    /// The file does not exist.
    NotFound,
    /// The path is malformed, or this backend cannot represent it.
    InvalidPath,
    /// The device or a quota is full.
    NoSpace,
    /// The stored bytes are not the bytes that were written.
    Corrupt,
    /// Another writer got in the way.
    Conflict,
    /// The backend does not offer this operation or option.
    Unsupported,
    /// Anything else the system reports.
    Io,
}

/// The operations of the contract, named as in the specification.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Operation {
    /// Opening a backend on a root.
    Open,
    /// `writeFile`
    WriteFile,
    /// `readFile`
    ReadFile,
    /// `listFiles`
    ListFiles,
    /// `createDirectory`
    CreateDirectory,
    /// `exists`
    Exists,
    /// `deleteFile`
    DeleteFile,
    /// `recover`
    Recover,
}

/// A failed operation.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    operation: Operation,
    path: String,
    reason: String,
    source: Option<io::Error>,
}

impl Error {
    /// An error of `kind` in `operation` on `path` (empty where none is meant), for `reason`.
    pub fn new(
        kind: ErrorKind,
        operation: Operation,
        path: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self { kind, operation, path: path.into(), reason: reason.into(), source: None }
    }

    /// Wraps a system error; the kind is derived from it, and it stays available as the source.
    pub fn from_io(operation: Operation, path: impl Into<String>, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
            io::ErrorKind::InvalidFilename => ErrorKind::InvalidPath,
            _ => ErrorKind::Io,
        };
        Self {
            kind,
            operation,
            path: path.into(),
            reason: source.to_string(),
            source: Some(source),
        }
    }

    /// What a caller can act on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The operation that failed.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The path it was about; empty where none is meant.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if !self.path.is_empty() {
            write!(f, " {:?}", self.path)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}
