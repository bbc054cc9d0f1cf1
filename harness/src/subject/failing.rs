//! A fault that lasts after it has struck: which further calls fail, and how.

use crate::fault::needs_room;

/// Which calls fail from now on.
#[derive(Clone, Copy)]
pub(super) enum Failing {
    /// Those of this name, with this error number.
    Named(&'static str, i32),
    /// Those that need room on the disk.
    NoRoom,
}

impl Failing {
    /// The error number with which a call of this name fails.
    pub(super) fn error_of(self, call: &str) -> Option<i32> {
        match self {
            Self::Named(name, errno) => (name == call).then_some(errno),
            Self::NoRoom => needs_room(call).then_some(libc::ENOSPC),
        }
    }
}
