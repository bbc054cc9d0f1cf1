//! Calls that a signal may interrupt are made again.
//!
//! The standard library does so for reads, writes and syncs. Opening a file and taking a lock are left: on
//! most disks nobody ever sees them interrupted, on a network or FUSE file system everybody does.

use std::{fs, io};

/// Makes `call` until no signal interrupts it.
pub(super) fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Takes an exclusive lock on `file` if nobody has one; whether it did.
pub(super) fn try_lock(file: &fs::File) -> io::Result<bool> {
    again(|| match file.try_lock() {
        Ok(()) => Ok(true),
        Err(fs::TryLockError::WouldBlock) => Ok(false),
        Err(fs::TryLockError::Error(error)) => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_made_again_and_another_error_is_not() {
        let mut answers = vec![
            Err(io::ErrorKind::StorageFull.into()),
            Ok(7),
            Err(io::ErrorKind::Interrupted.into()),
            Err(io::ErrorKind::Interrupted.into()),
        ];
        assert_eq!(again(|| answers.pop().expect("an answer")).expect("the third is fine"), 7);
        assert!(again(|| answers.pop().expect("an answer")).is_err());
    }
}
