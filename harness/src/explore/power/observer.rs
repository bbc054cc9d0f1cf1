//! Looking at crash states: one process for thousands of them, and a fresh one for what counts.
//!
//! `open` stands for a fresh instance (the protocol says so), and every state lies at a path that was never used
//! before, so one long-lived process can look at all of them. That a subject keeps to this is not
//! believed: it is tried out first, every finding is confirmed by a process of its own, and so is a sample of the
//! rest.

use std::time::{Duration, Instant};

use crashworthy::Guarantee;

use super::{
    super::{
        observe::{RETRY_CONTENT, RETRY_FILE},
        trial::{Stage, TrialError},
    },
    ground::Ground,
};
use crate::{
    history::{Entry, Invocation, Outcome, Phase, Tree},
    scenario::Scenario,
    subject::{Batch, Plain},
};

/// A process looks at this many states: what a subject does not give back in `open` adds up.
const STATES_PER_PROCESS: usize = 1_000;
/// Opening, reading, recovering and writing again take at most as long as so many operations may, all together.
const STATE_OPERATIONS_MAX: u32 = 3;

/// What was seen of one crash state.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    pub(super) entries: Vec<Entry>,
    /// How many of them are the look and the recovery, before anything is tried again.
    pub(super) look: usize,
    /// Whether opening, reading and recovering left another tree.
    pub(super) is_changed: bool,
    /// Whether the process died, hung, or answered nonsense.
    pub(super) is_broken: bool,
    /// How long it may take, where it took longer.
    pub(super) exceeded: Option<Duration>,
}

/// The operations that follow a power loss: a look, and recovery where there is any.
pub(super) struct Script {
    batch: Batch,
    phases: Vec<Phase>,
    /// What is needed of it where a look at the same tree is known.
    recovery: Batch,
    recovers: bool,
}

impl Script {
    pub(super) fn new(scenario: &Scenario, recovers: bool) -> Self {
        let reads = reads(scenario).into_iter().map(|read| (Phase::Crashed, read));
        let recovery = recovers.then_some((Phase::Recovery, Invocation::Recover));
        let only = Batch::new(recovery.iter().map(|(_, invocation)| invocation.clone()).collect());
        let (phases, batch) = reads.chain(recovery).unzip();
        Self { batch: Batch::new(batch), phases, recovery: only, recovers }
    }
}

/// What follows that: another look where recovery changed something, one more try of an operation, and a last look.
pub(super) struct Retry {
    changed: (Batch, Vec<Phase>),
    unchanged: (Batch, Vec<Phase>),
}

impl Retry {
    /// Tries `again`; a write follows where it is none, because only a write shows that a path is healthy.
    pub(super) fn new(scenario: &Scenario, again: Option<&Invocation>) -> Self {
        let looks = |phase| reads(scenario).into_iter().map(move |read| (phase, read));
        // Whether a file exists has been asked before; what it holds says as much.
        let is_telling =
            |(_, read): &(Phase, Invocation)| !matches!(read, Invocation::Exists { .. });
        let mut steps: Vec<(Phase, Invocation)> = Vec::new();
        if let Some(again) = again {
            steps.push((Phase::Retry, again.clone()));
            let write = |path: String| Invocation::WriteFile { path, data: RETRY_CONTENT.into() };
            match again {
                Invocation::DeleteFile { path } => steps.push((Phase::Retry, write(path.clone()))),
                Invocation::CreateDirectory { path } => {
                    steps.push((Phase::Retry, write(format!("{path}/{RETRY_FILE}"))));
                }
                _ => {}
            }
            steps.extend(looks(Phase::Retried).filter(is_telling));
        }
        let batch = |steps: Vec<(Phase, Invocation)>| {
            let (phases, batch) = steps.into_iter().unzip();
            (Batch::new(batch), phases)
        };
        let changed = looks(Phase::Recovered).chain(steps.iter().cloned()).collect();
        Self { changed: batch(changed), unchanged: batch(steps) }
    }
}

/// Everything that the scenario names, read, asked for and listed; directories are asked for where that is judged.
fn reads(scenario: &Scenario) -> Vec<Invocation> {
    let files = scenario.paths().into_iter().flat_map(|path| {
        let path = path.to_owned();
        [Invocation::ReadFile { path: path.clone() }, Invocation::Exists { path }]
    });
    let asks = scenario.judges.contains(&Guarantee::PowerDurableMkdir);
    let directories = scenario.directories().into_iter().flat_map(move |directory| {
        let path = directory.to_owned();
        let exists = asks.then(|| Invocation::Exists { path: path.clone() });
        std::iter::once(Invocation::ListFiles { directory: path }).chain(exists)
    });
    files.chain(directories).collect()
}

/// The process that looks, and how much it has looked at.
#[derive(Default)]
pub(super) struct Observer {
    process: Option<Plain>,
    ground: Option<Ground>,
    states: usize,
    /// Only processes of their own look, because a long-lived one remembers.
    fresh_only: bool,
}

impl Observer {
    /// Looks at a crash state; `fresh` with a process of its own. A look at the same tree that is `known` is not
    /// taken again.
    pub(super) fn observe(
        &mut self,
        stage: &mut Stage<'_>,
        tree: &Tree,
        script: &Script,
        retry: Option<&Retry>,
        fresh: bool,
        known: Option<&Observation>,
    ) -> Result<Observation, TrialError> {
        let fresh = fresh || self.fresh_only;
        if fresh || self.states >= STATES_PER_PROCESS {
            self.end(stage)?;
        }
        let began = Instant::now();
        let wait_max = stage.launcher.plain.limits().operation.saturating_mul(STATE_OPERATIONS_MAX);
        let mut ground = match self.ground.take().filter(|_| !fresh) {
            Some(ground) => ground,
            None => Ground::new(stage.scratch)?,
        };
        ground.lay_out(stage.scratch, tree)?;
        self.states += 1;
        let process = match &mut self.process {
            Some(process) => process,
            none => {
                let mut process = stage.launcher.plain.start()?;
                let introduced = process.hello();
                let process = none.insert(process);
                introduced.map_err(TrialError::Subject)?;
                process
            }
        };
        let mut entries = Vec::new();
        let options = &stage.subject.options;
        let batch = if known.is_some() { &script.recovery } else { &script.batch };
        let opened = process.open_and_run(ground.root(), options, batch);
        let unopened = opened
            .as_ref()
            .err()
            .map(|why| Outcome::Broken(format!("a fresh process could not open the root: {why}")));
        let outcomes = opened.unwrap_or_default();
        if let Some(known) = known {
            entries.extend_from_slice(&known.entries[..known.look]);
        } else {
            let looks = (&script.batch, &script.phases[..]);
            note(&mut entries, &ground, looks, outcomes, unopened.as_ref());
        }
        let mut is_broken = unopened.is_none() && hide_what_follows_a_failed_recovery(&mut entries);
        let look = entries.len();
        let is_changed = match known {
            Some(known) => known.is_changed,
            None => unopened.is_none() && ground.is_modified(),
        };
        let mut is_slow = began.elapsed() > wait_max;
        if let Some(retry) = retry.filter(|_| !is_slow) {
            // Where recovery left everything as it was, another look would see the same.
            let look_again = script.recovers && is_changed && !is_broken;
            let (batch, phases) = if look_again { &retry.changed } else { &retry.unchanged };
            ground.forget();
            let outcomes = match unopened {
                Some(_) => Vec::new(),
                None => process.run_all(batch),
            };
            note(&mut entries, &ground, (batch, phases), outcomes, unopened.as_ref());
            is_slow = began.elapsed() > wait_max;
        }
        is_broken |= process.is_broken();
        if fresh || is_broken {
            self.end(stage)?;
        } else {
            self.ground = Some(ground);
        }
        let exceeded = is_slow.then_some(wait_max);
        Ok(Observation { entries, look, is_changed, is_broken, exceeded })
    }

    /// Tries out whether one process that opens several roots takes into one what it saw or wrote in another; if
    /// so, every look has a process of its own from now on. It looks at what was `settled`, at nothing, and at
    /// the first again, and writes in between: what is remembered of one path is then wrong for one of them.
    pub(super) fn try_out(
        &mut self,
        stage: &mut Stage<'_>,
        settled: &Tree,
        scenario: &Scenario,
        script: &Script,
    ) -> Result<(), TrialError> {
        let change = scenario.workload().iter().find(|invocation| invocation.is_change());
        let (retry, nothing) = (Retry::new(scenario, change), Tree::default());
        let first_of_nothing = self.observe(stage, &nothing, script, None, true, None)?;
        let first = self.observe(stage, settled, script, Some(&retry), false, None)?;
        let then_nothing = self.observe(stage, &nothing, script, None, false, None)?;
        let again = self.observe(stage, settled, script, None, false, None)?;
        self.end(stage)?;
        // The retry comes on top.
        let first = &first.entries[..first.look];
        self.fresh_only = !alike(&first_of_nothing.entries, &then_nothing.entries)
            || !alike(first, &again.entries);
        Ok(())
    }

    /// Ends the process that looks.
    pub(super) fn end(&mut self, stage: &mut Stage<'_>) -> Result<(), TrialError> {
        self.states = 0;
        if let Some(process) = self.process.take() {
            stage.launcher.bury(&process)?;
        }
        Ok(())
    }
}

/// Whether two looks saw the same; the words of an error may differ.
pub(super) fn alike(one: &[Entry], other: &[Entry]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| match (&one.outcome, &other.outcome) {
            (Outcome::Ok(one), Outcome::Ok(other)) => one == other,
            (Outcome::Fail { kind, .. }, Outcome::Fail { kind: other, .. }) => kind == other,
            (Outcome::Broken(_), Outcome::Broken(_)) => true,
            _ => false,
        })
}

/// Notes what came of a batch; the same for all of it where the root could not be opened.
fn note(
    entries: &mut Vec<Entry>,
    ground: &Ground,
    (batch, phases): (&Batch, &[Phase]),
    outcomes: Vec<Outcome>,
    unopened: Option<&Outcome>,
) {
    let mut outcomes = outcomes.into_iter();
    for (invocation, phase) in batch.invocations().iter().zip(phases) {
        let outcome = unopened.cloned().or_else(|| outcomes.next());
        let Some(outcome) = outcome.map(|outcome| ground.anonymous(outcome)) else { return };
        entries.push(Entry { phase: *phase, invocation: invocation.clone(), outcome, span: None });
    }
}

/// A process that died in recovery answers nothing any more. That says nothing of each file, so only the recovery
/// itself is kept.
fn hide_what_follows_a_failed_recovery(entries: &mut Vec<Entry>) -> bool {
    let is_recovery = |entry: &Entry| entry.phase == Phase::Recovery;
    let failed = entries.iter().position(|entry| {
        is_recovery(entry) && matches!(entry.outcome, Outcome::Broken(_) | Outcome::Killed)
    });
    if let Some(failed) = failed {
        entries.truncate(failed + 1);
    }
    failed.is_some()
}
