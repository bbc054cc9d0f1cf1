//! A BLAKE3 hash that is stored with a file, in an extended attribute, and checked by every read.
//!
//! The attribute belongs to the inode, so a rename publishes content and hash together, and a reader that
//! has a file open has the hash of just that content, whatever writers do meanwhile.

use std::{fs, io};

use cap_std::{fs::Dir, io_lifetimes::AsFilelike};
use rustix::{
    fs::{XattrFlags, fgetxattr, fsetxattr},
    io::Errno,
};

use super::{interrupt, refusal::refuse};
use crate::ErrorKind;

/// Where the hash is, as its 32 bytes. In hexadecimal digits it would be too long for the inode of a
/// usual ext4, and cost a block per file.
const ATTRIBUTE: &str = "user.crashworthy.blake3";

/// Stores the hash of `data` with `file`.
pub(super) fn store(file: &fs::File, data: &[u8]) -> io::Result<()> {
    let hash = blake3::hash(data);
    again(|| fsetxattr(file, ATTRIBUTE, hash.as_bytes(), XattrFlags::empty()))
}

/// Fails where `data` is not what the hash of `file` was made of.
pub(super) fn check(file: &fs::File, data: &[u8]) -> io::Result<()> {
    let mut buffer = [0; blake3::OUT_LEN];
    let reason = match stored(file, &mut buffer)? {
        Stored::Hash(length) if buffer[..length] == *blake3::hash(data).as_bytes() => return Ok(()),
        Stored::Hash(_) | Stored::TooLong => {
            "its content does not match its checksum; restore it from a copy"
        }
        Stored::Nothing => {
            "it has no checksum; it was written without that option, or copied without its extended \
             attributes, so write it again, or restore it from a copy that has them"
        }
    };
    Err(refuse(ErrorKind::Corrupt, reason))
}

/// Fails where the files below `root` could not carry a hash. It asks the directory for its own, which
/// writes nothing: where there are attributes of users, the answer is that it has none.
pub(super) fn probe(root: &Dir) -> io::Result<()> {
    stored(&root.as_filelike_view::<fs::File>(), &mut []).map(drop)
}

/// What a file has for a hash.
#[derive(Debug, PartialEq, Eq)]
enum Stored {
    Nothing,
    /// A value of this many bytes.
    Hash(usize),
    /// A value that no version of this backend wrote.
    TooLong,
}

fn stored(file: &fs::File, buffer: &mut [u8]) -> io::Result<Stored> {
    answer(|| fgetxattr(file, ATTRIBUTE, &mut *buffer))
}

/// What the system's answer to the question for a hash means.
fn answer(mut ask: impl FnMut() -> rustix::io::Result<usize>) -> io::Result<Stored> {
    again(|| match ask() {
        Ok(length) => Ok(Stored::Hash(length)),
        Err(Errno::NODATA) => Ok(Stored::Nothing),
        Err(Errno::RANGE) => Ok(Stored::TooLong),
        Err(error) => Err(error),
    })
}

/// Makes a call on an attribute until no signal interrupts it, and says what it means that there are none.
fn again<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    interrupt::again(|| {
        call().map_err(|error| match error {
            Errno::NOTSUP => refuse(
                ErrorKind::Unsupported,
                format!(
                    "the file system has no extended attributes of users, where checksums are kept \
                     ({error}); mount it with them, choose another place, or open it without checksums"
                ),
            ),
            error => error.into(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::refusal::Refusal;

    /// Answers, the last one first.
    fn asked(mut answers: Vec<rustix::io::Result<usize>>) -> io::Result<Stored> {
        answer(move || answers.pop().expect("it is not asked again"))
    }

    #[test]
    fn a_file_system_without_attributes_is_unsupported_and_the_message_says_what_to_do() {
        let error = asked(vec![Err(Errno::NOTSUP)]).unwrap_err();
        let refusal = Refusal::of(&error).expect("it is a refusal");
        assert_eq!(refusal.kind, ErrorKind::Unsupported);
        assert!(refusal.reason.contains("not supported"), "{}", refusal.reason);
        assert!(refusal.reason.contains("open it without checksums"), "{}", refusal.reason);
    }

    #[test]
    fn an_interrupted_call_is_made_again_and_another_error_is_the_systems() {
        let interrupted = asked(vec![Ok(32), Err(Errno::INTR), Err(Errno::INTR)]);
        assert_eq!(interrupted.unwrap(), Stored::Hash(32));
        let error = asked(vec![Err(Errno::IO)]).unwrap_err();
        assert!(Refusal::of(&error).is_none());
        assert_eq!(error.raw_os_error(), Some(Errno::IO.raw_os_error()));
    }

    #[test]
    fn no_value_and_one_that_is_too_long_are_answers() {
        assert_eq!(asked(vec![Err(Errno::NODATA)]).unwrap(), Stored::Nothing);
        assert_eq!(asked(vec![Err(Errno::RANGE)]).unwrap(), Stored::TooLong);
    }
}
