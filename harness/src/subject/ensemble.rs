//! Several of a subject's actors under one tracer, of which one at a time moves.
//!
//! An actor is a process, or a thread of one process that all share. Each is held before every call below the
//! root that another one could notice; [`Ensemble::perform`] makes that call and returns when the actor is held
//! before its next one, has answered, or waits. Nothing sleeps, and nothing is guessed from time: a lock that
//! would have to be waited for is tried instead, and of a process with several threads it is waited until none
//! of them runs.
//!
//! The processes live on from schedule to schedule: `open` stands for a fresh instance.

mod answers;
mod free;
mod member;
pub(super) mod quiet;
mod taken;

use std::{collections::HashMap, io, time::Instant};

pub(super) use self::member::Member;
pub(crate) use self::taken::lock_was_refused;
use super::{launcher::TracedSide, plain::Plain, protocol::Call};
use crate::{
    fault::Among,
    history::{Invocation, Outcome},
    trace::{HeldCall, Interest, News, Tid},
};

/// Processes that one process of the subject starts, and those start in turn.
const CHILDREN_MAX: usize = 128;
/// Threads of the worker that serve actors are named so, with the index of the actor.
pub(super) const ACTOR_THREAD: &str = "actor-";

/// What became of an actor's move.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is held before its next call.
    Held,
    /// It has answered. Something may be held that it goes on doing all the same.
    Answered(Outcome),
    /// It waits for a lock, or for another thread of its process.
    Waits,
}

/// See the module.
pub(crate) struct Ensemble<'t> {
    side: &'t mut TracedSide,
    among: Among,
    members: Vec<Member>,
    actors: Vec<Part>,
    /// Which actor's each process is; for a process that an actor started, that one's.
    processes: HashMap<Tid, usize>,
    /// Which actor's each thread is, where actors are threads.
    threads: HashMap<Tid, usize>,
    /// The thread whose call is to be looked at when it returns, and whether it has.
    watched: Option<(Tid, bool)>,
    /// Why calls may have been missed.
    blind_spot: Option<&'static str>,
    /// Whether a limit has ended something.
    past_limit: bool,
    /// What went by the clock since somebody asked.
    clock: ByTheClock,
    states: quiet::States,
    /// The subject takes many requests at once.
    pipelines: bool,
}

/// What went by the clock, which no schedule moves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByTheClock {
    /// How often a thread asked to sleep, and was told at once that it has.
    pub(crate) naps: usize,
    /// Somebody was ended because it did not answer in time.
    pub(crate) ended: bool,
}

/// What one actor is at.
#[derive(Default)]
struct Part {
    /// In the order in which they are to be made.
    held: Vec<HeldCall>,
    /// The request that it has not answered yet, and what was asked.
    asked: Option<(u64, Invocation)>,
    answer: Option<Outcome>,
}

impl<'t> Ensemble<'t> {
    /// Starts the processes of so many actors.
    ///
    /// # Errors
    /// Where one cannot be started.
    pub(crate) fn start(side: &'t mut TracedSide, among: Among, actors: usize) -> io::Result<Self> {
        let mut ensemble = Self {
            side,
            among,
            members: Vec::new(),
            actors: (0..actors).map(|_| Part::default()).collect(),
            processes: HashMap::new(),
            threads: HashMap::new(),
            watched: None,
            blind_spot: None,
            past_limit: false,
            clock: ByTheClock::default(),
            states: quiet::States::default(),
            pipelines: false,
        };
        ensemble.side.tracer().report_changes(false);
        ensemble.side.tracer().set_interest(Interest::ChangesAndLooks)?;
        ensemble.side.tracer().take_locks_seen();
        let members = if among == Among::Processes { actors } else { 1 };
        for _ in 0..members {
            let member = ensemble.side.launch()?;
            ensemble.processes.insert(member.pid, ensemble.members.len());
            ensemble.members.push(member);
        }
        Ok(ensemble)
    }

    /// Whether a process has asked for a lock while nobody saw when it closes files, and so gives locks up. If so,
    /// all are ended, and from the next ones nothing is hidden.
    pub(crate) fn has_missed_closes(&mut self) -> io::Result<bool> {
        let tracer = self.side.tracer();
        if !tracer.take_locks_seen() || tracer.interest() == Interest::Everything {
            return Ok(false);
        }
        tracer.set_interest(Interest::Everything)?;
        self.renew()?;
        Ok(true)
    }

    /// Ends every process; [`Self::open_and_run`] starts new ones.
    pub(crate) fn renew(&mut self) -> io::Result<()> {
        for member in 0..self.members.len() {
            self.bury(member)?;
            self.members[member].died(None);
        }
        Ok(())
    }

    /// Collects a plain process that was killed.
    pub(crate) fn bury_stranger(&mut self, process: &Plain) -> io::Result<()> {
        process.kill();
        if process.leads_session {
            self.side.tracer().ending_of_stranger(process.pid)?;
        }
        Ok(())
    }

    /// From now on, calls below the root are held.
    pub(crate) fn begin(&mut self) {
        for part in &mut self.actors {
            *part = Part::default();
        }
        self.clock = ByTheClock::default();
        self.side.tracer().report_changes(true);
    }

    /// Lets everything that is held go on, and waits for the answers that are still due.
    ///
    /// # Errors
    /// Where the tracer fails.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.side.tracer().report_changes(false);
        for actor in 0..self.actors.len() {
            for call in std::mem::take(&mut self.actors[actor].held) {
                self.side.tracer().release(call.tid)?;
            }
        }
        for actor in 0..self.actors.len() {
            while self.actors[actor].asked.is_some() && self.actors[actor].answer.is_none() {
                self.attend(true)?;
            }
        }
        Ok(())
    }

    /// The call before which an actor is held.
    pub(crate) fn held(&self, actor: usize) -> Option<&HeldCall> {
        self.actors[actor].held.first()
    }

    /// Takes the answer of an actor that came while another one moved.
    pub(crate) fn take_answer(&mut self, actor: usize) -> Option<Outcome> {
        let answer = self.actors[actor].answer.take()?;
        self.actors[actor].asked = None;
        Some(answer)
    }

    /// Why calls may have been missed since [`Self::open_and_run`].
    pub(crate) fn blind_spot(&self) -> Option<&'static str> {
        self.blind_spot
    }

    /// Whether a limit has ended something since [`Self::open_and_run`].
    pub(crate) fn is_past_limit(&self) -> bool {
        self.past_limit
    }

    /// What went by the clock since the last time that this was asked.
    pub(crate) fn take_clock(&mut self) -> ByTheClock {
        std::mem::take(&mut self.clock)
    }

    /// Asks an idle actor for an operation.
    pub(crate) fn invoke(&mut self, actor: usize, invocation: &Invocation) -> io::Result<Stop> {
        let member = self.member_of(actor);
        let thread = (self.among == Among::Threads).then_some(actor);
        let id = self.members[member].send(Call::from(invocation), thread);
        self.actors[actor].asked = Some((id, invocation.clone()));
        self.settle(actor)
    }

    /// Makes the call before which an actor is held; of one that asks for a lock also its result, a value or a negative
    /// error number, and of any where that is `asked` for.
    pub(crate) fn perform(&mut self, actor: usize, asked: bool) -> io::Result<(Stop, Option<i64>)> {
        let call = self.actors[actor].held.remove(0);
        let mut result = None;
        if call.waits_for_lock() {
            let saved = match self.side.tracer().try_lock(call.tid) {
                // The watchdog was faster; its end is told next.
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
                    return Ok((self.settle(actor)?, None));
                }
                other => other?,
            };
            self.await_return(call.tid)?;
            if self.side.tracer().process_of(call.tid).is_none() {
                return Ok((self.settle(actor)?, None));
            }
            let value = self.side.tracer().result(call.tid).unwrap_or_default();
            if lock_was_refused(value) {
                self.side.tracer().repeat(call.tid, &saved)?;
                self.settle_waiting(actor)?;
                return Ok((Stop::Waits, Some(value)));
            }
            self.side.tracer().restore(call.tid, &saved)?;
            self.side.tracer().release(call.tid)?;
        } else if asked || call.may_block() {
            self.side.tracer().release_to_exit(call.tid)?;
            self.await_return(call.tid)?;
            result = self.side.tracer().result(call.tid).ok();
            self.side.tracer().release(call.tid)?;
        } else {
            self.side.tracer().release(call.tid)?;
        }
        Ok((self.settle(actor)?, result))
    }

    /// Kills the process of an actor inside the write before which it is held, when `keep` bytes have arrived.
    pub(crate) fn tear(&mut self, actor: usize, keep: u64) -> io::Result<()> {
        let call = self.actors[actor].held.remove(0);
        self.side.tracer().shorten(&call, keep)?;
        self.await_return(call.tid)?;
        self.kill(actor)
    }

    /// Kills the process of an actor.
    pub(crate) fn kill(&mut self, actor: usize) -> io::Result<()> {
        let member = self.member_of(actor);
        self.bury(member)?;
        self.members[member].died(None);
        self.actors[actor] = Part::default();
        Ok(())
    }

    /// Kills the process of an actor because of what it does, and answers in its place.
    pub(crate) fn condemn(&mut self, actor: usize, why: String) -> io::Result<Outcome> {
        self.kill(actor)?;
        Ok(Outcome::Broken(why))
    }

    /// Kills the process of an actor that goes on and on after its answer.
    pub(crate) fn silence(&mut self, actor: usize) -> io::Result<()> {
        self.past_limit = true;
        self.blind_spot = Some(
            "it goes on making calls after its answer and does not end, so that not all could be put in order",
        );
        self.kill(actor)
    }

    /// Notes that a limit has ended something.
    pub(crate) fn note_past_limit(&mut self) {
        self.past_limit = true;
    }

    fn member_of(&self, actor: usize) -> usize {
        if self.among == Among::Processes { actor } else { 0 }
    }

    /// Kills a member with all that it has started, and collects them.
    fn bury(&mut self, member: usize) -> io::Result<()> {
        let server = self.members[member].server;
        let own = self.processes.iter().filter(|(_, owner)| **owner == member);
        let mut doomed: Vec<Tid> =
            own.map(|(process, _)| *process).filter(|process| Some(*process) != server).collect();
        doomed.sort_unstable_by_key(|process| *process != self.members[member].pid);
        self.side.tracer().kill(&doomed)?;
        self.processes.retain(|_, owner| *owner != member);
        Ok(())
    }

    /// Waits until the watched call of a thread has returned.
    fn await_return(&mut self, tid: Tid) -> io::Result<()> {
        self.watched = Some((tid, false));
        while self.watched == Some((tid, false)) {
            self.attend(true)?;
            if self.side.tracer().process_of(tid).is_none() {
                break;
            }
        }
        self.watched = None;
        Ok(())
    }

    /// Waits until an actor whose call is repeated is held before it once more.
    fn settle_waiting(&mut self, actor: usize) -> io::Result<()> {
        while self.actors[actor].held.is_empty() && self.actors[actor].answer.is_none() {
            self.attend(true)?;
        }
        Ok(())
    }

    /// Waits until an actor that moves is held, has answered or waits, and nothing else moves.
    fn settle(&mut self, actor: usize) -> io::Result<Stop> {
        let member = self.member_of(actor);
        self.members[member].expect_by(Some(Instant::now() + self.side.limits().operation));
        let mut waits = false;
        loop {
            let part = &self.actors[actor];
            let is_there = part.answer.is_some() || (!part.held.is_empty() && part.asked.is_some());
            // What goes on after an answer is held too, or over.
            let is_over = part.asked.is_none();
            if is_there || is_over || waits {
                if self.is_settled(member)? {
                    break;
                }
                waits = false;
                continue;
            }
            if self.among == Among::Threads {
                // It may wait for a thread that is held.
                waits = self.is_settled(member)?
                    && self.actors[actor].answer.is_none()
                    && self.actors[actor].held.is_empty();
                continue;
            }
            self.attend(true)?;
        }
        self.members[member].expect_by(None);
        if let Some(outcome) = self.take_answer(actor) {
            return Ok(Stop::Answered(outcome));
        }
        self.actors[actor].held.sort_by(|one, other| key(one).cmp(&key(other)));
        Ok(if self.actors[actor].held.is_empty() { Stop::Waits } else { Stop::Held })
    }

    /// Serves the tracer once; without `block`, false means that there was nothing.
    fn attend(&mut self, block: bool) -> io::Result<bool> {
        // A large request or answer needs its pipe looked after while the tracer waits.
        let pumping = self.members.iter().any(Member::is_pumping);
        let Some(news) = self.side.tracer().next(block && !pumping)? else {
            for index in 0..self.members.len() {
                if self.members[index].pump()? {
                    self.collect(index);
                }
            }
            return Ok(false);
        };
        match news {
            News::Change(call) => {
                let actor = self.actor_of(call.tid);
                self.actors[actor].held.push(call);
            }
            News::Pipe { tid, inode, bytes } => {
                let written_to = |member: &Member| member.stdout_inode() == inode;
                match self.members.iter().position(written_to) {
                    Some(index) => self.answering(index, tid, bytes)?,
                    None => self.side.tracer().release(tid)?,
                }
            }
            News::Returned(tid) => match &mut self.watched {
                Some((watched, returned)) if *watched == tid => *returned = true,
                _ => {
                    for index in 0..self.members.len() {
                        if self.members[index].answered(tid) {
                            self.collect(index);
                        }
                    }
                    self.side.tracer().release(tid)?;
                }
            },
            News::Forked { parent, child } => {
                let parent = self.side.tracer().process_of(parent);
                if let Some(owner) = parent.and_then(|parent| self.processes.get(&parent).copied())
                {
                    self.processes.insert(child, owner);
                    let own = self.processes.values().filter(|other| **other == owner).count();
                    if own > CHILDREN_MAX {
                        let why = format!("it started more than {CHILDREN_MAX} processes");
                        self.give_up(owner, &why)?;
                    }
                }
            }
            News::Crowded(process) => {
                if let Some(&owner) = self.processes.get(&process) {
                    self.give_up(owner, "it started more threads than any backend has use for")?;
                }
            }
            News::Ended { process, ending } => {
                let member = self.members.iter().position(|member| member.pid == process);
                if let Some(member) = member {
                    let why = self.members[member].explain_end(ending);
                    self.past_limit |= self.members[member].was_ended();
                    self.clock.ended |= self.members[member].was_late();
                    self.members[member].drain();
                    self.collect(member);
                    self.fail_all(member, &why)?;
                }
            }
            News::Slept => self.clock.naps += 1,
            News::SharedMapping => {
                self.blind_spot = Some(
                    "it maps files into memory, and no system call shows what it reads and changes there",
                );
            }
            News::Outside { .. } => {
                self.blind_spot =
                    Some("it changes files outside its root, which no schedule puts in order");
            }
            News::Hidden => {
                self.blind_spot = Some(
                    "its memory or descriptors are hidden from the tracer, so its calls cannot be read",
                );
            }
            News::Bypass => {
                self.blind_spot = Some(
                    "it asks for io_uring or asynchronous input and output, which bypasses system calls",
                );
            }
        }
        Ok(true)
    }

    fn actor_of(&mut self, tid: Tid) -> usize {
        let process = self.side.tracer().process_of(tid).unwrap_or(tid);
        let member = self.processes.get(&process).copied().unwrap_or(0);
        if self.among == Among::Processes {
            return member;
        }
        if let Some(&actor) = self.threads.get(&tid) {
            return actor;
        }
        let actor = quiet::thread_name(tid)
            .and_then(|name| name.strip_prefix(ACTOR_THREAD)?.parse().ok())
            .filter(|actor| *actor < self.actors.len())
            .unwrap_or(0);
        self.threads.insert(tid, actor);
        actor
    }

    /// Whether no thread of a member runs. Serves the tracer as long as one does, up to a limit.
    fn is_settled(&mut self, member: usize) -> io::Result<bool> {
        let threads = self.threads_of(member);
        // The only thread is held, has answered, or is gone. That of an actor may not be there yet.
        if threads.len() <= 1 && self.among == Among::Processes {
            return Ok(true);
        }
        let mut patience = quiet::Patience::new();
        loop {
            if self.attend(false)? {
                return Ok(false);
            }
            let threads = self.threads_of(member);
            let held: Vec<Tid> =
                self.actors.iter().flat_map(|part| &part.held).map(|call| call.tid).collect();
            if self.states.are_quiet(&threads, &held)
                && !self.attend(false)?
                && self.states.are_quiet(&threads, &held)
            {
                return Ok(true);
            }
            if !patience.wait(&threads) {
                self.past_limit = true;
                // Something that never rests and makes no calls: what it does to others cannot be seen.
                self.blind_spot = Some(
                    "one of its threads is always busy, so that its calls cannot be put in order",
                );
                return Ok(true);
            }
        }
    }

    fn threads_of(&mut self, member: usize) -> Vec<Tid> {
        let processes = &self.processes;
        self.side.tracer().threads_of(|process| processes.get(&process) == Some(&member))
    }
}

impl Drop for Ensemble<'_> {
    fn drop(&mut self) {
        for member in 0..self.members.len() {
            // Nothing can be done about a failure here: EXITKILL ends what is left with this thread.
            let _ = self.bury(member);
        }
        self.side.tracer().watch(None);
    }
}

/// What is held at the same time in one process is made in this order: never by the numbers of threads.
fn key(call: &HeldCall) -> (&str, Option<&str>, &'static str) {
    (&call.path, call.to.as_deref(), call.name)
}
