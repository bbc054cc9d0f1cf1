//! Runs that are recorded: the workload, the workload with a sync that fails, and the recovery of a crash state.
//!
//! Everything that lies there when the recording begins counts as durable, so that each guarantee is
//! judged alone. Without a set-up it begins on an untouched root, before `open`: what that creates is as much at stake.

use std::{cell::RefCell, collections::BTreeSet, io, rc::Rc};

use super::{
    super::{
        arena::Arena,
        observe::{Client, Notes, observe},
        trial::{Stage, TrialError, subject_failed},
    },
    ground::{Ground, cannot_be_laid_out},
    observer::alike,
    point,
    recorder::{Recorded, Recorder},
};
use crate::{
    fault::{AfterFailedSync, PowerLoss, Side, Strike},
    history::{Entry, Invocation, Moment, Outcome, Phase, Reply, Tree},
    persist::{Lost, Model, OperationId, Order, Point, explain},
    scenario::Scenario,
    subject::{Traced, protocol},
    trace::{Circumstance, Event, Trace},
};

/// Why crash states of a subject would prove nothing.
const UNLIKE: &str = "a copy of what it stored reads differently from the original: it depends on times, permissions, \
                      inode numbers, hard links, attributes or a place that crash states do not have";
/// The same of one that keeps files where crash states have none.
const OUTSIDE: &str = "it changes files outside its root, of which no modelled power loss takes anything: have it keep \
                       everything below its root, and let it log to standard error";

/// A recorded run.
pub(super) struct Run {
    pub(super) recorded: Recorded,
    /// What was durable when it began.
    pub(super) settled: Tree,
    /// The set-up, if there was one, and what was recorded.
    pub(super) history: Vec<Entry>,
    /// How many entries of the history are the set-up.
    pub(super) set_up: usize,
    /// How many calls had been made when each recorded operation ended.
    pub(super) ended: Vec<usize>,
    /// How many of them are of `open`.
    pub(super) opened: usize,
    pub(super) trace: Trace,
    pub(super) recovers: bool,
    /// The scenario's directories that exist in the end.
    pub(super) directories: BTreeSet<String>,
    /// Whether several threads or processes made its calls, which may come in another order.
    pub(super) crowded: bool,
    /// Whether they were made as late as possible.
    pub(super) late: bool,
}

/// When calls are made that are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As they come.
    Prompt,
    /// As late as possible: whatever nobody waits for comes last.
    Late,
}

impl Pace {
    /// Late or not.
    pub(super) fn of(late: bool) -> Self {
        if late { Self::Late } else { Self::Prompt }
    }
}

/// A recording, or why there is none to be trusted.
pub(super) type Recordable = Result<Run, BTreeSet<String>>;

/// How many of a recorded run's operations had ended at a moment, and whether the next one had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Context {
    pub(super) ended: usize,
    pub(super) in_flight: bool,
}

impl Run {
    /// Why losing what it did proves nothing, if so.
    pub(super) fn keeps_elsewhere(&self) -> Option<&'static str> {
        self.trace.has(Circumstance::KeptOutside).then_some(OUTSIDE)
    }

    pub(super) fn context(&self, point: Point) -> Context {
        let began = point.acknowledged.checked_sub(1).map_or(self.opened, |last| self.ended[last]);
        let in_flight =
            point.calls > began && point.acknowledged < self.history.len() - self.set_up;
        Context { ended: point.acknowledged, in_flight }
    }

    /// Whether an operation had no proper answer.
    pub(super) fn is_broken(&self) -> bool {
        self.history.iter().any(|entry| matches!(entry.outcome, Outcome::Broken(_)))
    }

    /// Its calls, in words that are the same in every run that makes them in the same order.
    pub(super) fn calls(&self) -> Vec<(&'static str, Option<u64>, usize)> {
        let call = |event: &Event| (event.call, event.bytes, event.operation);
        self.trace.events.iter().map(call).collect()
    }

    /// What clients had seen by then.
    pub(super) fn history(&self, context: Context) -> Vec<Entry> {
        let known = self.set_up + context.ended;
        let mut history = self.history[..known].to_vec();
        if context.in_flight {
            let next = &self.history[known];
            history.push(Entry { outcome: Outcome::Killed, ..next.clone() });
        }
        history
    }

    /// What a power loss takes, with the numbers of events.
    pub(super) fn lost(&self, loss: &PowerLoss) -> Vec<Lost> {
        let Recorded { recording, events, .. } = &self.recorded;
        let order = Order::new(recording, Model::of(loss.model));
        let missing = loss.missing.iter().copied().map(OperationId).collect();
        let lost = explain(recording, &order, point(loss), &missing);
        let event = |call: usize| events.get(call).copied().unwrap_or(self.trace.events.len());
        lost.into_iter().map(|lost| lost.renumbered(event)).collect()
    }

    /// The events up to a moment.
    pub(super) fn trace_until(&self, point: Point) -> Trace {
        let events = match point.calls.checked_sub(1) {
            Some(last) => self.recorded.events.get(last).map_or(0, |event| event + 1),
            None => 0,
        };
        let mut trace = self.trace.clone();
        trace.events.truncate(events);
        trace
    }
}

impl Stage<'_> {
    /// The workload, recorded from the end of the set-up on.
    pub(super) fn record_workload(&mut self) -> Result<Recordable, TrialError> {
        self.record_run(&Strike::None, None, None)
    }

    /// The workload, recorded for power losses: without a set-up from before `open`, and only where a copy of what it
    /// leaves is as good as the original.
    pub(super) fn record_to_lose(&mut self, pace: Pace) -> Result<Recordable, TrialError> {
        self.record_run(&Strike::None, None, Some(pace))
    }

    /// The workload up to the operation in which a sync fails, and that operation once more unless it was
    /// acknowledged.
    pub(super) fn record_struck(
        &mut self,
        strike: &Strike,
        failing: Option<AfterFailedSync>,
    ) -> Result<Recordable, TrialError> {
        // The sync that fails is counted from the end of the set-up.
        self.record_run(strike, failing, None)
    }

    fn record_run(
        &mut self,
        strike: &Strike,
        failing: Option<AfterFailedSync>,
        to_lose: Option<Pace>,
    ) -> Result<Recordable, TrialError> {
        let mut notes = self.notes()?;
        let root = notes.arena.root();
        let mut process = self.launcher.traced.start()?;
        let untouched = if to_lose.is_some() && self.scenario.set_up.is_empty() {
            Some(notes.look(Moment::Settled)?.clone())
        } else {
            None
        };
        let begin = |process: &mut Traced<'_>, settled: &Tree| {
            let recorder = Rc::new(RefCell::new(Recorder::new(&root, settled, failing)?));
            process.testify(recorder.clone());
            process.aim(strike.clone());
            if to_lose == Some(Pace::Late) {
                process.make_late();
            }
            Ok::<_, TrialError>(UnderWay { recorder, ended: Vec::new(), opened: 0 })
        };
        let under_way =
            untouched.as_ref().map(|settled| begin(&mut process, settled)).transpose()?;
        let hello = process
            .greet(&root, &self.subject.options)
            .map_err(|why| subject_failed(&notes, &why))?;
        let (mut recording, settled) =
            if let (Some(mut recording), Some(untouched)) = (under_way, untouched) {
                process.opened();
                recording.opened = recording.recorder.borrow().calls();
                (recording, untouched)
            } else {
                for invocation in &self.scenario.set_up {
                    notes.run(Phase::SetUp, &mut process, invocation);
                }
                let settled = notes.look(Moment::Settled)?.clone();
                if let Some(why) = cannot_be_laid_out(&settled) {
                    return Ok(Err(BTreeSet::from([why.to_owned()])));
                }
                (begin(&mut process, &settled)?, settled)
            };
        for invocation in self.scenario.workload() {
            recording.run(&mut notes, Phase::Workload, &mut process, invocation);
            if process.is_struck() {
                process.disarm_strike();
                if !notes.history.last().is_some_and(|entry| entry.outcome.is_ok()) {
                    recording.run(&mut notes, Phase::Repeat, &mut process, invocation);
                }
                break;
            }
        }
        let (struck, crowded) = (process.is_struck(), process.was_crowded());
        let directories = existing_directories(self.scenario, &notes, &mut process);
        process.finish()?;
        let trace = process.take_trace();
        drop(process);
        if *strike != Strike::None && !struck {
            return Err(TrialError::Diverged("the sync that was to fail was not made".into()));
        }
        let recovers = hello.offers(protocol::RECOVER);
        let set_up = self.scenario.set_up.len();
        let finished =
            recording.finish(&mut notes, settled, set_up, trace, recovers, directories)?;
        let late = to_lose == Some(Pace::Late);
        let finished = finished.map(|run| Run { crowded, late, ..run });
        if let (Ok(run), true) = (&finished, to_lose.is_some())
            && !self.copy_reads_alike(notes, &run.recorded.recording.live_tree())?
        {
            return Ok(Err(BTreeSet::from([UNLIKE.to_owned()])));
        }
        Ok(finished)
    }

    /// The workload up to an event before which its process is killed. Then another process recovers, if it can, and
    /// does the interrupted operation once more.
    pub(super) fn record_killed(&mut self, event: usize) -> Result<Recordable, TrialError> {
        let mut notes = self.notes()?;
        let root = notes.arena.root();
        let mut process = self.launcher.traced.start()?;
        let hello = process
            .greet(&root, &self.subject.options)
            .map_err(|why| subject_failed(&notes, &why))?;
        for invocation in &self.scenario.set_up {
            notes.run(Phase::SetUp, &mut process, invocation);
        }
        let settled = notes.look(Moment::Settled)?.clone();
        if let Some(why) = cannot_be_laid_out(&settled) {
            return Ok(Err(BTreeSet::from([why.to_owned()])));
        }
        let recorder = Rc::new(RefCell::new(Recorder::new(&root, &settled, None)?));
        process.testify(recorder.clone());
        process.aim(Strike::Kill { event, side: Side::Before });
        let mut recording = UnderWay { recorder: recorder.clone(), ended: Vec::new(), opened: 0 };
        let mut interrupted = None;
        for invocation in self.scenario.workload() {
            recording.run(&mut notes, Phase::Workload, &mut process, invocation);
            if process.is_struck() {
                interrupted = Some(invocation);
                break;
            }
        }
        process.die()?;
        let mut trace = process.take_trace();
        drop(process);
        let Some(interrupted) = interrupted else {
            return Err(TrialError::Diverged("the call before which to kill was not made".into()));
        };
        // The event of the call that was never made stays: that is where the story marks the kill.
        recorder.borrow_mut().follow(trace.events.len());
        let operations = recording.ended.len();
        let recovers = hello.offers(protocol::RECOVER);
        let mut process = self.launcher.traced.start()?;
        process.testify(recorder);
        process.aim(Strike::None);
        // One that cannot open the root any more is found out by other trials.
        if process.greet(&root, &self.subject.options).is_ok() {
            if recovers {
                recording.run(&mut notes, Phase::Recovery, &mut process, &Invocation::Recover);
            }
            recording.run(&mut notes, Phase::Repeat, &mut process, interrupted);
        }
        process.finish()?;
        trace.follow(process.take_trace(), operations);
        drop(process);
        let set_up = self.scenario.set_up.len();
        recording.finish(&mut notes, settled, set_up, trace, recovers, BTreeSet::new())
    }

    /// Whether a fresh process reads the same of what a run left and of a copy of it: crash states are such copies.
    fn copy_reads_alike(&mut self, original: Notes, left: &Tree) -> Result<bool, TrialError> {
        let copy = Notes { arena: self.lay_out(left)?, history: Vec::new(), trees: Vec::new() };
        let [original, copy] = [original, copy].map(|mut notes| {
            notes.history.clear();
            self.with_fresh(&mut notes, |stage, notes, process| {
                observe(notes, stage.scenario, Phase::Finished, process, &[]);
                Ok(())
            })?;
            Ok::<_, TrialError>(notes.history)
        });
        Ok(alike(&original?, &copy?))
    }

    fn lay_out(&mut self, crashed: &Tree) -> io::Result<Arena> {
        let mut ground = Ground::new(self.scratch)?;
        ground.lay_out(self.scratch, crashed)?;
        Ok(self.scratch.adopt(ground.leave()))
    }

    /// What opening a crash state, reading everything in it, and recovering does to it.
    pub(super) fn record_recovery(&mut self, crashed: &Tree) -> Result<Recordable, TrialError> {
        let mut notes =
            Notes { arena: self.lay_out(crashed)?, history: Vec::new(), trees: Vec::new() };
        let root = notes.arena.root();
        let mut process = self.launcher.traced.start()?;
        let recorder = Recorder::new(&root, crashed, None)?;
        let recorder = Rc::new(RefCell::new(recorder));
        process.testify(recorder.clone());
        process.aim(Strike::None);
        let mut recording = UnderWay { recorder, ended: Vec::new(), opened: 0 };
        let mut recovers = false;
        // One that cannot open the state has been found out already.
        if let Ok(hello) = process.greet(&root, &self.subject.options) {
            recovers = hello.offers(protocol::RECOVER);
            for path in self.scenario.paths() {
                process.run(&Invocation::ReadFile { path: path.to_owned() });
            }
            if recovers {
                recording.run(&mut notes, Phase::Recovery, &mut process, &Invocation::Recover);
            }
        }
        process.die()?;
        let trace = process.take_trace();
        drop(process);
        recording.finish(&mut notes, crashed.clone(), 0, trace, recovers, BTreeSet::new())
    }
}

/// The directories of a scenario that a subject says are there.
fn existing_directories(
    scenario: &Scenario,
    notes: &Notes,
    process: &mut Traced<'_>,
) -> BTreeSet<String> {
    let mut exists = |directory: &&str| {
        let exists = notes.arena.aimed(&Invocation::Exists { path: (*directory).to_owned() });
        process.run(&exists) == Outcome::Ok(Reply::Truth(true))
    };
    let directories = scenario.directories().into_iter();
    directories.filter(|directory| exists(directory)).map(str::to_owned).collect()
}

/// A run under way.
struct UnderWay {
    recorder: Rc<RefCell<Recorder>>,
    ended: Vec<usize>,
    opened: usize,
}

impl UnderWay {
    fn run(
        &mut self,
        notes: &mut Notes,
        phase: Phase,
        process: &mut Traced<'_>,
        invocation: &Invocation,
    ) {
        notes.run(phase, process, invocation);
        let mut recorder = self.recorder.borrow_mut();
        recorder.acknowledge(self.ended.len());
        self.ended.push(recorder.calls());
    }

    fn finish(
        self,
        notes: &mut Notes,
        settled: Tree,
        set_up: usize,
        trace: Trace,
        recovers: bool,
        directories: BTreeSet<String>,
    ) -> Result<Recordable, TrialError> {
        if !trace.blind_spots.is_empty() {
            return Ok(Err(trace.blind_spots));
        }
        let on_disk = notes.arena.tree()?;
        if let Some(why) = cannot_be_laid_out(&on_disk) {
            return Ok(Err(BTreeSet::from([why.to_owned()])));
        }
        let recorded = self.recorder.borrow_mut().finish(&on_disk);
        Ok(recorded.map_err(|why| BTreeSet::from([why])).map(|recorded| Run {
            recorded,
            settled,
            history: std::mem::take(&mut notes.history),
            set_up,
            ended: self.ended,
            opened: self.opened,
            trace,
            recovers,
            directories,
            crowded: false,
            late: false,
        }))
    }
}
