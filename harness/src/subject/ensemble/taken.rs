//! Calls that ask for what somebody else may have: a lock, or a name.

use crate::trace::HeldCall;

/// Whether a call was refused because somebody else has the lock.
pub(crate) fn lock_was_refused(result: i64) -> bool {
    result == -i64::from(libc::EAGAIN) || result == -i64::from(libc::EACCES)
}

impl HeldCall {
    /// The path that it asks for, if it says at once that somebody else has it.
    pub(crate) fn asks_for(&self) -> Option<&str> {
        let creates = self.open_flags.is_some_and(|flags| flags & libc::O_EXCL != 0);
        let is_any = |names: &[&str]| names.iter().any(|name| self.name.starts_with(name));
        match &self.to {
            Some(to) => is_any(&["link"]).then_some(to),
            None => {
                (creates || is_any(&["link", "mkdir", "mknod", "symlink"])).then_some(&self.path)
            }
        }
    }
}
