//! I/O errors: a call fails, once or from then on, with every error that it can give.
//!
//! The call does not happen; its caller gets the error in its place, as from a full or broken disk. The
//! errors of each call are those of its manual page (man-pages 6, section 2). EINTR strikes once only: a call
//! that is interrupted for ever is no fault that a program could handle.

use serde::{Deserialize, Serialize};

use super::{Fault, FaultKind, Strike};
use crate::trace::Trace;

/// An error that is injected, under the name that the manual pages give it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, Serialize, Deserialize,
)]
pub enum Errno {
    /// The device is full.
    ENOSPC,
    /// The quota is used up.
    EDQUOT,
    /// The device failed.
    EIO,
    /// The file system is read-only.
    EROFS,
    /// The process has too many open files.
    EMFILE,
    /// Permission denied.
    EACCES,
    /// A signal interrupted the call.
    EINTR,
}

impl Errno {
    /// The number, as the kernel knows it.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::ENOSPC => libc::ENOSPC,
            Self::EDQUOT => libc::EDQUOT,
            Self::EIO => libc::EIO,
            Self::EROFS => libc::EROFS,
            Self::EMFILE => libc::EMFILE,
            Self::EACCES => libc::EACCES,
            Self::EINTR => libc::EINTR,
        }
    }
}

/// The errors that a system call can give for what it does to a file system.
fn errors_of(call: &str) -> &'static [Errno] {
    use Errno::{EACCES, EDQUOT, EINTR, EIO, EMFILE, ENOSPC, EROFS};
    match call {
        "open" | "openat" | "openat2" | "creat" => {
            &[ENOSPC, EDQUOT, EIO, EROFS, EMFILE, EACCES, EINTR]
        }
        "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" | "fallocate" => {
            &[ENOSPC, EDQUOT, EIO, EINTR]
        }
        "copy_file_range" | "sendfile" | "splice" | "sync_file_range" => &[ENOSPC, EIO],
        "rename" | "renameat" | "renameat2" | "link" | "linkat" | "symlink" | "symlinkat"
        | "mkdir" | "mkdirat" | "mknod" | "mknodat" => &[ENOSPC, EDQUOT, EIO, EROFS, EACCES],
        "unlink" | "unlinkat" | "rmdir" => &[EIO, EROFS, EACCES],
        "fsync" | "fdatasync" | "syncfs" => &[ENOSPC, EDQUOT, EIO, EROFS, EINTR],
        "truncate" | "ftruncate" => &[EIO, EROFS, EINTR],
        "setxattr" | "lsetxattr" | "fsetxattr" => &[ENOSPC, EDQUOT, EIO, EROFS],
        "flock" | "fcntl" => &[EINTR],
        _ => &[EIO],
    }
}

/// See the module.
pub struct IoError;

impl Fault for IoError {
    fn kind(&self) -> FaultKind {
        FaultKind::IoError
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        let at_event = |(event, call): (usize, &crate::trace::Event)| {
            errors_of(call.call).iter().flat_map(move |&errno| {
                let durations: &[bool] =
                    if errno == Errno::EINTR { &[false] } else { &[false, true] };
                durations.iter().map(move |&lasting| Strike::Error { event, errno, lasting })
            })
        };
        trace.events.iter().enumerate().flat_map(at_event).collect()
    }
}
