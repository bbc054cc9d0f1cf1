//! The content of a file, shared and not copied: values live in scenarios, requests and histories at
//! the same time, and large ones are megabytes.

use std::{borrow::Cow, fmt, ops::Deref, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

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

/// As base64, like the protocol's contents.
impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        BASE64_STANDARD.decode(text.as_bytes()).map(Self::from).map_err(D::Error::custom)
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
