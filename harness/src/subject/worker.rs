//! The other side of the pipes: the process that runs a Rust backend and answers requests.
//!
//! The executable that certifies a Rust backend re-executes itself as the worker. Asked to, the worker is a
//! fork server: it forks a child for every trial, which serves the pipes that came with the request. A
//! fork is what makes real kills cheap; it asks that the worker has a single thread until then.
#![allow(unsafe_code, reason = "fork, and descriptors by number")]

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    io::{self, BufRead, BufReader, IoSliceMut, Read, Write},
    os::fd::{FromRawFd, OwnedFd, RawFd},
    path::Path,
    process::exit,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use crashworthy::{ErrorKind, StorageBackend, StoragePath};
use nix::{
    sys::{
        signal::{SigHandler, Signal, signal},
        socket::{ControlMessageOwned, MsgFlags, recvmsg, send},
    },
    unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, fork},
};
use serde_json::{Value, json};

use super::{
    Backend,
    ensemble::ACTOR_THREAD,
    protocol::{
        Call, Hello, PIPELINING, PROTOCOL_VERSION, RECOVER, Refusal, Request, Response, THREADS,
    },
};
use crate::trace::spawn::die_with_parent;

/// Names the backend that this process is to serve.
pub(crate) const WORKER: &str = "CRASHWORTHY_WORKER";
/// Holds the descriptor number of a fork server's control socket.
pub(crate) const FORK_SERVER: &str = "CRASHWORTHY_FORK_SERVER";

/// Asks a fork server for a child; its process id is to be sent back.
pub(crate) const FORK_AND_REPORT: u8 = b'r';
/// Asks a fork server for a child whose id the tracer learns by itself.
pub(crate) const FORK: u8 = b'f';

/// Becomes the worker of one of `backends` and does not return, if that is what this process was
/// started for; returns at once otherwise. To be called first in `main`, before any thread exists.
pub fn become_worker_if_asked(backends: &[Backend]) {
    let Ok(name) = env::var(WORKER) else { return };
    let Some(backend) = backends.iter().find(|backend| backend.name == name) else {
        eprintln!("this executable has no backend {name:?}");
        exit(1);
    };
    let control = env::var(FORK_SERVER).ok().and_then(|fd| fd.parse::<RawFd>().ok());
    let served = match control {
        // SAFETY: the harness passed this descriptor to this process for this very use.
        Some(fd) => serve_forks(backend, &unsafe { OwnedFd::from_raw_fd(fd) }),
        None => serve(backend),
    };
    if let Err(error) = served {
        eprintln!("the worker of {name:?} failed: {error}");
        exit(1);
    }
    exit(0);
}

/// Forks a child for every request on `control`, until its other end closes.
fn serve_forks(backend: &Backend, control: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // The kernel collects the children: nobody here waits for them.
    // SAFETY: no handler is installed.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    loop {
        let mut request = [0];
        let mut space = nix::cmsg_space!([RawFd; 2]);
        let (len, streams) = {
            let mut buffer = [IoSliceMut::new(&mut request)];
            let message = recvmsg::<()>(
                control.as_raw_fd(),
                &mut buffer,
                Some(&mut space),
                MsgFlags::MSG_CMSG_CLOEXEC,
            )?;
            let mut streams = Vec::new();
            for control in message.cmsgs()? {
                if let ControlMessageOwned::ScmRights(fds) = control {
                    // SAFETY: the kernel has just made these descriptors for this process.
                    streams.extend(fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
                }
            }
            (message.bytes, streams)
        };
        if len == 0 {
            return Ok(());
        }
        let [stdin, stdout] = &streams[..] else {
            return Err(io::Error::other("a fork request without its two streams"));
        };
        let server = Pid::this();
        // SAFETY: this process has one thread, so the child may do what it likes.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => {
                if request == [FORK_AND_REPORT] {
                    let id = child.as_raw().to_ne_bytes();
                    send(control.as_raw_fd(), &id, MsgFlags::empty())?;
                }
            }
            ForkResult::Child => {
                die_with_parent(server)?;
                // A backend may start programs and wait for them.
                // SAFETY: no handler is installed.
                unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
                dup2_stdin(stdin)?;
                dup2_stdout(stdout)?;
                drop(streams);
                return serve(backend);
            }
        }
    }
}

/// Answers requests on stdin until it ends.
fn serve(backend: &Backend) -> io::Result<()> {
    // Descriptor 0 itself: reads of another one would be looked at by who schedules calls.
    let mut requests = BufReader::new(StdinNow);
    let mut instance = None;
    let mut threads = Threads::default();
    let mut line = Vec::new();
    let mut answers = Vec::new();
    loop {
        line.clear();
        if requests.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let response = match serde_json::from_slice::<Request>(&line) {
            Ok(Request { id, thread: Some(thread), call }) => {
                threads.run(thread, id, instance.clone(), call)?;
                continue;
            }
            Ok(Request { id, thread: None, call }) => {
                response(id, answer(backend, &mut instance, call))
            }
            Err(error) => Response {
                id: 0,
                ok: None,
                error: Some(Refusal {
                    kind: ErrorKind::Unsupported,
                    message: format!("not a request of the protocol: {error}"),
                }),
                fault: None,
            },
        };
        serde_json::to_writer(&mut answers, &response)?;
        answers.push(b'\n');
        // An answer is out before the next request is waited for.
        if !requests.buffer().contains(&b'\n') {
            locked_stdout().write_all(&answers)?;
            answers.clear();
        }
    }
}

/// Threads that run operations beside each other, by number.
#[derive(Default)]
struct Threads(BTreeMap<usize, mpsc::Sender<Job>>);

/// An operation on an instance, and the request that asks for it.
struct Job {
    id: u64,
    instance: Option<Arc<dyn StorageBackend>>,
    call: Call,
}

impl Threads {
    /// Has the thread of this number, started where there is none yet, run an operation and answer.
    fn run(
        &mut self,
        thread: usize,
        id: u64,
        instance: Option<Arc<dyn StorageBackend>>,
        call: Call,
    ) -> io::Result<()> {
        let sender = match self.0.entry(thread) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (sender, jobs) = mpsc::channel::<Job>();
                thread::Builder::new().name(format!("{ACTOR_THREAD}{thread}")).spawn(
                    move || {
                        for Job { id, instance, call } in jobs {
                            let answer = response(id, perform(instance.as_deref(), call));
                            // The instance belongs to whoever opens the next one.
                            drop(instance);
                            let mut line = serde_json::to_vec(&answer).unwrap_or_default();
                            line.push(b'\n');
                            if locked_stdout().write_all(&line).is_err() {
                                return;
                            }
                        }
                    },
                )?;
                entry.insert(sender)
            }
        };
        sender.send(Job { id, instance, call }).map_err(io::Error::other)
    }
}

fn response(id: u64, answer: Result<Value, Refusal>) -> Response {
    match answer {
        Ok(ok) => Response { id, ok: Some(ok), error: None, fault: None },
        Err(error) => Response { id, ok: None, error: Some(error), fault: None },
    }
}

/// Keeps the lines of several threads apart.
fn locked_stdout() -> MutexGuard<'static, StdoutNow> {
    static STDOUT: Mutex<StdoutNow> = Mutex::new(StdoutNow);
    STDOUT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Descriptor 0 without a buffer of its own.
struct StdinNow;

impl Read for StdinNow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(rustix::stdio::stdin(), buffer)?)
    }
}

/// Descriptor 1 without a buffer.
struct StdoutNow;

impl Write for StdoutNow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answer(
    backend: &Backend,
    instance: &mut Option<Arc<dyn StorageBackend>>,
    call: Call,
) -> Result<Value, Refusal> {
    match call {
        Call::Hello { .. } => {
            let mut capabilities = vec![PIPELINING.to_owned(), THREADS.to_owned()];
            capabilities.extend(backend.recovers.then(|| RECOVER.to_owned()));
            let hello = Hello {
                protocol: PROTOCOL_VERSION,
                name: backend.name.clone(),
                version: backend.version.clone(),
                capabilities,
            };
            return Ok(json!(hello));
        }
        Call::Open { root, options } => {
            // The old instance first: two would share what a fresh one must not.
            *instance = None;
            let opened = (backend.open)(Path::new(&root), &options).map_err(refusal)?;
            *instance = Some(Arc::from(opened));
            return Ok(Value::Null);
        }
        _ => {}
    }
    perform(instance.as_deref(), call)
}

/// Runs an operation on the open instance.
fn perform(instance: Option<&dyn StorageBackend>, call: Call) -> Result<Value, Refusal> {
    let Some(backend) = instance else {
        return Err(Refusal {
            kind: ErrorKind::Unsupported,
            message: "nothing is open; send `open` first".into(),
        });
    };
    match call {
        Call::WriteFile { path, data } => {
            let data = BASE64_STANDARD.decode(data).map_err(|error| Refusal {
                kind: ErrorKind::Unsupported,
                message: format!("the data is not base64: {error}"),
            })?;
            backend.write_file(&parse(path)?, &data).map(|()| Value::Null)
        }
        Call::ReadFile { path } => {
            backend.read_file(&parse(path)?).map(|data| BASE64_STANDARD.encode(data).into())
        }
        Call::ListFiles { directory } => backend.list_files(&parse(directory)?).map(Value::from),
        Call::CreateDirectory { path } => {
            backend.create_directory(&parse(path)?).map(|()| Value::Null)
        }
        Call::Exists { path } => backend.exists(&parse(path)?).map(Value::from),
        Call::DeleteFile { path } => backend.delete_file(&parse(path)?).map(|()| Value::Null),
        Call::Recover => backend.recover().map(|()| Value::Null),
        Call::Hello { .. } | Call::Open { .. } => {
            return Err(Refusal {
                kind: ErrorKind::Unsupported,
                message: "no thread says hello or opens".into(),
            });
        }
    }
    .map_err(refusal)
}

fn parse(path: String) -> Result<StoragePath, Refusal> {
    StoragePath::new(path)
        .map_err(|error| Refusal { kind: ErrorKind::InvalidPath, message: error.to_string() })
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn refusal(error: crashworthy::Error) -> Refusal {
    Refusal { kind: error.kind(), message: error.to_string() }
}
