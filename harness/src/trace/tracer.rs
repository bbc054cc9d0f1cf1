//! One tracer: the threads and processes that the calling thread traces, and the news of them.
//!
//! It answers by itself everything that has nothing to do with faults (new threads, signals, job
//! control, calls to refuse) and hands out the rest. A tracer belongs to the thread that made it: the
//! kernel ties tracees to threads, and ends them with it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::{sys::signal::Signal, unistd::Pid};
use seccompiler::BpfProgram;

use super::{
    decode::{self, Meaning, decode},
    descriptors::Descriptors,
    filter::{self, Interest},
    held::HeldCall,
    ptrace,
    ptrace::{Tid, Wait},
    registers::{self, Saved},
    spawn::{ChildStreams, Launch, fork_gated},
    syscall::{Shape, lookup},
};

/// What a refused attach means in practice.
const NOT_PERMITTED: &str = "ptrace is not permitted here; see /proc/sys/kernel/yama/ptrace_scope, and in a \
                             container allow it (SYS_PTRACE)";

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an exit code.
    Exited(i32),
    /// By a signal.
    Signalled(i32),
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "it exited with code {code}"),
            Self::Signalled(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(f, "it was ended by {signal}"),
                Err(_) => write!(f, "it was ended by signal {number}"),
            },
        }
    }
}

/// Threads of one process. No backend has use for more; each costs the machine memory.
const THREADS_MAX: usize = 512;

/// News that a client of the tracer has to act on.
#[derive(Debug)]
pub(crate) enum News {
    /// A thread is held before a change. Somebody must resume it or kill its process.
    Change(HeldCall),
    /// A thread is held before it writes this many bytes to the pipe with this inode number.
    Pipe { tid: Tid, inode: u64, bytes: u64 },
    /// A thread is held after a call whose result was asked for.
    Returned(Tid),
    /// A process has come to have more threads than [`THREADS_MAX`]; they run on.
    Crowded(Tid),
    /// A thread created a process, which runs on.
    Forked { parent: Tid, child: Tid },
    /// A process that the tracer watches has ended.
    Ended { process: Tid, ending: Ending },
    /// A file below the root was mapped for shared writing.
    SharedMapping,
    /// A file outside the root is changed, or was opened to be, which others may read.
    Outside { path: PathBuf },
    /// A thread asked to sleep, and was told that it has.
    Slept,
    /// A thread's memory or descriptors may not be read, so nobody knows what it does.
    Hidden,
    /// Input and output that bypasses system calls was asked for, and refused.
    Bypass,
}

/// See the module.
pub(crate) struct Tracer {
    interest: Interest,
    filter: BpfProgram,
    /// Processes and the files of which they have asked for a lock: closing those may give it up.
    locked: HashMap<Tid, HashSet<Inode>>,
    /// Whether any has ever asked for a lock.
    has_seen_locks: bool,
    /// Changes below this directory are events. None: nothing is.
    root: Option<PathBuf>,
    reports_changes: bool,
    /// Every traced thread and the process that it belongs to.
    threads: HashMap<Tid, Tid>,
    /// A new thread's first stop may come before its parent's report of it.
    early: HashMap<Tid, Wait>,
    /// Endings of this thread's untraced children that a wait happened to collect.
    strangers: BTreeMap<Tid, Ending>,
    descriptors: Descriptors,
}

impl Tracer {
    /// A tracer without tracees, for what is of interest in them.
    pub(crate) fn new(interest: Interest) -> io::Result<Self> {
        Ok(Self {
            interest,
            filter: filter::program(interest).map_err(io::Error::other)?,
            locked: HashMap::new(),
            has_seen_locks: false,
            root: None,
            reports_changes: true,
            threads: HashMap::new(),
            early: HashMap::new(),
            strangers: BTreeMap::new(),
            descriptors: Descriptors::default(),
        })
    }

    /// What is of interest in processes that are started from now on.
    pub(crate) fn set_interest(&mut self, interest: Interest) -> io::Result<()> {
        if self.interest != interest {
            self.filter = filter::program(interest).map_err(io::Error::other)?;
            self.interest = interest;
        }
        Ok(())
    }

    /// See [`Self::set_interest`].
    pub(crate) fn interest(&self) -> Interest {
        self.interest
    }

    /// Whether any process has asked for a lock since this was asked.
    pub(crate) fn take_locks_seen(&mut self) -> bool {
        std::mem::take(&mut self.has_seen_locks)
    }

    /// Whether changes are reported at all. While they are not, calls that can be nothing else are not even
    /// decoded.
    pub(crate) fn report_changes(&mut self, wanted: bool) {
        self.reports_changes = wanted;
    }

    /// From now on, changes below `root` (absolute, without links) are reported.
    pub(crate) fn watch(&mut self, root: Option<&Path>) {
        self.root = root.map(Path::to_owned);
        self.locked.clear();
    }

    /// Starts a traced process and returns once it has become the program.
    pub(crate) fn spawn(&mut self, launch: &Launch, streams: &ChildStreams<'_>) -> io::Result<Pid> {
        let mut child = fork_gated(launch, streams, Some(&self.filter))?;
        let pid = child.pid;
        ptrace::seize(pid.as_raw())
            .map_err(|error| io::Error::new(error.kind(), format!("{NOT_PERMITTED} ({error})")))?;
        self.threads.insert(pid.as_raw(), pid.as_raw());
        child.open()?;
        loop {
            let (tid, wait) = ptrace::wait(true)?.expect("a blocking wait has news");
            match wait {
                Wait::Exec if tid == pid.as_raw() => {
                    ptrace::resume(tid, 0)?;
                    return Ok(pid);
                }
                Wait::Exited(_) | Wait::Killed(_) if tid == pid.as_raw() => {
                    self.threads.remove(&tid);
                    return Err(child.failure());
                }
                // Its report of a failed exec is a write, which the filter stops on.
                Wait::Seccomp if tid == pid.as_raw() => ptrace::resume(tid, 0)?,
                other => {
                    self.handle(tid, other)?;
                }
            }
        }
    }

    /// Waits for news; without `block`, `None` means that there is none yet.
    ///
    /// # Errors
    /// `ECHILD` when no tracee is left.
    pub(crate) fn next(&mut self, block: bool) -> io::Result<Option<News>> {
        loop {
            let Some((tid, wait)) = ptrace::wait(block)? else { return Ok(None) };
            if let Some(news) = self.handle(tid, wait)? {
                return Ok(Some(news));
            }
        }
    }

    /// Lets a held thread go on.
    #[expect(clippy::unused_self, reason = "only the thread that has the tracer may resume")]
    pub(crate) fn release(&self, tid: Tid) -> io::Result<()> {
        gone_is_fine(ptrace::resume(tid, 0))
    }

    /// Lets a held thread finish its call; [`News::Returned`] follows.
    #[expect(clippy::unused_self, reason = "only the thread that has the tracer may resume")]
    pub(crate) fn release_to_exit(&self, tid: Tid) -> io::Result<()> {
        gone_is_fine(ptrace::resume_to_exit(tid))
    }

    /// Takes what a held thread is about to write to a pipe, and lets it go on as if it had. `None`, and it is still
    /// held, where that is not in one buffer. The caller sees to it that it is not much.
    pub(crate) fn take_write(&self, tid: Tid) -> io::Result<Option<Vec<u8>>> {
        let taken = registers::take_write(tid)?;
        if taken.is_some() {
            self.release(tid)?;
        }
        Ok(taken)
    }

    /// Cuts a held write to `keep` bytes and lets it finish; [`News::Returned`] follows, and a process that
    /// lives on needs [`Self::restore`] then.
    #[expect(clippy::unused_self, reason = "only the thread that has the tracer may resume")]
    pub(crate) fn shorten(&self, call: &HeldCall, keep: u64) -> io::Result<Saved> {
        let saved = registers::shorten_write(call.tid, call.shape, keep)?;
        ptrace::resume_to_exit(call.tid)?;
        Ok(saved)
    }

    /// Gives a thread that is held after a shortened write its registers back.
    #[expect(clippy::unused_self, reason = "only the thread that has the tracer may resume")]
    pub(crate) fn restore(&self, tid: Tid, saved: &Saved) -> io::Result<()> {
        Ok(registers::restore(tid, saved)?)
    }

    /// Lets a held thread go on as if its call had failed with this error number.
    pub(crate) fn fail(&self, tid: Tid, errno: i32) -> io::Result<()> {
        registers::answer(tid, -i64::from(errno))?;
        self.release(tid)
    }

    /// Lets a held call for a lock finish, which fails with `EAGAIN` instead of waiting; [`News::Returned`]
    /// follows, and then [`Self::restore`] or [`Self::repeat`].
    #[expect(clippy::unused_self, reason = "only the thread that has the tracer may resume")]
    pub(crate) fn try_lock(&self, tid: Tid) -> io::Result<Saved> {
        let saved = registers::try_lock(tid)?;
        ptrace::resume_to_exit(tid)?;
        Ok(saved)
    }

    /// Has a thread that is held after a call make it again; it is soon held before it.
    pub(crate) fn repeat(&self, tid: Tid, saved: &Saved) -> io::Result<()> {
        registers::repeat(tid, saved)?;
        self.release(tid)
    }

    /// What the call has returned that a thread is held after: a value, or a negative error number.
    #[expect(clippy::unused_self, reason = "only the thread that has the tracer may ask")]
    pub(crate) fn result(&self, tid: Tid) -> io::Result<i64> {
        ptrace::call_result(tid)
    }

    /// The process that a traced thread belongs to.
    pub(crate) fn process_of(&self, tid: Tid) -> Option<Tid> {
        self.threads.get(&tid).copied()
    }

    /// The threads of those processes that are wanted, ascending.
    pub(crate) fn threads_of(&self, wanted: impl Fn(Tid) -> bool) -> Vec<Tid> {
        let wanted = self.threads.iter().filter(|(_, process)| wanted(**process));
        let mut threads: Vec<Tid> = wanted.map(|(tid, _)| *tid).collect();
        threads.sort_unstable();
        threads
    }

    /// The traced processes.
    pub(crate) fn processes(&self) -> Vec<Tid> {
        let mut processes: Vec<Tid> = self.threads.values().copied().collect();
        processes.sort_unstable();
        processes.dedup();
        processes
    }

    /// Kills traced processes with SIGKILL and collects them. Stops of other tracees that arrive meanwhile are let go,
    /// so nothing else may be held.
    pub(crate) fn kill(&mut self, processes: &[Tid]) -> io::Result<()> {
        // A process that has been collected already is not to be named any more.
        let watched = self.processes();
        for &process in processes.iter().filter(|process| watched.contains(process)) {
            gone_is_fine(
                nix::sys::signal::kill(Pid::from_raw(process), Signal::SIGKILL).map_err(Into::into),
            )?;
        }
        while self.threads.values().any(|process| processes.contains(process)) {
            match self.next(true) {
                Ok(Some(
                    News::Change(HeldCall { tid, .. })
                    | News::Pipe { tid, .. }
                    | News::Returned(tid),
                )) => {
                    // A thread with a fatal signal pending cannot be resumed into its call.
                    self.release(tid)?;
                }
                // A child that was born between the kill and its delivery belongs to the dead.
                Ok(Some(News::Forked { parent, child }))
                    if self.process_of(parent).is_none_or(|parent| processes.contains(&parent)) =>
                {
                    let _ = nix::sys::signal::kill(Pid::from_raw(child), Signal::SIGKILL);
                }
                Ok(_) => {}
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => {
                    self.threads.retain(|_, process| !processes.contains(process));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Collects the ending of an untraced child of this thread, waiting for it.
    pub(crate) fn ending_of_stranger(&mut self, process: Tid) -> io::Result<Ending> {
        if let Some(ending) = self.strangers.remove(&process) {
            return Ok(ending);
        }
        loop {
            use nix::sys::wait::{WaitStatus, waitpid};
            match waitpid(Pid::from_raw(process), None)? {
                WaitStatus::Exited(_, code) => return Ok(Ending::Exited(code)),
                WaitStatus::Signaled(_, signal, _) => return Ok(Ending::Signalled(signal as i32)),
                _ => {}
            }
        }
    }

    fn handle(&mut self, tid: Tid, wait: Wait) -> io::Result<Option<News>> {
        let Some(&process) = self.threads.get(&tid) else {
            match wait {
                Wait::Exited(code) => drop(self.strangers.insert(tid, Ending::Exited(code))),
                Wait::Killed(signal) => drop(self.strangers.insert(tid, Ending::Signalled(signal))),
                // Not yet reported by its parent: leave it held until it is.
                other => drop(self.early.insert(tid, other)),
            }
            return Ok(None);
        };
        match wait {
            Wait::Seccomp => return self.held(tid),
            Wait::Exit => return Ok(Some(News::Returned(tid))),
            Wait::Forked(child) | Wait::Cloned(child) => {
                gone_is_fine(ptrace::resume(tid, 0))?;
                if self.strangers.remove(&child).is_some() {
                    // It has come and gone before its parent's report.
                    return Ok(None);
                }
                let child_process = match wait {
                    Wait::Cloned(_) => process_of_new(child).unwrap_or(child),
                    _ => child,
                };
                self.threads.insert(child, child_process);
                if self.early.remove(&child).is_some() {
                    gone_is_fine(ptrace::resume(child, 0))?;
                }
                if child_process == process {
                    let threads = self.threads.values().filter(|owner| **owner == process).count();
                    return Ok((threads > THREADS_MAX).then_some(News::Crowded(process)));
                }
                return Ok(Some(News::Forked { parent: tid, child }));
            }
            Wait::Exec => {
                // An exec ends the other threads of the process and gives the caller the leader's id.
                self.threads.retain(|other, owner| *owner != process || *other == tid);
                gone_is_fine(ptrace::resume(tid, 0))?;
            }
            Wait::GroupStop => gone_is_fine(ptrace::listen(tid))?,
            Wait::Signal(signal) => gone_is_fine(ptrace::resume(tid, signal))?,
            Wait::Started | Wait::Other => gone_is_fine(ptrace::resume(tid, 0))?,
            Wait::Exited(_) | Wait::Killed(_) => {
                self.threads.remove(&tid);
                if tid == process {
                    self.locked.remove(&process);
                    let ending = match wait {
                        Wait::Exited(code) => Ending::Exited(code),
                        Wait::Killed(signal) => Ending::Signalled(signal),
                        _ => unreachable!("matched above"),
                    };
                    return Ok(Some(News::Ended { process, ending }));
                }
            }
        }
        Ok(None)
    }

    /// Whether a thread's process has asked for a lock on what this descriptor refers to.
    fn has_locked(&self, tid: Tid, fd: i32) -> bool {
        let locked = self.process_of(tid).and_then(|process| self.locked.get(&process));
        locked.is_some_and(|locked| inode_of(tid, fd).is_some_and(|inode| locked.contains(&inode)))
    }

    fn held(&mut self, tid: Tid) -> io::Result<Option<News>> {
        let meaning = ptrace::call_info(tid).and_then(|call| {
            let Some(syscall) = lookup(call.number) else { return Ok(None) };
            // The filter lets no other `fcntl` stop.
            self.has_seen_locks |= matches!(syscall.name, "flock" | "fcntl");
            let flags = decode::open_flags(tid, syscall.shape, &call.arguments)?;
            // What processes share elsewhere may be opened at any time, and used later.
            let may_share =
                self.interest.includes_looks() && flags.is_some_and(decode::opens_to_change);
            if !self.reports_changes && syscall.shape.is_change_only() && !may_share {
                return Ok(None);
            }
            if let Shape::Close { fd } = syscall.shape
                && !self.has_locked(tid, call.arguments[fd] as i32)
            {
                return Ok(None);
            }
            let root = self.root.as_deref().unwrap_or(Path::new("/dev/null/nothing"));
            let meaning =
                decode(&mut self.descriptors, tid, syscall, &call, flags, root, self.interest)?;
            Ok(Some((syscall, call.arguments, flags, meaning)))
        });
        let (syscall, arguments, flags, meaning) = match meaning {
            Ok(Some(known)) => known,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.release(tid)?;
                return Ok(Some(News::Hidden));
            }
            // A path argument that is no address fails with EFAULT in the kernel too; a thread that is
            // going away no longer answers. Neither changes anything.
            Ok(None) | Err(_) => {
                self.release(tid)?;
                return Ok(None);
            }
        };
        Ok(match meaning {
            Meaning::Change { path, to, bytes } if self.root.is_some() && self.reports_changes => {
                let (name, shape) = (syscall.name, syscall.shape);
                let open_flags = flags.map(|flags| flags as i32);
                let call = HeldCall { tid, name, path, to, bytes, arguments, shape, open_flags };
                if call.may_block()
                    && let Some(process) = self.process_of(tid)
                    && let Some(inode) = call.descriptor().and_then(|fd| inode_of(tid, fd))
                {
                    self.locked.entry(process).or_default().insert(inode);
                }
                Some(News::Change(call))
            }
            Meaning::Elsewhere | Meaning::Change { .. } => {
                self.release(tid)?;
                None
            }
            Meaning::Pipe { inode, bytes } => Some(News::Pipe { tid, inode, bytes }),
            Meaning::SharedMapping => {
                self.release(tid)?;
                Some(News::SharedMapping)
            }
            Meaning::Bypass => {
                registers::answer(tid, -i64::from(libc::ENOSYS))?;
                self.release(tid)?;
                Some(News::Bypass)
            }
            Meaning::Outside { path } => {
                self.release(tid)?;
                self.root.is_some().then_some(News::Outside { path })
            }
            // Time passes at once where schedules decide what comes first.
            Meaning::Sleep => {
                registers::answer(tid, 0)?;
                self.release(tid)?;
                Some(News::Slept)
            }
            Meaning::Dumpable => {
                registers::answer(tid, 0)?;
                self.release(tid)?;
                None
            }
        })
    }
}

/// A tracee can be killed at any moment, by us too; then there is nobody to resume.
fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other,
    }
}

/// Device and number of an inode.
pub(crate) type Inode = (u64, u64);

/// What a descriptor of a thread refers to.
pub(crate) fn inode_of(tid: Tid, fd: i32) -> Option<Inode> {
    let metadata = fs::metadata(format!("/proc/{tid}/fd/{fd}")).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// The thread group of a thread that has just been created.
fn process_of_new(tid: Tid) -> Option<Tid> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::fd::OwnedFd};

    use super::*;

    /// The changes below a fresh root that a shell makes with `script`, where `$1` is the root.
    fn changes(script: &str) -> Vec<(&'static str, String)> {
        let root = tempfile::tempdir().expect("a root");
        let path = root.path().canonicalize().expect("it exists");
        let launch = Launch {
            program: "/bin/sh".into(),
            arguments: ["-c", script, "sh"]
                .map(Into::into)
                .into_iter()
                .chain([path.clone().into()])
                .collect(),
            environment: Vec::new(),
        };
        let null = || {
            OwnedFd::from(File::options().read(true).write(true).open("/dev/null").expect("opens"))
        };
        let (stdin, stdout, stderr) = (null(), null(), null());
        let streams =
            ChildStreams { stdin: &stdin, stdout: &stdout, stderr: &stderr, inherited: None };
        let mut tracer = Tracer::new(Interest::Changes).expect("the filter compiles");
        tracer.watch(Some(&path));
        let pid = tracer.spawn(&launch, &streams).expect("the shell starts").as_raw();
        let mut changes = Vec::new();
        loop {
            match tracer.next(true).expect("tracing works").expect("a blocking wait has news") {
                News::Change(call) => {
                    tracer.release(call.tid).expect("it is held");
                    changes.push((call.name, call.path));
                }
                News::Pipe { tid, .. } | News::Returned(tid) => {
                    tracer.release(tid).expect("it is held");
                }
                News::Ended { process, .. } if process == pid => return changes,
                _ => {}
            }
        }
    }

    #[test]
    fn writes_to_files_at_the_numbers_of_standard_streams_are_changes() {
        let found = changes(
            "cd \"$1\" && exec 0>zero 1>one 2>two && echo a >&0 && echo b && echo c >&2 && (echo d) >child",
        );
        let written: Vec<&str> =
            found.iter().filter(|(name, _)| *name == "write").map(|(_, path)| &**path).collect();
        assert_eq!(written, ["zero", "one", "two", "child"], "{found:?}");
    }
}
