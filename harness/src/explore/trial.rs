//! One trial: a scenario under one strike, with real processes, and everything that was seen.
//!
//! The process that runs the workload is traced and struck. Whoever looks afterwards is a fresh process
//! that nobody traces, unless its recovery is to be struck as well.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use crashworthy::ErrorKind;

use super::{
    arena::Scratch,
    observe::{Client, Notes, Unopened, looks, observe, repair, retry},
};
use crate::{
    fault::{Side, Strike},
    history::{Baseline, Evidence, History, Invocation, Moment, Outcome, Phase, Tree},
    scenario::Scenario,
    subject::{Launcher, Plain, Progress, Subject, protocol},
    trace::{Trace, spawn::NotExecutable},
};

/// How long `recover` may take beside a held writer. It may be waiting for that very writer, so a
/// time-out is no finding.
const BESIDE_WRITER_WAIT_MAX: Duration = Duration::from_secs(2);
/// How many left-overs of a crash are looked for by name.
const LEFT_OVERS_PROBED_MAX: usize = 8;

/// What a trial gives.
pub(crate) struct Record {
    pub(crate) evidence: Evidence,
    /// The workload's events.
    pub(crate) trace: Trace,
    /// The events of `recover`, where that was traced.
    pub(crate) recovery: Trace,
}

/// Why a trial gives nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    /// The subject could not be started or did not speak the protocol.
    #[error("the subject did not start: {0}")]
    Subject(String),
    /// The subject's calls were not those of the fault-free run, so the strike found no target.
    #[error("its system calls differ from run to run: {0}")]
    Diverged(String),
    /// The run was interrupted.
    #[error("the run was interrupted")]
    Interrupted,
    /// The harness failed.
    #[error("the harness failed: {0}")]
    Harness(#[source] io::Error),
}

impl From<io::Error> for TrialError {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<NotExecutable>()) {
            Some(not_executable) => Self::Subject(not_executable.to_string()),
            None => Self::Harness(error),
        }
    }
}

/// Everything that stays the same between the trials of a scenario.
pub(crate) struct Stage<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) launcher: &'a mut Launcher,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) scenario: &'a Arc<Scenario>,
    pub(crate) baseline: Arc<Baseline>,
}

impl Stage<'_> {
    /// One trial under `strike`, whose fault-free events are `rehearsal`. With `trace_recovery`, the
    /// recovery after it is traced, so that it can be struck next.
    pub(crate) fn strike(
        &mut self,
        strike: &Strike,
        rehearsal: &Trace,
        trace_recovery: bool,
    ) -> Result<Record, TrialError> {
        if strike.is_error() {
            return self.strike_call(strike, rehearsal);
        }
        if let Strike::BitRot { .. } = strike {
            return self.strike_stored(strike);
        }
        let mut notes = self.notes()?;
        let (workload_strike, recovery_strike) = match strike {
            Strike::InRecovery { workload, recovery } => (&**workload, Some(&**recovery)),
            other => (other, None),
        };
        let (hello, trace) = match workload_strike {
            Strike::KillAfterTime { micros } => {
                (self.kill_after(*micros, &mut notes)?, Trace::default())
            }
            // The root is as nobody has opened it yet; who opens it first is struck.
            Strike::None => (self.introduction()?, Trace::default()),
            _ => self.run_struck(workload_strike, rehearsal, &mut notes)?,
        };
        if let Strike::Pause { .. } = workload_strike {
            let mut reader = self.open_plain(&notes).map_err(TrialError::Subject)?;
            observe(&mut notes, self.scenario, Phase::Finished, &mut reader, &[]);
            self.launcher.bury(&reader)?;
            return self.record(notes, strike.clone(), &hello, trace, Trace::default());
        }
        let recovers = offers_recovery(&hello);
        let crashed = notes.look(Moment::Crashed)?;
        let left_overs = self.left_overs(crashed);
        let recovery = if recovery_strike.is_some() || trace_recovery {
            let target = recovery_strike.unwrap_or(&Strike::None);
            self.recover_traced(target, recovers, &mut notes, &left_overs)?
        } else {
            self.look_and_repair(recovers, &mut notes, &left_overs)?;
            Trace::default()
        };
        self.record(notes, strike.clone(), &hello, trace, recovery)
    }

    /// What happens when an untouched root is opened for the first time, and read.
    pub(super) fn open_first(&mut self) -> Result<Trace, TrialError> {
        let recovers = offers_recovery(&self.introduction()?);
        let mut notes = self.notes()?;
        self.recover_traced(&Strike::None, recovers, &mut notes, &[])
    }

    /// What a process says of itself.
    fn introduction(&mut self) -> Result<protocol::Hello, TrialError> {
        let mut process = self.launcher.plain.start()?;
        let hello = process.hello().map_err(TrialError::Subject)?;
        self.launcher.bury(&process)?;
        Ok(hello)
    }

    /// Runs the workload in a traced process until the strike has ended or passed it.
    fn run_struck(
        &mut self,
        strike: &Strike,
        rehearsal: &Trace,
        notes: &mut Notes,
    ) -> Result<(protocol::Hello, Trace), TrialError> {
        let Launcher { traced, plain } = &mut *self.launcher;
        let mut beside = None;
        let mut process = traced.start()?;
        let hello = process
            .greet(&notes.arena.root(), &self.subject.options)
            .map_err(|why| subject_failed(notes, &why))?;
        for invocation in &self.scenario.set_up {
            notes.run(Phase::SetUp, &mut process, invocation);
        }
        process.aim(strike.clone());
        let mut killed = false;
        for (index, invocation) in self.scenario.workload().iter().enumerate() {
            let aimed = notes.arena.aimed(invocation);
            let mut recovered_beside = None;
            let outcome = match process.call(&aimed) {
                Progress::Ended(outcome) => outcome,
                Progress::Held => {
                    // Only a plain process can work beside a held one.
                    let mut other = plain.start()?;
                    let root = notes.arena.root();
                    let mut recovered = match other.greet(&root, &self.subject.options) {
                        Ok(_) => {
                            other.limit_operations(BESIDE_WRITER_WAIT_MAX);
                            other.call(&Invocation::Recover)
                        }
                        Err(why) => Outcome::Broken(why),
                    };
                    if matches!(&recovered, Outcome::Broken(_)) {
                        recovered = Outcome::Fail {
                            kind: ErrorKind::Conflict,
                            message: "no answer while the writer was held".into(),
                        };
                    }
                    recovered_beside = Some(recovered);
                    other.kill();
                    beside = Some(other);
                    loop {
                        match process.go_on(&aimed) {
                            Progress::Ended(outcome) => break outcome,
                            Progress::Held => {}
                        }
                    }
                }
            };
            killed = outcome == Outcome::Killed;
            let broken = matches!(outcome, Outcome::Broken(_));
            notes.note(Phase::Workload, invocation, outcome);
            if let Some(recovered) = recovered_beside {
                // Invoked after the operation that was held.
                notes.note(Phase::BesideWriter, &Invocation::Recover, recovered);
            }
            if killed || broken {
                break;
            }
            if let Strike::KillAfterAck { operation } = strike
                && *operation == index
            {
                killed = true;
                break;
            }
        }
        process.die()?;
        let struck =
            process.is_struck() || (killed && matches!(strike, Strike::KillAfterAck { .. }));
        let trace = process.take_trace();
        drop(process);
        if let Some(other) = beside {
            self.launcher.bury(&other)?;
        }
        if !struck {
            let (rehearsed, seen) = (rehearsal.events.len(), trace.events.len());
            return Err(TrialError::Diverged(if rehearsed == seen {
                "none of them is the one that is to be struck".to_owned()
            } else {
                format!("{rehearsed} were seen in the fault-free run, {seen} this time")
            }));
        }
        // A writer that went on after a pause may rightly do something else.
        let comparable = match strike {
            Strike::Pause { event } => event + 1,
            _ => trace.events.len(),
        };
        if let Some(why) = diverged(&trace, rehearsal, comparable) {
            return Err(TrialError::Diverged(why));
        }
        let known = known_results(strike, trace.events.len());
        Ok((hello, trace.ended_as(rehearsal, known)))
    }

    /// Runs the workload free and kills it at an instant.
    fn kill_after(
        &mut self,
        micros: u64,
        notes: &mut Notes,
    ) -> Result<protocol::Hello, TrialError> {
        let mut process = self.launcher.plain.start()?;
        let hello = process
            .greet(&notes.arena.root(), &self.subject.options)
            .map_err(|why| subject_failed(notes, &why))?;
        for invocation in &self.scenario.set_up {
            notes.run(Phase::SetUp, &mut process, invocation);
        }
        process.kill_at = Some(Instant::now() + Duration::from_micros(micros));
        for invocation in self.scenario.workload() {
            if !notes.run(Phase::Workload, &mut process, invocation).is_ok() {
                break;
            }
        }
        self.launcher.bury(&process)?;
        Ok(hello)
    }

    /// A look, recovery and a retry, by a fresh process.
    fn look_and_repair(
        &mut self,
        recovers: bool,
        notes: &mut Notes,
        left_overs: &[String],
    ) -> Result<(), TrialError> {
        self.with_fresh(notes, |stage, notes, process| {
            observe(notes, stage.scenario, Phase::Crashed, process, left_overs);
            repair(notes, stage.scenario, recovers, process, left_overs)
        })
    }

    /// `open`, a look, and `recover` where there is one, in a traced process under `strike`; when that kills it, once
    /// more in a fresh one. Whatever repairs what a crash left may do so when it is opened, or first read.
    fn recover_traced(
        &mut self,
        strike: &Strike,
        recovers: bool,
        notes: &mut Notes,
        left_overs: &[String],
    ) -> Result<Trace, TrialError> {
        let scenario = Arc::clone(self.scenario);
        let mut process = self.launcher.traced.start()?;
        process.aim(strike.clone());
        let opened = process.greet(&notes.arena.root(), &self.subject.options);
        if let Err(why) = &opened
            && !process.is_struck()
        {
            drop(process);
            let mut unopened = Unopened(unopened(notes, why));
            observe(notes, &scenario, Phase::Crashed, &mut unopened, left_overs);
            repair(notes, &scenario, recovers, &mut unopened, left_overs)?;
            return Ok(Trace::default());
        }
        if *strike == Strike::None {
            observe(notes, &scenario, Phase::Crashed, &mut process, left_overs);
            process.opened();
            if recovers {
                notes.run(Phase::Recovery, &mut process, &Invocation::Recover);
            }
            process.disarm();
            if recovers {
                notes.look(Moment::Recovered)?;
                observe(notes, &scenario, Phase::Recovered, &mut process, left_overs);
            }
            retry(notes, &scenario, &mut process);
            return Ok(process.take_trace());
        }
        // The same calls up to the strike; what they answer, the trial without a second kill has told.
        for look in looks(&scenario, left_overs) {
            if process.is_struck() {
                break;
            }
            process.run(&notes.arena.aimed(&look));
        }
        process.opened();
        let mut outcome = Outcome::Killed;
        if recovers && !process.is_struck() {
            outcome = process.run(&Invocation::Recover);
        }
        let struck = process.is_struck();
        process.die()?;
        let trace = process.take_trace();
        drop(process);
        if !struck {
            return Err(TrialError::Diverged("recovery made fewer calls this time".into()));
        }
        notes.note(Phase::Recovery, &Invocation::Recover, outcome);
        self.look_and_repair(recovers, notes, left_overs)?;
        Ok(trace)
    }

    /// Hands a fresh plain process to `use_it`; one that cannot open the root answers everything with
    /// that reason.
    pub(super) fn with_fresh(
        &mut self,
        notes: &mut Notes,
        use_it: impl FnOnce(&mut Self, &mut Notes, &mut dyn Client) -> Result<(), TrialError>,
    ) -> Result<(), TrialError> {
        match self.open_plain(notes) {
            Ok(mut process) => {
                let used = use_it(self, notes, &mut process);
                self.launcher.bury(&process)?;
                used
            }
            Err(why) => use_it(self, notes, &mut Unopened(why)),
        }
    }

    pub(super) fn open_plain(&mut self, notes: &Notes) -> Result<Plain, String> {
        let mut process = self.launcher.plain.start().map_err(|error| error.to_string())?;
        match process.greet(&notes.arena.root(), &self.subject.options) {
            Ok(_) => Ok(process),
            Err(why) => {
                let _ = self.launcher.bury(&process);
                Err(unopened(notes, &why))
            }
        }
    }

    pub(super) fn notes(&mut self) -> Result<Notes, TrialError> {
        if crate::subject::watchdog::is_interrupted() {
            return Err(TrialError::Interrupted);
        }
        let arena = self.scratch.arena()?;
        arena.plant(&self.scenario.plants)?;
        Ok(Notes { arena, history: History::new(), trees: Vec::new() })
    }

    /// Files on disk that neither the scenario names nor a fault-free run leaves.
    fn left_overs(&self, crashed: &Tree) -> Vec<String> {
        let known = self.scenario.paths();
        crashed
            .files()
            .filter(|file| !self.baseline.files.contains(*file) && !known.contains(file))
            .take(LEFT_OVERS_PROBED_MAX)
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn record(
        &self,
        notes: Notes,
        strike: Strike,
        hello: &protocol::Hello,
        trace: Trace,
        recovery: Trace,
    ) -> Result<Record, TrialError> {
        // Subjects that were ended by Ctrl-C look like subjects that died.
        if crate::subject::watchdog::is_interrupted() {
            return Err(TrialError::Interrupted);
        }
        let outside = notes.arena.changes_outside()?;
        let evidence = Evidence {
            scenario: Arc::clone(self.scenario),
            strike,
            recovers: offers_recovery(hello),
            baseline: Arc::clone(&self.baseline),
            history: notes.history,
            trees: notes.trees,
            outside,
        };
        Ok(Record { evidence, trace, recovery })
    }
}

/// How the first `comparable` events differ from those of the fault-free run, if they do.
pub(super) fn diverged(trace: &Trace, rehearsal: &Trace, comparable: usize) -> Option<String> {
    let mut pairs = trace.events.iter().zip(&rehearsal.events).take(comparable).enumerate();
    pairs.find_map(|(index, (event, rehearsed))| {
        (event.call != rehearsed.call || event.bytes != rehearsed.bytes).then(|| {
            let (was, is) = (rehearsed.call, event.call);
            format!("event {index} was {was} in the fault-free run and {is} this time")
        })
    })
}

/// Of how many of `events` calls the fault-free run tells how they ended: those that were made as in it.
pub(super) fn known_results(strike: &Strike, events: usize) -> usize {
    match strike {
        Strike::Kill { event, side: Side::After } => event + 1,
        Strike::Kill { event, side: Side::Before }
        | Strike::Torn { event, .. }
        | Strike::Error { event, .. }
        | Strike::Short { event, .. }
        | Strike::DiskFull { event, .. }
        | Strike::Pause { event } => *event,
        _ => events,
    }
}

pub(super) fn subject_failed(notes: &Notes, why: &str) -> TrialError {
    TrialError::Subject(notes.arena.anonymous_text(why))
}

fn unopened(notes: &Notes, why: &str) -> String {
    format!("a fresh process could not open the root: {}", notes.arena.anonymous_text(why))
}

pub(super) fn offers_recovery(hello: &protocol::Hello) -> bool {
    hello.offers(protocol::RECOVER)
}
