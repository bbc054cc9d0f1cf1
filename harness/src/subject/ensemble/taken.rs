//! Calls that ask for what somebody else may have: a lock, or a name.

use crate::trace::HeldCall;

/// Whether a call was refused because somebody else has the lock.
pub(super) fn is_refused(result: i64) -> bool {
    result == -i64::from(libc::EAGAIN) || result == -i64::from(libc::EACCES)
}

impl HeldCall {
    /// Whether it may say at once that somebody else has what it asks for: a lock, or a name.
    pub(super) fn may_be_refused(&self) -> bool {
        let creates = self.open_flags().is_some_and(|flags| flags & libc::O_EXCL != 0);
        creates
            || self.may_block()
            || self.name.starts_with("mkdir")
            || self.name.starts_with("link")
    }
}
