//! Starting and burying a subject's processes: by exec, or through a fork server.
//!
//! A launcher belongs to one thread, as its tracer does. The traced and the plain side are apart, so that
//! a traced process can be held while a plain one works beside it.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::{self, IoSlice},
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    sync::Arc,
};

use nix::sys::socket::{ControlMessage, MsgFlags, recv, sendmsg};

use super::{
    Limits, Subject,
    ensemble::Member,
    log::Log,
    plain::Plain,
    streams::Streams,
    traced::Traced,
    watchdog,
    worker::{FORK, FORK_AND_REPORT, FORK_SERVER},
};
use crate::trace::{
    Interest, News, Tid, Tracer,
    spawn::{ChildStreams, Launch, fork_gated},
};

/// See the module.
pub(crate) struct Launcher {
    pub(crate) traced: TracedSide,
    pub(crate) plain: PlainSide,
}

/// Starts traced processes, one at a time.
pub(crate) struct TracedSide {
    subject: Arc<Subject>,
    limits: Limits,
    tracer: Tracer,
    /// Children inherit the filter of the server that they are forked from.
    servers: BTreeMap<Interest, Server>,
}

/// Starts processes that nobody traces.
pub(crate) struct PlainSide {
    subject: Arc<Subject>,
    limits: Limits,
    server: Option<Server>,
}

/// A running fork server.
struct Server {
    pid: Tid,
    control: UnixStream,
    log: Log,
}

impl Launcher {
    /// A launcher for `subject`, whose traced processes stop at changes; nothing is started yet.
    pub(crate) fn new(subject: &Arc<Subject>, limits: Limits) -> io::Result<Self> {
        Self::with(subject, limits, Interest::Changes)
    }

    /// A launcher for `subject`, whose traced processes stop at whatever another process can change or notice.
    pub(crate) fn for_schedules(subject: &Arc<Subject>, limits: Limits) -> io::Result<Self> {
        Self::with(subject, limits, Interest::ChangesAndLooks)
    }

    fn with(subject: &Arc<Subject>, limits: Limits, interest: Interest) -> io::Result<Self> {
        Ok(Self {
            traced: TracedSide {
                subject: Arc::clone(subject),
                limits,
                tracer: Tracer::new(interest)?,
                servers: BTreeMap::new(),
            },
            plain: PlainSide { subject: Arc::clone(subject), limits, server: None },
        })
    }

    /// Kills a plain process and collects it.
    pub(crate) fn bury(&mut self, process: &Plain) -> io::Result<()> {
        process.kill();
        if process.leads_session {
            self.traced.tracer.ending_of_stranger(process.pid)?;
        }
        Ok(())
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        // A server that does not end is ended by its parent-death or by the watchdog's owner; there is
        // nobody to tell.
        for server in self.traced.servers.values() {
            let _ = self.traced.tracer.kill(&[server.pid]);
        }
        if let Some(server) = self.plain.server.take() {
            let _ = nix::sys::signal::killpg(
                nix::unistd::Pid::from_raw(server.pid),
                nix::sys::signal::Signal::SIGKILL,
            );
            let _ = self.traced.tracer.ending_of_stranger(server.pid);
        }
    }
}

impl TracedSide {
    /// Starts a process that is traced from its first instruction.
    pub(crate) fn start(&mut self) -> io::Result<Traced<'_>> {
        let (pid, server, streams, log) = self.spawn()?;
        let guard = watchdog::guard(pid, &self.limits);
        Ok(Traced::new(&mut self.tracer, pid, server, streams, log, guard, self.limits))
    }

    /// Starts one of several traced processes.
    pub(super) fn launch(&mut self) -> io::Result<Member> {
        let (pid, server, streams, log) = self.spawn()?;
        let guard = watchdog::guard(pid, &self.limits);
        Ok(Member::new(pid, server, streams, log, guard, self.limits))
    }

    pub(super) fn tracer(&mut self) -> &mut Tracer {
        &mut self.tracer
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The new process, the fork server that it came from, and the ends of its pipes.
    fn spawn(&mut self) -> io::Result<(Tid, Option<Tid>, Streams, Log)> {
        let (streams, stdin, stdout) = Streams::new(self.limits.line_bytes)?;
        let (pid, server, log) = if self.subject.forks {
            let interest = self.tracer.interest();
            let server = match self.servers.entry(interest) {
                Entry::Occupied(running) => running.into_mut(),
                Entry::Vacant(none) => {
                    let tracer = &mut self.tracer;
                    none.insert(Server::start(&self.subject.launch, |launch, streams| {
                        tracer.spawn(launch, streams).map(nix::unistd::Pid::as_raw)
                    })?)
                }
            };
            server.request(FORK, &stdin, &stdout)?;
            let child = loop {
                match self.tracer.next(true)? {
                    Some(News::Forked { child, .. }) => break child,
                    Some(News::Ended { process, ending }) if process == server.pid => {
                        let last = server.log.last_words(true);
                        self.servers.remove(&interest);
                        return Err(io::Error::other(format!(
                            "the fork server ended: {ending}{last}"
                        )));
                    }
                    Some(News::Change(call)) => self.tracer.release(call.tid)?,
                    Some(News::Pipe { tid, .. } | News::Returned(tid)) => {
                        self.tracer.release(tid)?;
                    }
                    _ => {}
                }
            };
            (child, Some(server.pid), server.log.clone())
        } else {
            let (log, stderr) = Log::new()?;
            let child =
                ChildStreams { stdin: &stdin, stdout: &stdout, stderr: &stderr, inherited: None };
            (self.tracer.spawn(&self.subject.launch, &child)?.as_raw(), None, log)
        };
        Ok((pid, server, streams, log))
    }
}

impl PlainSide {
    /// What its processes may use.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Starts a process that nobody traces.
    pub(crate) fn start(&mut self) -> io::Result<Plain> {
        let (streams, stdin, stdout) = Streams::new(self.limits.line_bytes)?;
        let (pid, log) = if self.subject.forks {
            if self.server.is_none() {
                self.server = Some(Server::start(&self.subject.launch, |launch, streams| {
                    Ok(fork_gated(launch, streams, None)?.open_and_wait()?.as_raw())
                })?);
            }
            let server = self.server.as_ref().expect("started above");
            server.request(FORK_AND_REPORT, &stdin, &stdout)?;
            (server.reported_child()?, server.log.clone())
        } else {
            let (log, stderr) = Log::new()?;
            let child =
                ChildStreams { stdin: &stdin, stdout: &stdout, stderr: &stderr, inherited: None };
            let launch = &self.subject.launch;
            (fork_gated(launch, &child, None)?.open_and_wait()?.as_raw(), log)
        };
        Ok(Plain {
            pid,
            streams,
            log,
            guard: watchdog::guard(pid, &self.limits),
            limits: self.limits,
            leads_session: !self.subject.forks,
            next_id: 0,
            pipelines: false,
            broken: None,
            misspoke: false,
            kill_at: None,
        })
    }
}

impl Server {
    fn start(
        launch: &Launch,
        spawn: impl FnOnce(&Launch, &ChildStreams<'_>) -> io::Result<Tid>,
    ) -> io::Result<Self> {
        let (control, theirs) = UnixStream::pair()?;
        let theirs = OwnedFd::from(theirs);
        let mut launch = launch.clone();
        launch.environment.push((FORK_SERVER, theirs.as_raw_fd().to_string().into()));
        let (log, stderr) = Log::new()?;
        // Its children get streams of their own; it has no use for any.
        let nothing =
            OwnedFd::from(std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?);
        let streams = ChildStreams {
            stdin: &nothing,
            stdout: &nothing,
            stderr: &stderr,
            inherited: Some(&theirs),
        };
        let pid = spawn(&launch, &streams)?;
        Ok(Self { pid, control, log })
    }

    fn request(&self, what: u8, stdin: &OwnedFd, stdout: &OwnedFd) -> io::Result<()> {
        let streams: [RawFd; 2] = [stdin.as_raw_fd(), stdout.as_raw_fd()];
        sendmsg::<()>(
            self.control.as_raw_fd(),
            &[IoSlice::new(&[what])],
            &[ControlMessage::ScmRights(&streams)],
            MsgFlags::MSG_NOSIGNAL,
            None,
        )?;
        Ok(())
    }

    fn reported_child(&self) -> io::Result<Tid> {
        let mut id = [0; 4];
        match recv(self.control.as_raw_fd(), &mut id, MsgFlags::MSG_WAITALL)? {
            4 => Ok(Tid::from_ne_bytes(id)),
            _ => {
                Err(io::Error::other(format!("the fork server ended{}", self.log.last_words(true))))
            }
        }
    }
}
