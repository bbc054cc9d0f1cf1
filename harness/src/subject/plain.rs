//! A subject's process that nobody traces: it observes what a crash left, and it can be killed at any
//! instant.

use std::{
    fs, io,
    os::fd::OwnedFd,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        signal::{Signal, kill, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
use serde_json::Value;

use super::{
    log::Log,
    protocol::{self, Call, Hello, PIPELINING, PROTOCOL_VERSION, Refusal, Request},
    streams::Streams,
    watchdog::{Bite, Guard, Limits},
};
use crate::{
    history::{Invocation, Outcome, Reply},
    trace::{Ending, Tid},
};

/// Longest single wait for a subject that answers in time: the watchdog's look is due after it.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// How long a subject may take to exit when its input has ended.
pub(super) const EXIT_WAIT_MAX: Duration = Duration::from_secs(5);

/// From the end of a process's streams to its exit; what has not exited by then lives on without them.
const EXIT_SEEN_WAIT_MAX: Duration = Duration::from_millis(50);

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// It was killed by the harness, as planned.
    Killed,
    /// Anything else, in words.
    Broken(String),
}

/// A request as it is sent.
pub(crate) struct Prepared {
    id: u64,
    line: Vec<u8>,
}

/// See the module.
pub(crate) struct Plain {
    pub(super) pid: Tid,
    pub(super) streams: Streams,
    pub(super) log: Log,
    pub(super) guard: Option<Guard>,
    pub(super) limits: Limits,
    /// A child of this process leads a session of its own; a fork server's child shares the server's.
    pub(super) leads_session: bool,
    pub(super) next_id: u64,
    /// Whether it takes further requests before the first is answered.
    pub(super) pipelines: bool,
    /// Why it no longer answers: whoever was late once may answer the wrong request next.
    pub(super) broken: Option<String>,
    /// Whether that is because of a line that is no answer, and not because it died or hung.
    pub(super) misspoke: bool,
    /// Set by a caller that wants it dead at that time.
    pub(crate) kill_at: Option<Instant>,
}

impl Plain {
    /// Says hello and opens `root`; the answer of the first.
    pub(crate) fn greet(&mut self, root: &Path, options: &Value) -> Result<Hello, String> {
        greet(root, options, |call| self.ask(call))
    }

    /// Says hello and opens nothing.
    pub(crate) fn hello(&mut self) -> Result<Hello, String> {
        let hello = hello(&mut |call| self.ask(call))?;
        self.pipelines = hello.offers(PIPELINING);
        Ok(hello)
    }

    /// Opens `root`, which stands for a fresh instance; a root that it refuses is an answer, too.
    pub(crate) fn open(&mut self, root: &Path, options: &Value) -> Outcome {
        let root = match utf8(root) {
            Ok(root) => root,
            Err(why) => return Outcome::Broken(why),
        };
        match self.ask(Call::Open { root, options: options.clone() }) {
            Ok(Ok(_)) => Outcome::Ok(Reply::Done),
            Ok(Err(Refusal { kind, message })) => Outcome::Fail { kind, message },
            Err(NoAnswer::Killed) => Outcome::Killed,
            Err(NoAnswer::Broken(why)) => Outcome::Broken(why),
        }
    }

    /// Runs one operation.
    pub(crate) fn call(&mut self, invocation: &Invocation) -> Outcome {
        match self.ask(Call::from(invocation)) {
            Ok(answer) => protocol::outcome(invocation, answer),
            Err(NoAnswer::Killed) => Outcome::Killed,
            Err(NoAnswer::Broken(why)) => Outcome::Broken(why),
        }
    }

    /// Runs one operation for the sake of how it is answered; what is wrong with that, where it is no answer of the
    /// protocol. An error is an answer; who dies or hangs gives none, wrong or right.
    pub(crate) fn misspeaks(&mut self, invocation: &Invocation) -> Option<String> {
        match self.ask(Call::from(invocation)) {
            Ok(answer) => match protocol::outcome(invocation, answer) {
                Outcome::Broken(why) => Some(self.explain(&why)),
                _ => None,
            },
            Err(NoAnswer::Broken(why)) if self.misspoke => Some(why),
            Err(_) => None,
        }
    }

    /// Makes a request ready, so that nothing is left to do but to send it. Whatever is made ready is asked in
    /// that order.
    pub(crate) fn prepare(&mut self, invocation: &Invocation) -> Prepared {
        self.prepare_call(Call::from(invocation))
    }

    /// Asks what was made ready.
    pub(crate) fn ask_prepared(
        &mut self,
        request: &Prepared,
    ) -> Result<Result<Value, Refusal>, NoAnswer> {
        if let Some(why) = &self.broken {
            return Err(NoAnswer::Broken(why.clone()));
        }
        self.streams.send(&request.line);
        let answer = self.answer(request.id, Instant::now());
        if let Err(NoAnswer::Broken(why)) = &answer {
            // Nothing may change any more while others look at what it left.
            self.kill();
            self.broken = Some(why.clone());
        }
        answer
    }

    fn ask(&mut self, call: Call) -> Result<Result<Value, Refusal>, NoAnswer> {
        let request = self.prepare_call(call);
        self.ask_prepared(&request)
    }

    fn prepare_call(&mut self, call: Call) -> Prepared {
        let id = self.next_id;
        self.next_id += 1;
        let line = serde_json::to_vec(&Request { id, thread: None, call })
            .expect("requests are plain data");
        Prepared { id, line }
    }

    /// Waits for the answer to request `id`.
    pub(super) fn answer(
        &mut self,
        id: u64,
        asked: Instant,
    ) -> Result<Result<Value, Refusal>, NoAnswer> {
        let deadline = asked + self.limits.operation;
        let mut is_first_look = true;
        loop {
            // A child that it left behind may hold its stdout open. The last look comes after this one.
            let has_ended = asked.elapsed() >= WAIT_MAX && self.has_ended();
            // The answers to a batch come together: what is here already need not be asked for.
            if !is_first_look || self.streams.is_sending() {
                self.streams.pump();
            }
            match self.streams.take_line() {
                Ok(Some(line)) => {
                    return protocol::parse(&line, id).map_err(|nonsense| {
                        self.misspoke = true;
                        NoAnswer::Broken(self.explain(&nonsense.0))
                    });
                }
                Ok(None) if is_first_look => {
                    is_first_look = false;
                    continue;
                }
                Ok(None) => {}
                Err(_) => return Err(NoAnswer::Broken(self.explain(TOO_LONG))),
            }
            if has_ended || self.streams.is_ended() {
                return Err(NoAnswer::Broken(self.explain_end(has_ended)));
            }
            let now = Instant::now();
            if self.kill_at.is_some_and(|at| at <= now) {
                self.kill();
                return Err(NoAnswer::Killed);
            }
            if deadline <= now {
                return Err(NoAnswer::Broken(self.explain(&hung(self.limits))));
            }
            let until = self.kill_at.map_or(deadline, |at| at.min(deadline));
            self.streams.wait((until - now).min(WAIT_MAX)).map_err(|error| {
                NoAnswer::Broken(format!("its stdout could not be waited for: {error}"))
            })?;
        }
    }

    /// Kills it, and whatever it started that stayed in its session or is still its child. The caller
    /// still owes a [`super::Launcher::bury`].
    pub(crate) fn kill(&self) {
        let pid = Pid::from_raw(self.pid);
        // From here on it does nothing more, and starts nobody else.
        let _ = kill(pid, Signal::SIGSTOP);
        // Once it is dead, nobody knows any more whose children they were.
        let helpers = descendants(self.pid);
        let _ = if self.leads_session {
            killpg(pid, Signal::SIGKILL)
        } else {
            kill(pid, Signal::SIGKILL)
        };
        end(&helpers);
    }

    /// From now on, an operation may take this long at most.
    pub(crate) fn limit_operations(&mut self, limit: Duration) {
        self.limits.operation = self.limits.operation.min(limit);
    }

    /// Ends its input and waits for it to close its output, as it does when it exits. Children that it
    /// leaves behind are ended.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let helpers = descendants(self.pid);
        self.streams.close_stdin();
        let deadline = Instant::now() + EXIT_WAIT_MAX;
        while !self.streams.is_ended() && !self.has_ended() && Instant::now() < deadline {
            self.streams.wait(WAIT_MAX)?;
            self.streams.pump();
            // Whatever it still says is nobody's answer.
            while matches!(self.streams.take_line(), Ok(Some(_))) {}
        }
        end(&helpers);
        Ok(())
    }

    /// Whether it no longer answers.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    fn has_ended(&self) -> bool {
        self.guard.as_ref().is_some_and(Guard::has_ended)
    }

    fn explain(&self, what: &str) -> String {
        format!("{what}{}", self.log.last_words(false))
    }

    fn explain_end(&self, has_ended: bool) -> String {
        // Waits for the end of what it says, by which time it has exited if it is about to.
        let last_words = self.log.last_words(self.leads_session);
        let what = match (self.guard.as_ref().and_then(Guard::bite), self.ending()) {
            (Some(bite), _) => bitten(bite, self.limits),
            (None, Some(ending)) => ending.to_string(),
            (None, None) if has_ended => "it ended without an answer".to_owned(),
            (None, None) => "it closed its stdout without an answer".to_owned(),
        };
        format!("{what}{last_words}")
    }

    /// How it ended, where that can be known, which leaves it to be collected by [`super::Launcher::bury`].
    fn ending(&self) -> Option<Ending> {
        if !self.leads_session {
            // The child of a fork server is not ours.
            return None;
        }
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
        // Its streams close a moment before its exit can be seen.
        let deadline = Instant::now() + EXIT_SEEN_WAIT_MAX;
        loop {
            match waitid(Id::Pid(Pid::from_raw(self.pid)), flags) {
                Ok(WaitStatus::Exited(_, code)) => return Some(Ending::Exited(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    return Some(Ending::Signalled(signal as i32));
                }
                Ok(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
                _ => return None,
            }
        }
    }
}

/// Kills these processes, where they still run.
fn end(processes: &[OwnedFd]) {
    for process in processes {
        let _ = pidfd_send_signal(process, rustix::process::Signal::KILL);
    }
}

/// The children of a process, their children, and so on; none where the system does not tell.
fn descendants(process: Tid) -> Vec<OwnedFd> {
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            found.extend(children.split_ascii_whitespace().filter_map(|id| id.parse::<Tid>().ok()));
        }
    }
    let ids = found[1..].iter().filter_map(|&id| rustix::process::Pid::from_raw(id));
    ids.filter_map(|id| pidfd_open(id, PidfdFlags::empty()).ok()).collect()
}

/// What is wrong with an answer without an end.
pub(super) const TOO_LONG: &str = "its answer grew past the limit for a line";

pub(super) fn hung(limits: Limits) -> String {
    format!("it did not answer within {:?}", limits.operation)
}

pub(super) fn bitten(bite: Bite, limits: Limits) -> String {
    match bite {
        Bite::Deadline => hung(limits),
        Bite::Memory => format!("it grew past {} MiB of memory", limits.memory_bytes >> 20),
        Bite::Interrupt => "the run was interrupted".to_owned(),
    }
}

/// Asks a process something.
type Ask<'a> = dyn FnMut(Call) -> Result<Result<Value, Refusal>, NoAnswer> + 'a;

/// The first two requests of every process.
pub(super) fn greet(
    root: &Path,
    options: &Value,
    mut ask: impl FnMut(Call) -> Result<Result<Value, Refusal>, NoAnswer>,
) -> Result<Hello, String> {
    let hello = hello(&mut ask)?;
    let root = utf8(root)?;
    expect(&mut ask, Call::Open { root, options: options.clone() }, "open")?;
    Ok(hello)
}

fn hello(ask: &mut Ask<'_>) -> Result<Hello, String> {
    let hello = expect(ask, Call::Hello { protocol: PROTOCOL_VERSION }, "hello")?;
    let hello: Hello = serde_json::from_value(hello)
        .map_err(|error| format!("its answer to `hello` is not of the protocol: {error}"))?;
    if hello.protocol != PROTOCOL_VERSION {
        return Err(format!(
            "it speaks protocol {}; this build speaks {PROTOCOL_VERSION}",
            hello.protocol
        ));
    }
    Ok(hello)
}

fn expect(ask: &mut Ask<'_>, call: Call, name: &str) -> Result<Value, String> {
    match ask(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(refusal)) => {
            Err(format!("it refused `{name}`: {}: {}", refusal.kind, refusal.message))
        }
        Err(NoAnswer::Killed) => Err(format!("it was killed in `{name}`")),
        Err(NoAnswer::Broken(why)) => Err(format!("it gave no answer to `{name}`: {why}")),
    }
}

fn utf8(root: &Path) -> Result<String, String> {
    Ok(root.to_str().ok_or("the scratch directory's path is not UTF-8")?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use nix::sys::wait::{WaitStatus, waitpid};

    use super::*;
    use crate::subject::{Launcher, Subject};

    fn shell(script: &str) -> Launcher {
        let subject = Subject::command(&"sh".into(), &["-c".into(), script.into()]);
        Launcher::new(&Arc::new(subject.expect("there is a shell")), Limits::default())
            .expect("the filter compiles")
    }

    /// Waits until the process has one child, and names it.
    fn child_of(process: &Plain) -> OwnedFd {
        loop {
            if let Some(child) = descendants(process.pid).pop() {
                return child;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn has_ended(process: &OwnedFd) -> bool {
        let deadline = Instant::now() + EXIT_WAIT_MAX;
        while Instant::now() < deadline {
            if pidfd_send_signal(process, rustix::process::Signal::CONT).is_err() {
                return true;
            }
            thread::sleep(Duration::from_millis(1));
        }
        false
    }

    #[test]
    fn a_helper_in_a_session_of_its_own_ends_with_the_subject() {
        let mut launcher = shell("setsid sleep 600 >/dev/null 2>&1 </dev/null & wait");
        let process = launcher.plain.start().expect("it starts");
        let helper = child_of(&process);
        thread::sleep(Duration::from_millis(50));
        launcher.bury(&process).expect("it is a child");
        assert!(has_ended(&helper), "the helper outlived the subject that was killed");

        let mut launcher = shell("setsid sleep 600 >/dev/null 2>&1 </dev/null & read line");
        let mut process = launcher.plain.start().expect("it starts");
        let helper = child_of(&process);
        thread::sleep(Duration::from_millis(50));
        process.finish().expect("it exits");
        launcher.bury(&process).expect("it is a child");
        assert!(has_ended(&helper), "the helper outlived the subject that had finished");
    }

    #[test]
    fn a_subject_that_hangs_ends_with_the_thread_that_started_it() {
        let start = || {
            let mut launcher = shell("exec sleep 600");
            let process = launcher.plain.start().expect("it starts");
            let id = process.pid;
            // As if nobody had come to bury it.
            std::mem::forget(process);
            id
        };
        let id = thread::spawn(start).join().expect("it starts");
        let ending = waitpid(Pid::from_raw(id), None).expect("it is a child");
        assert!(matches!(ending, WaitStatus::Signaled(_, Signal::SIGKILL, _)), "{ending:?}");
    }
}
