//! An error of the backend's own on its way through the verbs, which speak of system errors.

use std::io;

use crate::ErrorKind;

/// Why the backend itself refuses, and as what kind.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Refusal {
    pub(super) kind: ErrorKind,
    pub(super) reason: String,
}

impl Refusal {
    /// The refusal that `error` carries, if it is one.
    pub(super) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// An error of `kind` that the caller of the contract sees as such, for `reason`.
pub(super) fn refuse(kind: ErrorKind, reason: impl Into<String>) -> io::Error {
    io::Error::other(Refusal { kind, reason: reason.into() })
}
