//! The deterministic layout of the specification: where signed events and encrypted blocks live.
//!
//! Paths follow from content (SHA-256) or keys alone, never from time or chance, so the same content
//! always maps to the same path and writing it twice is harmless.

use sha2::{Digest, Sha256};

use crate::{InvalidPath, StoragePath};

/// The directory of a channel's events: `channels/<public-key-hex>`.
///
/// # Errors
/// An empty key, or one of more than 127 bytes, whose name no file system could hold.
pub fn channel_directory(channel_public_key: &[u8]) -> Result<StoragePath, InvalidPath> {
    StoragePath::new(format!("channels/{}", hex::encode(channel_public_key)))
}

/// The file of a signed event: `channels/<public-key-hex>/<sha256-of-event-hex>.bin`.
///
/// # Errors
/// As [`channel_directory`].
pub fn event_path(channel_public_key: &[u8], event: &[u8]) -> Result<StoragePath, InvalidPath> {
    let directory = channel_directory(channel_public_key)?;
    StoragePath::new(format!("{directory}/{}.bin", digest(event)))
}

/// The file of an encrypted data block: `blocks/<sha256-hex>.bin`.
pub fn block_path(data: &[u8]) -> StoragePath {
    StoragePath::new(format!("blocks/{}.bin", digest(data)))
        .expect("a hexadecimal digest is a valid name")
}

fn digest(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `abc`, from FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn known_vectors() {
        assert_eq!(block_path(b"abc").as_str(), format!("blocks/{ABC}.bin"));
        assert_eq!(
            event_path(&[0x00, 0xff], b"abc").unwrap().as_str(),
            format!("channels/00ff/{ABC}.bin")
        );
        assert_eq!(channel_directory(&[0x0a]).unwrap().as_str(), "channels/0a");
    }

    #[test]
    fn keys_without_a_name_are_refused() {
        assert!(matches!(event_path(&[], b"abc"), Err(InvalidPath::NotCanonical(_))));
        assert!(channel_directory(&[0; 127]).is_ok());
        assert!(matches!(channel_directory(&[0; 128]), Err(InvalidPath::ComponentTooLong { .. })));
    }
}
