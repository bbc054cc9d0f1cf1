//! A subject's process under the tracer: every change below its root is an event, and a strike can be
//! aimed at one of them.

mod calls;

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    failing::Failing,
    late::Late,
    log::Log,
    plain::{EXIT_WAIT_MAX, NoAnswer, TOO_LONG, bitten, greet},
    protocol::{self, Call, Hello, Refusal, Request},
    streams::Streams,
    watchdog::{Guard, Limits},
};
use crate::{
    fault::Strike,
    history::{Invocation, Outcome},
    trace::{Circumstance, Ending, HeldCall, News, Saved, Tid, Trace, Tracer},
};

/// An answer up to this size fits into any pipe at once (`PIPE_BUF`), so that one wait is enough.
pub(super) const SMALL_ANSWER_BYTES: u64 = 4096;
/// Why the kills of a subject that stores through a mapping prove nothing. The file is not named: its name
/// may be a random one, and a certificate is the same for every run.
const SHARED_MAPPING: &str =
    "it maps a file below its root into memory for shared writing, which no system call shows";
/// While bytes move both ways, the tracer and the pipe are looked at in turn, this long each.
pub(super) const TURN: Duration = Duration::from_millis(1);

/// How an operation of a struck process ended.
#[derive(Debug)]
pub(crate) enum Progress {
    /// As an operation ends.
    Ended(Outcome),
    /// A pause: the process is held before the event; [`Traced::go_on`] continues the operation.
    Held,
}

/// Told of every event's call, with the index of the event, while its thread is still held, and while no other call
/// changes anything below the root: what it finds on disk is what this call has done.
pub(crate) trait Witness {
    /// The call has returned: a value, or a negative error number.
    fn returned(&mut self, event: usize, call: &HeldCall, result: i64);

    /// The call was made to fail, and has not happened.
    fn failed(&mut self, event: usize, call: &HeldCall);
}

/// See the module.
pub(crate) struct Traced<'t> {
    pub(super) tracer: &'t mut Tracer,
    pub(super) pid: Tid,
    /// The fork server that it came from, which lives on.
    pub(super) server: Option<Tid>,
    pub(super) streams: Streams,
    pub(super) log: Log,
    pub(super) guard: Option<Guard>,
    pub(super) limits: Limits,
    pub(super) next_id: u64,
    /// The strike aimed at it, once its events count.
    aim: Option<Strike>,
    /// Counting has begun.
    counting: bool,
    trace: Trace,
    struck: bool,
    /// Threads whose answers are on their way, and whose strike waits for the end of a call.
    answering: HashSet<Tid>,
    striking: Option<Tid>,
    /// A fault that lasts.
    failing: Option<Failing>,
    /// Held until its shortened write returns, and what it is then given back.
    shortened: Option<(Tid, Saved)>,
    held: Option<Tid>,
    /// Sees what every call did; calls are made one at a time for it.
    witness: Option<Rc<RefCell<dyn Witness>>>,
    /// Holds calls back, where they are to be made as late as possible.
    late: Option<Late>,
    /// Most threads that it had, all its processes together, when one of them made a call.
    threads_max: usize,
    /// Where events are to say how their calls ended: the calls that have not.
    asked: Option<HashMap<Tid, usize>>,
    /// Files outside the root that it has changed.
    outside: HashSet<PathBuf>,
    /// The call that is being made for the witness, and those that wait for its end.
    running: Option<(usize, HeldCall)>,
    waiting: VecDeque<(usize, HeldCall)>,
    ending: Option<Ending>,
    /// What went wrong with the tracer itself: whatever the subject seemed to do then is void.
    failure: Option<io::Error>,
    dead: bool,
}

impl<'t> Traced<'t> {
    pub(super) fn new(
        tracer: &'t mut Tracer,
        pid: Tid,
        server: Option<Tid>,
        streams: Streams,
        log: Log,
        guard: Option<Guard>,
        limits: Limits,
    ) -> Self {
        tracer.report_changes(false);
        Self {
            tracer,
            pid,
            server,
            streams,
            log,
            guard,
            limits,
            next_id: 0,
            aim: None,
            counting: false,
            trace: Trace::default(),
            struck: false,
            answering: HashSet::new(),
            striking: None,
            failing: None,
            shortened: None,
            held: None,
            witness: None,
            late: None,
            threads_max: 0,
            asked: None,
            outside: HashSet::new(),
            running: None,
            waiting: VecDeque::new(),
            ending: None,
            failure: None,
            dead: false,
        }
    }

    /// Says hello and opens `root`; the answer of the first. Events below `root` are seen from then on.
    pub(crate) fn greet(&mut self, root: &Path, options: &Value) -> Result<Hello, String> {
        self.tracer.watch(Some(root));
        greet(root, options, |call| {
            // What a runtime writes before it is asked to open the root is none of the backend's doing.
            self.outside.clear();
            match self.ask(call) {
                Ok(Asked::Answer(answer)) => Ok(answer),
                Ok(Asked::Held) => Err(NoAnswer::Broken("it is held".into())),
                Err(no_answer) => Err(no_answer),
            }
        })
    }

    /// From now on events count, from 0, and `strike` is aimed at them.
    pub(crate) fn aim(&mut self, strike: Strike) {
        // What hides events from the tracer stays hidden.
        self.trace.events.clear();
        (self.trace.opened, self.trace.operations) = (0, 0);
        self.counting = true;
        self.tracer.report_changes(true);
        self.aim = Some(strike);
    }

    /// What counted so far was `open`.
    pub(crate) fn opened(&mut self) {
        self.trace.opened = self.trace.events.len();
    }

    /// Has `witness` told of every call that counts.
    pub(crate) fn testify(&mut self, witness: Rc<RefCell<dyn Witness>>) {
        self.witness = Some(witness);
    }

    /// Has calls that count made as late as possible.
    pub(crate) fn make_late(&mut self) {
        self.late = Some(Late::default());
    }

    /// Whether calls were made that may have been made in another order.
    pub(crate) fn was_crowded(&self) -> bool {
        self.threads_max > 1
    }

    /// Has events say how their calls ended. It costs another stop for each of them.
    pub(crate) fn ask_results(&mut self) {
        self.asked = Some(HashMap::new());
    }

    /// From now on nothing counts any more, and no fault lasts.
    pub(crate) fn disarm(&mut self) {
        self.counting = false;
        self.tracer.report_changes(false);
        self.aim = None;
        self.failing = None;
    }

    /// From now on no fault strikes or lasts; events go on counting.
    pub(crate) fn disarm_strike(&mut self) {
        self.aim = None;
        self.failing = None;
    }

    /// Takes the events since [`Self::aim`].
    pub(crate) fn take_trace(&mut self) -> Trace {
        self.note_outside();
        std::mem::take(&mut self.trace)
    }

    /// Whether it has changed a file outside its root, and that is still there.
    fn note_outside(&mut self) {
        if self.outside.iter().any(|path| fs::symlink_metadata(path).is_ok()) {
            self.trace.circumstances.insert(Circumstance::KeptOutside);
        }
        self.outside.clear();
    }

    /// Whether the strike has struck: its process was killed or held by it.
    pub(crate) fn is_struck(&self) -> bool {
        self.struck
    }

    /// Ends its input and waits until it has exited, as it should, or the watchdog has ended it. A witness
    /// sees what it does until then.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.note_outside();
        self.streams.close_stdin();
        // They come at last, and nobody is to wait for the end of what is held.
        for call in self.late.take().map(|mut late| late.take()).unwrap_or_default() {
            let _ = self.make(call)?;
        }
        if self.witness.is_none() {
            self.disarm();
        }
        if let Some(guard) = &self.guard {
            guard.set_deadline(Some(Instant::now() + EXIT_WAIT_MAX));
        }
        // The answer to no request: served until the process ends, if it has not ended already. To wait for
        // what is dead would look like a failure of the tracer.
        if !self.dead {
            let _ = self.serve(u64::MAX);
        }
        // What it writes at its end, nobody reads before the power fails.
        self.outside.clear();
        self.die()
    }

    /// Runs one operation, or as much of it as the strike allows.
    pub(crate) fn call(&mut self, invocation: &Invocation) -> Progress {
        let asked = self.ask(Call::from(invocation));
        self.progress(invocation, asked)
    }

    /// Continues an operation that is held.
    pub(crate) fn go_on(&mut self, invocation: &Invocation) -> Progress {
        if let Some(tid) = self.held.take()
            && let Err(error) = self.tracer.release(tid)
        {
            return Progress::Ended(Outcome::Broken(format!("it could not be resumed: {error}")));
        }
        let asked = self.answer(self.next_id - 1);
        self.progress(invocation, asked)
    }

    fn progress(&mut self, invocation: &Invocation, asked: Result<Asked, NoAnswer>) -> Progress {
        let outcome = match asked {
            Ok(Asked::Held) => return Progress::Held,
            Ok(Asked::Answer(answer)) => protocol::outcome(invocation, answer),
            Err(NoAnswer::Killed) => Outcome::Killed,
            Err(NoAnswer::Broken(why)) => Outcome::Broken(why),
        };
        if self.counting {
            self.trace.operations += 1;
        }
        Progress::Ended(outcome)
    }

    fn ask(&mut self, call: Call) -> Result<Asked, NoAnswer> {
        if self.dead {
            return Err(NoAnswer::Broken(self.explain_end()));
        }
        let id = self.next_id;
        self.next_id += 1;
        let line = serde_json::to_vec(&Request { id, thread: None, call })
            .expect("requests are plain data");
        self.streams.send(&line);
        self.answer(id)
    }

    /// Serves the tracer until the answer to request `id` is here, or will never be.
    fn answer(&mut self, id: u64) -> Result<Asked, NoAnswer> {
        if let Some(guard) = &self.guard {
            guard.set_deadline(Some(Instant::now() + self.limits.operation));
        }
        let answer = self.serve(id);
        if let Some(guard) = &self.guard {
            guard.set_deadline(None);
        }
        answer
    }

    fn serve(&mut self, id: u64) -> Result<Asked, NoAnswer> {
        self.attend(id).unwrap_or_else(|error| {
            let why = format!("the tracer failed: {error}");
            self.failure = Some(error);
            Err(NoAnswer::Broken(why))
        })
    }

    /// # Errors
    /// Where the tracer fails, which says nothing about the subject.
    fn attend(&mut self, id: u64) -> io::Result<Result<Asked, NoAnswer>> {
        // A large answer, or a large request, needs the pipe looked after while the tracer waits.
        let mut pumping = self.streams.is_sending();
        loop {
            match self.streams.take_line() {
                Ok(Some(line)) => {
                    return Ok(protocol::parse(&line, id).map(Asked::Answer).map_err(|nonsense| {
                        NoAnswer::Broken(format!("{}{}", nonsense.0, self.log.last_words(false)))
                    }));
                }
                Ok(None) => {}
                Err(_) => {
                    let why = format!("{TOO_LONG}{}", self.log.last_words(false));
                    return Ok(Err(NoAnswer::Broken(why)));
                }
            }
            let holds_back =
                self.running.is_none() && self.late.as_ref().is_some_and(Late::is_holding);
            let Some(news) = self.tracer.next(!pumping && !holds_back)? else {
                if let Some(asked) = self.make_due()? {
                    return Ok(asked);
                }
                if !pumping {
                    continue;
                }
                self.streams.wait(TURN)?;
                self.streams.pump();
                pumping = self.streams.is_sending() || !self.answering.is_empty();
                continue;
            };
            if let Some(late) = &mut self.late {
                late.stir();
            }
            match news {
                News::Change(call) => {
                    if let Some(asked) = self.change(call)? {
                        return Ok(asked);
                    }
                }
                News::Pipe { tid, inode, bytes } => {
                    if inode == self.streams.stdout_inode() {
                        self.answering.insert(tid);
                        pumping |= bytes > SMALL_ANSWER_BYTES;
                        self.tracer.release_to_exit(tid)?;
                    } else {
                        self.tracer.release(tid)?;
                    }
                }
                News::Returned(tid) if self.striking == Some(tid) => {
                    self.die()?;
                    return Ok(Err(NoAnswer::Killed));
                }
                News::Returned(tid)
                    if self.running.as_ref().is_some_and(|(_, call)| call.tid == tid) =>
                {
                    if let Some(asked) = self.witnessed(tid)? {
                        return Ok(asked);
                    }
                }
                News::Returned(tid) => {
                    if let Some(event) = self.asked.as_mut().and_then(|asked| asked.remove(&tid)) {
                        // A thread may die in its stop.
                        if let Ok(result) = self.tracer.result(tid) {
                            self.note_result(event, result);
                        }
                    }
                    self.restore_shortened(tid)?;
                    self.answering.remove(&tid);
                    self.streams.pump();
                    self.tracer.release(tid)?;
                }
                News::Ended { process, ending } if process == self.pid => {
                    self.ending = Some(ending);
                    self.streams.pump();
                    self.die()?;
                    if let Ok(Some(line)) = self.streams.take_line() {
                        return Ok(protocol::parse(&line, id)
                            .map(Asked::Answer)
                            .map_err(|nonsense| NoAnswer::Broken(nonsense.0)));
                    }
                    return Ok(Err(NoAnswer::Broken(self.explain_end())));
                }
                News::SharedMapping => {
                    self.trace.blind_spots.insert(SHARED_MAPPING.to_owned());
                }
                News::Hidden => {
                    self.trace.blind_spots.insert(
                        "its memory or descriptors are hidden from the tracer, so its calls cannot be read"
                            .to_owned(),
                    );
                }
                News::Bypass => {
                    self.trace.circumstances.insert(Circumstance::BypassRefused);
                }
                News::Ended { .. } => {
                    if let Some(asked) = self.next_witnessed()? {
                        return Ok(asked);
                    }
                }
                News::Outside { path } => {
                    if self.counting {
                        self.outside.insert(path);
                    }
                }
                News::Forked { .. } | News::Crowded(_) | News::Slept => {}
            }
        }
    }

    /// Kills it, with every process that it started, and collects them.
    ///
    /// # Errors
    /// Where the tracer fails, or has failed since the process was started.
    pub(crate) fn die(&mut self) -> io::Result<()> {
        self.dead = true;
        let mut doomed = vec![self.pid];
        doomed.extend(
            self.tracer
                .processes()
                .into_iter()
                .filter(|&process| process != self.pid && Some(process) != self.server),
        );
        self.tracer.kill(&doomed)?;
        self.tracer.watch(None);
        self.failure.take().map_or(Ok(()), Err)
    }

    fn explain_end(&self) -> String {
        let what = match (self.guard.as_ref().and_then(Guard::bite), self.ending) {
            (Some(bite), _) => bitten(bite, self.limits),
            (None, Some(ending)) => ending.to_string(),
            (None, None) => "it is dead".to_owned(),
        };
        format!("{what}{}", self.log.last_words(self.server.is_none()))
    }
}

impl Drop for Traced<'_> {
    fn drop(&mut self) {
        if !self.dead {
            // Nothing can be done about a failure here: EXITKILL ends what is left with this thread.
            let _ = self.die();
        }
    }
}

/// What came of a request.
enum Asked {
    Answer(Result<Value, Refusal>),
    Held,
}
