//! A call that a thread is held before, as those see it who decide what becomes of it.

use super::{memory, ptrace::Tid, registers, syscall::Shape};

/// A call that can change what is stored below the root, or one that looks at it where those are of interest;
/// its thread is held before it.
#[derive(Clone, Debug)]
pub(crate) struct HeldCall {
    pub(crate) tid: Tid,
    pub(crate) name: &'static str,
    pub(crate) path: String,
    pub(crate) to: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) arguments: [u64; 6],
    pub(super) shape: Shape,
    /// The flags with which it opens a file, if it does.
    pub(crate) open_flags: Option<i32>,
}

impl HeldCall {
    /// Whether it may wait for another process or thread.
    pub(crate) fn may_block(&self) -> bool {
        matches!(self.name, "flock" | "fcntl")
    }

    /// Whether it waits until it has a lock.
    pub(crate) fn waits_for_lock(&self) -> bool {
        registers::waits_for_lock(self.name, &self.arguments)
    }

    /// The descriptor of the open file that it is about, if it is about one.
    pub(crate) fn descriptor(&self) -> Option<i32> {
        let position = match self.shape {
            Shape::Fd { fd }
            | Shape::Write { fd, .. }
            | Shape::WriteVector { fd, .. }
            | Shape::Look { fd }
            | Shape::Close { fd } => fd,
            Shape::Map => 4,
            // Its path is empty, or else the text of the descriptor would not be the path.
            Shape::LookAt { dirfd: Some(dirfd), path } => {
                let is_empty = self.arguments[path] == 0
                    || memory::string(self.tid, self.arguments[path])
                        .is_ok_and(|text| text.is_empty());
                return is_empty.then_some(self.arguments[dirfd] as i32);
            }
            _ => return None,
        };
        Some(self.arguments[position] as i32)
    }
}
