//! The content of a file, shared and not copied: values live in scenarios, requests and histories at
//! the same time, and large ones are megabytes.

use std::{fmt, ops::Deref, sync::Arc};

/// Immutable shared bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(Arc<[u8]>);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

/// Longest content shown whole in messages, in bytes.
const SHOWN_BYTES_MAX: usize = 24;

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self) {
            Ok(text) if self.len() <= SHOWN_BYTES_MAX => write!(f, "{text:?}"),
            _ => write!(f, "{} bytes", self.len()),
        }
    }
}
