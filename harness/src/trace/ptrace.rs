//! The ptrace requests and the wait, raw.
//!
//! `nix` has most of them, but decodes signals into an enum without the real-time ones: a wait status
//! that carries such a signal would be lost. So the wait status is decoded here.
#![allow(unsafe_code, reason = "ptrace and waitpid have no safe interface that keeps every signal")]

use std::{io, mem, ptr};

use libc::{c_int, c_long, c_void, pid_t};

/// A thread (or the process it leads), as the kernel numbers it.
pub(crate) type Tid = pid_t;

/// `PTRACE_EVENT_STOP` (`linux/ptrace.h`), which libc does not export for every target.
const PTRACE_EVENT_STOP: c_int = 128;

/// Follow every child, stop where the filter says so, and let no tracee outlive the tracer's thread.
const OPTIONS: c_int = libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_EXITKILL;

/// What a wait reported of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Held before a call that the filter stops on.
    Seccomp,
    /// Held after a call whose result was asked for.
    Exit,
    /// Held right after a successful exec.
    Exec,
    /// Held after creating the given process, which is traced too.
    Forked(Tid),
    /// Held after creating the given thread, or a process by an unusual way; traced too.
    Cloned(Tid),
    /// Held at its very start, or on request.
    Started,
    /// Stopped by job control.
    GroupStop,
    /// About to be given a signal.
    Signal(c_int),
    /// Ended with a code.
    Exited(c_int),
    /// Ended by a signal.
    Killed(c_int),
    /// Something that needs no answer but to go on.
    Other,
}

/// The number and arguments of the call that a thread is held before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallInfo {
    pub(crate) number: u64,
    pub(crate) arguments: [u64; 6],
}

fn request(request: libc::c_uint, tid: Tid, address: usize, data: usize) -> io::Result<c_long> {
    // SAFETY: every caller below passes an address and data that this request takes; requests that
    // write to memory are not made through this function.
    let result = unsafe { libc::ptrace(request, tid, address as *mut c_void, data as *mut c_void) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Attaches to a process without stopping it.
pub(crate) fn seize(tid: Tid) -> io::Result<()> {
    request(libc::PTRACE_SEIZE, tid, 0, OPTIONS as usize).map(drop)
}

/// Lets a held thread run until the filter stops it, delivering `signal` (0 for none).
pub(crate) fn resume(tid: Tid, signal: c_int) -> io::Result<()> {
    request(libc::PTRACE_CONT, tid, 0, signal as usize).map(drop)
}

/// Lets a held thread finish its call and holds it again there.
pub(crate) fn resume_to_exit(tid: Tid) -> io::Result<()> {
    request(libc::PTRACE_SYSCALL, tid, 0, 0).map(drop)
}

/// Leaves a thread in its job-control stop, but listens for the end of it.
pub(crate) fn listen(tid: Tid) -> io::Result<()> {
    request(libc::PTRACE_LISTEN, tid, 0, 0).map(drop)
}

/// What call a thread is held before.
pub(crate) fn call_info(tid: Tid) -> io::Result<CallInfo> {
    // SAFETY: the structure is plain old data, for which zeroes are valid.
    let mut info: libc::ptrace_syscall_info = unsafe { mem::zeroed() };
    let size = size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes to `info`.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, tid, size, ptr::from_mut(&mut info)) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    if info.op != libc::PTRACE_SYSCALL_INFO_SECCOMP {
        return Err(io::Error::other("the thread is not held at a filter stop"));
    }
    // SAFETY: `op` says that this is the member of the union that was written.
    let seccomp = unsafe { info.u.seccomp };
    Ok(CallInfo { number: seccomp.nr, arguments: seccomp.args })
}

/// What the call has returned that a thread is held after: a value, or a negative error number.
pub(crate) fn call_result(tid: Tid) -> io::Result<i64> {
    // SAFETY: the structure is plain old data, for which zeroes are valid.
    let mut info: libc::ptrace_syscall_info = unsafe { mem::zeroed() };
    let size = size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes to `info`.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, tid, size, ptr::from_mut(&mut info)) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    if info.op != libc::PTRACE_SYSCALL_INFO_EXIT {
        return Err(io::Error::other("the thread is not held after a call"));
    }
    // SAFETY: `op` says that this is the member of the union that was written.
    Ok(unsafe { info.u.exit }.sval)
}

/// Waits for news of any child or tracee of the calling thread; without `block`, `None` means no news.
///
/// # Errors
/// `ECHILD` when there is nothing to wait for.
pub(crate) fn wait(block: bool) -> io::Result<Option<(Tid, Wait)>> {
    let flags = libc::__WALL | libc::__WNOTHREAD | if block { 0 } else { libc::WNOHANG };
    let mut status = 0;
    let tid = loop {
        // SAFETY: the kernel writes one c_int to `status`.
        let tid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
        if tid >= 0 {
            break tid;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    };
    Ok((tid != 0).then(|| (tid, decode(tid, status))))
}

fn decode(tid: Tid, status: c_int) -> Wait {
    if libc::WIFEXITED(status) {
        return Wait::Exited(libc::WEXITSTATUS(status));
    }
    if libc::WIFSIGNALED(status) {
        return Wait::Killed(libc::WTERMSIG(status));
    }
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        0 if signal == libc::SIGTRAP | 0x80 => Wait::Exit,
        0 => Wait::Signal(signal),
        libc::PTRACE_EVENT_SECCOMP => Wait::Seccomp,
        libc::PTRACE_EVENT_EXEC => Wait::Exec,
        libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK => {
            event_message(tid).map_or(Wait::Other, |child| Wait::Forked(child as Tid))
        }
        libc::PTRACE_EVENT_CLONE => {
            event_message(tid).map_or(Wait::Other, |child| Wait::Cloned(child as Tid))
        }
        PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Wait::Started,
        PTRACE_EVENT_STOP => Wait::GroupStop,
        _ => Wait::Other,
    }
}

fn event_message(tid: Tid) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the kernel writes one unsigned long to `message`.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, tid, 0, ptr::from_mut(&mut message)) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(message) }
}
