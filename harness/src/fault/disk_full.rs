//! Full disk: a write takes what there is room for, and what follows finds none.
//!
//! That is how a program meets ENOSPC that writes more than fits (write(2)): it is told how many bytes were taken, goes
//! on with the rest, and that fails. Unlike with an error at the first byte, a part is stored then. Names still find
//! room, because directories have theirs already.

use super::{Fault, FaultKind, Strike, torn::inside_writes};
use crate::trace::Trace;

/// See the module.
pub struct DiskFull;

/// Whether a system call of this name fails on a full disk: it needs blocks for data.
pub(crate) fn needs_room(call: &str) -> bool {
    matches!(
        call,
        "write"
            | "pwrite64"
            | "writev"
            | "pwritev"
            | "pwritev2"
            | "fallocate"
            | "copy_file_range"
            | "sendfile"
            | "splice"
    )
}

impl Fault for DiskFull {
    fn kind(&self) -> FaultKind {
        FaultKind::DiskFull
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        inside_writes(trace, |event, keep| Strike::DiskFull { event, keep })
    }
}
