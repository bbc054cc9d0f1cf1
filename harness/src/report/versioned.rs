//! JSON files that say of which schema they are, read back. They come from anywhere; what to do about a mistake depends
//! on the kind of file, so each kind has words of its own for what is told apart here.

use std::{fs, io, path::Path};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Unread {
    /// The system did not give it.
    System(io::Error),
    /// It is of another schema, or of none: what it says.
    OtherSchema(String),
    /// It is no whole file of this kind, with line and column.
    Malformed(serde_json::Error),
}

/// Reads the file at `path`, which has to be of this schema.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn read<T: DeserializeOwned>(path: &Path, schema: u32) -> Result<T, Unread> {
    let bytes = fs::read(path).map_err(Unread::System)?;
    let value: Value = serde_json::from_slice(&bytes).map_err(Unread::Malformed)?;
    if value.get("schema").and_then(Value::as_u64) != Some(u64::from(schema)) {
        let found = value.get("schema").map_or("none".to_owned(), Value::to_string);
        return Err(Unread::OtherSchema(found));
    }
    // Once more from the text, since only then does the parser know the place of a mistake.
    serde_json::from_slice(&bytes).map_err(Unread::Malformed)
}
