//! Starting a subject's process, traced from its first instruction or not traced at all.
//!
//! A traced child waits until the tracer has attached, then installs the filter and execs: a filter
//! without a tracer would make the calls that it stops on fail with ENOSYS.
#![allow(unsafe_code, reason = "fork, and what its child may do before exec")]

use std::{
    ffi::{CString, OsString},
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::PathBuf,
    ptr,
};

use nix::{
    fcntl::{FcntlArg, FdFlag, OFlag, fcntl},
    sys::{
        prctl::set_pdeathsig,
        signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask},
    },
    unistd::{ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, fork, pipe2, setsid},
};
use seccompiler::BpfProgram;

/// Exit code of a child that could not become the program.
const EXEC_FAILED: i32 = 127;

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// Absolute path, or relative with a `/` in it.
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Added to the environment of this process.
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

/// The child's ends of its standard streams, and a further descriptor that it inherits under its own
/// number.
pub(crate) struct ChildStreams<'a> {
    pub(crate) stdin: &'a OwnedFd,
    pub(crate) stdout: &'a OwnedFd,
    pub(crate) stderr: &'a OwnedFd,
    pub(crate) inherited: Option<&'a OwnedFd>,
}

/// A child that is about to exec, held at its gate until [`Gated::open`].
pub(crate) struct Gated {
    pub(crate) pid: Pid,
    program: PathBuf,
    gate: io::PipeWriter,
    failure: io::PipeReader,
}

/// The program could not be executed, which is no fault of the harness.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be executed: {cause}", .program.display())]
pub(crate) struct NotExecutable {
    program: PathBuf,
    cause: io::Error,
}

impl Gated {
    /// Lets the child go on to exec.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        self.gate.write_all(&[1])
    }

    /// After the child has gone: why it could not exec.
    pub(crate) fn failure(mut self) -> io::Error {
        let mut errno = [0; 4];
        match self.failure.read_exact(&mut errno) {
            Ok(()) => not_started(self.program, i32::from_ne_bytes(errno)),
            Err(_) => io::Error::other("it ended before it could start the program"),
        }
    }

    /// For a child that nobody traces: opens the gate and waits until exec has succeeded or failed.
    pub(crate) fn open_and_wait(mut self) -> io::Result<Pid> {
        self.open()?;
        let mut errno = [0; 4];
        if self.failure.read_exact(&mut errno).is_err() {
            // The write end closed on exec: the program runs.
            return Ok(self.pid);
        }
        let _ = nix::sys::wait::waitpid(self.pid, None);
        Err(not_started(self.program, i32::from_ne_bytes(errno)))
    }
}

fn not_started(program: PathBuf, errno: i32) -> io::Error {
    let cause = io::Error::from_raw_os_error(errno);
    match errno {
        libc::ENOENT | libc::EACCES | libc::ENOEXEC | libc::ENOTDIR | libc::ELOOP => {
            io::Error::other(NotExecutable { program, cause })
        }
        // The child failed in what it does for the harness before it execs.
        _ => cause,
    }
}

/// Forks a child with these streams in a session of its own. With a filter, it installs that before it
/// execs.
pub(crate) fn fork_gated(
    launch: &Launch,
    streams: &ChildStreams<'_>,
    filter: Option<&BpfProgram>,
) -> io::Result<Gated> {
    // All memory is allocated here: between fork and exec the child may not.
    let program = CString::new(launch.program.as_os_str().as_bytes())?;
    let arguments = std::iter::once(launch.program.as_os_str())
        .chain(launch.arguments.iter().map(OsString::as_os_str))
        .map(|argument| CString::new(argument.as_bytes()))
        .collect::<Result<Vec<_>, _>>()?;
    let environment = environment(launch)?;
    let argument_pointers = pointers(&arguments);
    let environment_pointers = pointers(&environment);
    let (gate_reader, gate) = pipe()?;
    let (failure, mut failure_writer) = pipe()?;

    let parent = Pid::this();

    // SAFETY: the child calls only async-signal-safe functions until it execs or exits.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            Ok(Gated { pid: child, program: launch.program.clone(), gate, failure })
        }
        ForkResult::Child => {
            let become_program = || -> nix::Result<()> {
                die_with_parent(parent)?;
                setsid()?;
                dup2_stdin(streams.stdin)?;
                dup2_stdout(streams.stdout)?;
                dup2_stderr(streams.stderr)?;
                if let Some(fd) = streams.inherited {
                    fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
                }
                // The harness ignores SIGPIPE, as every Rust program does; a subject starts with the
                // default, and with nothing blocked.
                // SAFETY: no handler is installed.
                unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
                sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
                let mut byte = [0];
                nix::unistd::read(&gate_reader, &mut byte)?;
                if let Some(filter) = filter {
                    seccompiler::apply_filter(filter).map_err(|_| nix::Error::EPERM)?;
                }
                // SAFETY: NUL-terminated strings in NULL-terminated arrays, all alive.
                nix::Error::result(unsafe {
                    libc::execve(
                        program.as_ptr(),
                        argument_pointers.as_ptr(),
                        environment_pointers.as_ptr(),
                    )
                })?;
                Ok(())
            };
            let errno = become_program().err().unwrap_or(nix::Error::EIO) as i32;
            let _ = failure_writer.write_all(&errno.to_ne_bytes());
            // SAFETY: ends the child without running the parent's exit handlers.
            unsafe { libc::_exit(EXEC_FAILED) }
        }
    }
}

/// Has the kernel kill this process when the thread that forked it ends, however that comes: a subject that
/// hangs does not notice the end of its input.
pub(crate) fn die_with_parent(parent: Pid) -> nix::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    // It may have ended before that.
    if Pid::parent() == parent { Ok(()) } else { Err(nix::Error::ESRCH) }
}

fn environment(launch: &Launch) -> io::Result<Vec<CString>> {
    let inherited = std::env::vars_os()
        .filter(|(name, _)| launch.environment.iter().all(|(own, _)| name != *own));
    let own = launch.environment.iter().map(|(name, value)| (OsString::from(name), value.clone()));
    inherited
        .chain(own)
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            Ok(CString::new(name.as_bytes())?)
        })
        .collect()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// A pipe whose ends close on exec.
pub(crate) fn pipe() -> io::Result<(io::PipeReader, io::PipeWriter)> {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
    Ok((reader.into(), writer.into()))
}

/// Makes reads from, or writes to, a descriptor return at once.
pub(crate) fn set_nonblocking(fd: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: the descriptor is open for the length of this borrow.
    let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd.as_raw_fd()) };
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}
