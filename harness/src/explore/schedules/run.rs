//! One run: the scenario's actors at once, their steps in the order that an explorer chooses.

use std::{fs, slice, sync::Arc};

use super::{
    play::{Kill, Play},
    touches::Ledger,
};
use crate::{
    check::is_refusal,
    explore::{
        arena::{Arena, Scratch},
        trial::{Record, TrialError, offers_recovery},
    },
    fault::{Among, Interleaving, Strike},
    history::{Baseline, Entry, Evidence, History, Invocation, Outcome, Phase},
    scenario::Scenario,
    schedule::{Explorer, Run},
    subject::{Batch, Ensemble, Launcher, Plain, PlainSide, Subject, protocol::Hello, watchdog},
    trace::{Circumstance, Trace},
};

/// A file that nobody has stored.
const MISSING: &str = "missing.bin";

/// Where schedules are run: the processes of one scenario's actors, and a process that looks afterwards.
pub(super) struct Rig<'a> {
    subject: &'a Subject,
    scenario: Arc<Scenario>,
    among: Among,
    ensemble: Ensemble<'a>,
    observer: Observer<'a>,
    scratch: &'a mut Scratch,
    ledger: Ledger,
    look: Batch,
    hello: Hello,
    /// What is known before any schedule is tried.
    baseline: Arc<Baseline>,
}

/// A process that opens one root after the other and reads.
struct Observer<'a> {
    side: &'a mut PlainSide,
    process: Option<Plain>,
}

/// A run and what it showed.
pub(super) struct Performed {
    pub(super) run: Run,
    /// How many bytes each of its steps was to write.
    pub(super) bytes: Vec<u64>,
    pub(super) record: Record,
}

impl<'a> Rig<'a> {
    /// Starts the processes.
    pub(super) fn new(
        subject: &'a Subject,
        launcher: &'a mut Launcher,
        scratch: &'a mut Scratch,
        scenario: &Arc<Scenario>,
        among: Among,
    ) -> Result<Self, TrialError> {
        let Launcher { traced, plain } = launcher;
        let ensemble = Ensemble::start(traced, among, scenario.actors.len())?;
        let known = scenario.paths().into_iter().chain(scenario.directories());
        Ok(Self {
            subject,
            scenario: Arc::clone(scenario),
            among,
            ensemble,
            observer: Observer { side: plain, process: None },
            scratch,
            ledger: Ledger::new(known.flat_map(with_ancestors)),
            look: Batch::new(everything(scenario)),
            hello: Hello::default(),
            baseline: Arc::default(),
        })
    }

    /// What the subject says of itself. It is also asked for a file that is not there.
    pub(super) fn introduce(&mut self) -> Result<&Hello, TrialError> {
        let arena = self.place()?;
        self.open_and_run(&arena, &[])?;
        let missing = Invocation::ReadFile { path: MISSING.to_owned() };
        let missing = match &self.ensemble.run(&[missing])[..] {
            [Outcome::Fail { kind, .. }] => Some(*kind),
            _ => None,
        };
        arena.plant(&self.scenario.plants)?;
        let actors = self.scenario.actors.iter().flat_map(|actor| &actor.operations);
        let mut refused: Vec<Invocation> = Vec::new();
        for invocation in self.scenario.set_up.iter().chain(actors) {
            if self.ensemble.run(slice::from_ref(invocation)).iter().any(is_refusal) {
                refused.push(invocation.clone());
            }
        }
        self.baseline = Arc::new(Baseline { missing, refused, ..Baseline::default() });
        self.has_missed_closes()?;
        // Whoever answers improperly even alone is to do so where it is judged.
        self.renew()?;
        Ok(&self.hello)
    }

    /// A fresh root, with nothing beside it.
    fn place(&mut self) -> Result<Arena, TrialError> {
        let root = self.scratch.fresh_path();
        fs::create_dir(&root)?;
        Ok(self.scratch.adopt(root))
    }

    fn open_and_run(
        &mut self,
        arena: &Arena,
        invocations: &[Invocation],
    ) -> Result<Vec<Outcome>, TrialError> {
        let (root, options) = (arena.root(), &self.subject.options);
        let (hello, outcomes) = self
            .ensemble
            .open_and_run(&root, options, invocations)
            .map_err(|why| TrialError::Subject(arena.anonymous_text(&why)))?;
        self.hello = hello.unwrap_or_else(|| std::mem::take(&mut self.hello));
        Ok(outcomes)
    }

    /// Whether runs so far have missed when locks were given up, so that they have fewer steps than the next ones
    /// will have: processes take locks, and did not show it before.
    pub(super) fn has_missed_closes(&mut self) -> Result<bool, TrialError> {
        Ok(self.ensemble.has_missed_closes()?)
    }

    /// Ends the processes; the next run starts new ones.
    pub(super) fn renew(&mut self) -> Result<(), TrialError> {
        self.ensemble.renew()?;
        if let Some(process) = self.observer.process.take() {
            process.kill();
            self.ensemble.bury_stranger(&process)?;
        }
        Ok(())
    }

    /// One run. With `looks`, what lies on disk after every step is evidence, too.
    pub(super) fn run(
        &mut self,
        explorer: &mut dyn Explorer,
        kill: Option<Kill>,
        looks: bool,
    ) -> Result<Performed, TrialError> {
        if watchdog::is_interrupted() {
            return Err(TrialError::Interrupted);
        }
        let arena = self.place()?;
        arena.plant(&self.scenario.plants)?;
        let scenario = Arc::clone(&self.scenario);
        let outcomes = self.open_and_run(&arena, &scenario.set_up)?;
        let mut history = History::new();
        for (invocation, outcome) in self.scenario.set_up.iter().zip(outcomes) {
            let (invocation, outcome) = (invocation.clone(), arena.anonymous(outcome));
            history.push(Entry { phase: Phase::SetUp, invocation, outcome, span: None });
        }
        self.ledger.begin(&arena.root());
        self.ensemble.begin();
        let mut play =
            Play::new(&self.scenario, &arena, &mut self.ensemble, &mut self.ledger, history);
        if looks {
            play.look()?;
        }
        play.go_on_to_the_end(explorer, kill)?;
        let Play { mut history, mut trace, run, schedule, bytes, trees, .. } = play;
        self.ensemble.end()?;
        if watchdog::is_interrupted() {
            return Err(TrialError::Interrupted);
        }
        if !run.abandoned {
            self.observer.look(
                &mut self.ensemble,
                &arena,
                self.subject,
                &self.look,
                &mut history,
            )?;
        }
        if self.ensemble.is_past_limit() {
            trace.circumstances.insert(Circumstance::PastLimit);
        }
        trace.blind_spots.extend(self.ensemble.blind_spot().map(str::to_owned));
        let evidence = Evidence {
            scenario: Arc::clone(&self.scenario),
            strike: Strike::Schedule(Interleaving { among: self.among, schedule }),
            recovers: offers_recovery(&self.hello),
            baseline: Arc::clone(&self.baseline),
            history,
            trees: trees.unwrap_or_default(),
            outside: Vec::new(),
        };
        let record = Record { evidence, trace, recovery: Trace::default() };
        Ok(Performed { run, bytes, record })
    }
}

impl Drop for Rig<'_> {
    fn drop(&mut self) {
        // Nobody is left to tell of a failure here.
        let _ = self.renew();
    }
}

impl Observer<'_> {
    /// Reads everything that the scenario names, on a fresh instance.
    fn look(
        &mut self,
        ensemble: &mut Ensemble<'_>,
        arena: &Arena,
        subject: &Subject,
        batch: &Batch,
        history: &mut History,
    ) -> Result<(), TrialError> {
        let process = match &mut self.process {
            Some(process) if !process.is_broken() => process,
            gone => {
                if let Some(broken) = gone.take() {
                    ensemble.bury_stranger(&broken)?;
                }
                let mut process = self.side.start()?;
                process.hello().map_err(TrialError::Subject)?;
                gone.insert(process)
            }
        };
        let outcomes = process
            .open_and_run(&arena.root(), &subject.options, batch)
            .unwrap_or_else(|why| vec![Outcome::Broken(why); batch.invocations().len()]);
        for (invocation, outcome) in batch.invocations().iter().zip(outcomes) {
            let (invocation, outcome) = (invocation.clone(), arena.anonymous(outcome));
            history.push(Entry { phase: Phase::Quiet, invocation, outcome, span: None });
        }
        Ok(())
    }
}

/// The reads that show all that a scenario is about.
fn everything(scenario: &Scenario) -> Vec<Invocation> {
    let files = scenario.paths().into_iter().flat_map(|path| {
        [
            Invocation::ReadFile { path: path.to_owned() },
            Invocation::Exists { path: path.to_owned() },
        ]
    });
    let directories = scenario.directories().into_iter();
    let lists =
        directories.map(|directory| Invocation::ListFiles { directory: directory.to_owned() });
    files.chain(lists).collect()
}

fn with_ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent))
}
