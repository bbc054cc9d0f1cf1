//! Why a call is not recorded: with it the recording would no longer be what happened.

use thiserror::Error;

/// Largest file that can be recorded, in bytes: crash states are held in memory.
pub const FILE_BYTES_MAX: u64 = 1 << 28;

/// A call that cannot have succeeded: events before it were missed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// There is nothing at the path.
    #[error("record a call on {0:?}: there is no such path in the recorded tree")]
    Missing(String),
    /// Something is at the path already.
    #[error("record a call that creates {0:?}: it exists in the recorded tree")]
    Exists(String),
    /// The path or inode is of another kind than the call needs.
    #[error("record a call on {0}: it is of another kind in the recorded tree")]
    Kind(String),
    /// See [`FILE_BYTES_MAX`].
    #[error("record a file of {0} bytes: the limit is {FILE_BYTES_MAX}")]
    TooLarge(u64),
}
