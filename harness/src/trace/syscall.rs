//! The system calls that matter, as one table: number, name, and where each argument sits.
//!
//! The filter stops on exactly these, and the decoder reads them by their shape. A call is missing among the
//! changes only when it cannot change what is stored under a root, and among the looks only when it cannot
//! notice what another process has changed there. Numbers are those of x86-64.

use libc::c_long;

/// Where a call keeps what we need of it. Numbers are argument positions, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Opens `path` relative to `dirfd` (or the working directory); an event if `flags` may create or
    /// truncate.
    Open { dirfd: Option<usize>, path: usize, flags: OpenFlags },
    /// Acts on `path` relative to `dirfd` (or the working directory).
    Path { dirfd: Option<usize>, path: usize },
    /// Acts on two paths, each with its own directory.
    TwoPaths { from: (Option<usize>, usize), to: (Option<usize>, usize) },
    /// Acts on an open file.
    Fd { fd: usize },
    /// Writes `len` bytes to an open file.
    Write { fd: usize, len: usize },
    /// Writes the buffers of an `iovec` array to an open file.
    WriteVector { fd: usize, vector: usize, count: usize },
    /// Acts on every file.
    Global,
    /// Maps a file into memory: stores through a shared mapping are calls that nobody sees.
    Map,
    /// Starts input and output that bypasses system calls, or is too new to be relied on; refused, so that runtimes
    /// fall back.
    Bypass,
    /// `prctl(PR_SET_DUMPABLE)`: would hide the process's memory from the tracer; answered, not done.
    Dumpable,
    /// Looks at an open file.
    Look { fd: usize },
    /// Looks at `path` relative to `dirfd` (or the working directory); at the open file `dirfd` itself where the
    /// path is empty or NULL.
    LookAt { dirfd: Option<usize>, path: usize },
    /// Closes a file, and with it gives up the locks on it.
    Close { fd: usize },
    /// Waits for time to pass; where schedules decide what comes first, no time needs to.
    Sleep,
}

impl Shape {
    /// Whether such a call can be of interest only as a change: it writes to no pipe, maps nothing, and is
    /// never answered in the kernel's place.
    pub(crate) fn is_change_only(self) -> bool {
        matches!(
            self,
            Self::Open { .. }
                | Self::Path { .. }
                | Self::TwoPaths { .. }
                | Self::Fd { .. }
                | Self::Global
                | Self::Look { .. }
                | Self::LookAt { .. }
                | Self::Close { .. }
                | Self::Sleep
        )
    }
}

/// Where an open keeps its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenFlags {
    /// In an argument.
    Argument(usize),
    /// In the `open_how` structure that an argument points to.
    How(usize),
    /// None are given: the call always creates and truncates.
    Creates,
}

/// One system call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syscall {
    pub(crate) number: c_long,
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
}

macro_rules! syscalls {
    ($(#[$doc:meta])* $table:ident; $($number:ident: $shape:expr;)*) => {
        $(#[$doc])*
        pub(crate) const $table: &[Syscall] = &[$(Syscall {
            number: numbers::$number,
            // "SYS_write" without its prefix.
            name: stringify!($number).split_at(4).1,
            shape: $shape,
        },)*];
    };
}

/// Those of the library, and what it does not have yet (`asm/unistd_64.h` of Linux 6.13).
mod numbers {
    #![allow(non_upper_case_globals, reason = "named as the library names the others")]

    pub(super) use libc::*;

    pub(super) const SYS_setxattrat: c_long = 463;
    pub(super) const SYS_removexattrat: c_long = 466;
}

use OpenFlags::{Argument, Creates, How};
use Shape::{
    Bypass, Close, Dumpable, Fd, Global, Look, LookAt, Map, Open, Path, Sleep, TwoPaths, Write,
    WriteVector,
};

syscalls! {
    /// Every call that the filter stops on, whatever is of interest.
    CHANGES;
    SYS_open: Open { dirfd: None, path: 0, flags: Argument(1) };
    SYS_openat: Open { dirfd: Some(0), path: 1, flags: Argument(2) };
    SYS_openat2: Open { dirfd: Some(0), path: 1, flags: How(2) };
    SYS_creat: Open { dirfd: None, path: 0, flags: Creates };
    SYS_write: Write { fd: 0, len: 2 };
    SYS_pwrite64: Write { fd: 0, len: 2 };
    SYS_writev: WriteVector { fd: 0, vector: 1, count: 2 };
    SYS_pwritev: WriteVector { fd: 0, vector: 1, count: 2 };
    SYS_pwritev2: WriteVector { fd: 0, vector: 1, count: 2 };
    SYS_copy_file_range: Write { fd: 2, len: 4 };
    SYS_sendfile: Write { fd: 0, len: 3 };
    SYS_splice: Write { fd: 2, len: 4 };
    SYS_rename: TwoPaths { from: (None, 0), to: (None, 1) };
    SYS_renameat: TwoPaths { from: (Some(0), 1), to: (Some(2), 3) };
    SYS_renameat2: TwoPaths { from: (Some(0), 1), to: (Some(2), 3) };
    SYS_link: TwoPaths { from: (None, 0), to: (None, 1) };
    SYS_linkat: TwoPaths { from: (Some(0), 1), to: (Some(2), 3) };
    // The first path of a symlink is its text, not a place.
    SYS_symlink: Path { dirfd: None, path: 1 };
    SYS_symlinkat: Path { dirfd: Some(1), path: 2 };
    SYS_unlink: Path { dirfd: None, path: 0 };
    SYS_unlinkat: Path { dirfd: Some(0), path: 1 };
    SYS_rmdir: Path { dirfd: None, path: 0 };
    SYS_mkdir: Path { dirfd: None, path: 0 };
    SYS_mkdirat: Path { dirfd: Some(0), path: 1 };
    SYS_mknod: Path { dirfd: None, path: 0 };
    SYS_mknodat: Path { dirfd: Some(0), path: 1 };
    SYS_truncate: Path { dirfd: None, path: 0 };
    SYS_ftruncate: Fd { fd: 0 };
    SYS_fallocate: Fd { fd: 0 };
    SYS_fsync: Fd { fd: 0 };
    SYS_fdatasync: Fd { fd: 0 };
    SYS_syncfs: Fd { fd: 0 };
    SYS_sync_file_range: Fd { fd: 0 };
    SYS_sync: Global;
    SYS_msync: Global;
    SYS_setxattr: Path { dirfd: None, path: 0 };
    SYS_lsetxattr: Path { dirfd: None, path: 0 };
    SYS_fsetxattr: Fd { fd: 0 };
    SYS_removexattr: Path { dirfd: None, path: 0 };
    SYS_lremovexattr: Path { dirfd: None, path: 0 };
    SYS_fremovexattr: Fd { fd: 0 };
    SYS_flock: Fd { fd: 0 };
    SYS_fcntl: Fd { fd: 0 };
    SYS_ioctl: Fd { fd: 0 };
    SYS_mmap: Map;
    SYS_io_uring_setup: Bypass;
    SYS_io_setup: Bypass;
    // Newer than the library's table of numbers; programs have to do without them on older kernels anyway.
    SYS_setxattrat: Bypass;
    SYS_removexattrat: Bypass;
    SYS_prctl: Dumpable;
}

syscalls! {
    /// What the filter stops on besides where several processes are scheduled. What changes attributes alone is here,
    /// too: it leaves no other state behind, but whoever waits for a time stamp or a permission notices it.
    LOOKS;
    SYS_read: Look { fd: 0 };
    SYS_pread64: Look { fd: 0 };
    SYS_readv: Look { fd: 0 };
    SYS_preadv: Look { fd: 0 };
    SYS_preadv2: Look { fd: 0 };
    SYS_getdents: Look { fd: 0 };
    SYS_getdents64: Look { fd: 0 };
    SYS_fstat: Look { fd: 0 };
    SYS_lseek: Look { fd: 0 };
    SYS_fgetxattr: Look { fd: 0 };
    SYS_flistxattr: Look { fd: 0 };
    SYS_stat: LookAt { dirfd: None, path: 0 };
    SYS_lstat: LookAt { dirfd: None, path: 0 };
    SYS_newfstatat: LookAt { dirfd: Some(0), path: 1 };
    SYS_statx: LookAt { dirfd: Some(0), path: 1 };
    SYS_access: LookAt { dirfd: None, path: 0 };
    SYS_faccessat: LookAt { dirfd: Some(0), path: 1 };
    SYS_faccessat2: LookAt { dirfd: Some(0), path: 1 };
    SYS_readlink: LookAt { dirfd: None, path: 0 };
    SYS_readlinkat: LookAt { dirfd: Some(0), path: 1 };
    SYS_getxattr: LookAt { dirfd: None, path: 0 };
    SYS_lgetxattr: LookAt { dirfd: None, path: 0 };
    SYS_listxattr: LookAt { dirfd: None, path: 0 };
    SYS_llistxattr: LookAt { dirfd: None, path: 0 };
    SYS_utimensat: LookAt { dirfd: Some(0), path: 1 };
    SYS_futimesat: LookAt { dirfd: Some(0), path: 1 };
    SYS_utimes: LookAt { dirfd: None, path: 0 };
    SYS_utime: LookAt { dirfd: None, path: 0 };
    SYS_chmod: LookAt { dirfd: None, path: 0 };
    SYS_fchmod: Look { fd: 0 };
    SYS_fchmodat: LookAt { dirfd: Some(0), path: 1 };
    SYS_fchmodat2: LookAt { dirfd: Some(0), path: 1 };
    SYS_chown: LookAt { dirfd: None, path: 0 };
    SYS_lchown: LookAt { dirfd: None, path: 0 };
    SYS_fchown: Look { fd: 0 };
    SYS_fchownat: LookAt { dirfd: Some(0), path: 1 };
    SYS_close: Close { fd: 0 };
    SYS_nanosleep: Sleep;
    SYS_clock_nanosleep: Sleep;
}

/// The tables' entry for `number`, if a filter stops on it.
pub(crate) fn lookup(number: u64) -> Option<&'static Syscall> {
    let mut all = CHANGES.iter().chain(LOOKS);
    all.find(|syscall| syscall.number as u64 == number)
}

/// The tables' own copy of a call's name, if a filter stops on it.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    let mut all = CHANGES.iter().chain(LOOKS);
    all.find(|syscall| syscall.name == name).map(|syscall| syscall.name)
}
