//! Power loss: from one recorded run of a scenario to every crash state that a persistence model allows, each
//! opened by a real process, recovered, and lost once more inside recovery.
//!
//! `reenact` shows a case once more, for reports. `recorder` turns traced calls into a recording, `record` makes the
//! runs that are recorded, `ground` lays crash states out, `observer` looks at them. `failed_sync` and `killed` lose
//! power after something else has struck (`last_word`). A tree is looked at once for each moment of the workload that
//! it may stand for, whatever model or loss it came from.

mod descriptor;
mod failed_sync;
pub(super) mod ground;
mod killed;
mod last_word;
mod observer;
mod record;
mod recorder;
mod reenact;
mod replay;

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use crashworthy::{Category, Guarantee, PersistenceModel};
use observer::{Observation, Observer, Retry, Script, alike};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::IteratorRandom};
use record::{Context, Pace, Run};
use strum::VariantArray;

use super::{
    sweep::{News, Sweep, Swept},
    trial::{Stage, TrialError},
};
use crate::{
    fault::{FaultKind, PowerLoss, Strike},
    history::{Baseline, Entry, Evidence, Invocation, Moment, Outcome, Phase, Tree},
    judge::{Docket, Losses, Ruling, rule},
    persist::{Bound, CrashState, Limits, Model, Order, Point, States, Walk},
};

/// So many looks at trees are kept, at some kilobytes each.
const LOOKS_MAX: usize = 20_000;
/// Every so many states, one that looked right is looked at by a process of its own as well.
const SAMPLED_EVERY: usize = 128;
/// So many states may break the process that looks at them before the rest is not looked at any more: each may cost as
/// much as the longest operation may take.
const BROKEN_STATES_MAX: usize = 8;
/// Why finding nothing else against a subject that breaks proves nothing.
const BREAKS: &str = "it breaks on crash states, so that not all of them were looked at";

/// How a crash state came about, as far as its judgement goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Situation {
    context: Context,
    /// The power failed a second time, in recovery.
    nested: bool,
}

/// What is known of a tree in a situation.
struct Known {
    ruling: Ruling,
    /// Whether opening, reading and recovering changed it.
    is_changed: bool,
}

/// A state that a model allows, and how it comes about. Most are known already, so that nothing is made of them
/// unless it is asked for.
struct Candidate<'c, 'p> {
    model: PersistenceModel,
    point: Point,
    state: &'c CrashState,
    states: &'c States<'p>,
    situation: Situation,
    /// The loss before, and the recovery that this one struck.
    first: Option<(&'c PowerLoss, &'c Run)>,
    /// Whether the calls of the run that it struck were made as late as possible.
    late: bool,
}

impl Candidate<'_, '_> {
    fn tree(&self) -> Tree {
        self.states.tree()
    }

    fn loss(&self) -> PowerLoss {
        let this = loss(self.model, self.point, self.state);
        match self.first {
            Some((first, _)) => PowerLoss { again: Some(Box::new(this)), ..first.clone() },
            None => PowerLoss { late: self.late, ..this },
        }
    }

    /// [`PowerLoss::size`] of [`Self::loss`].
    fn size(&self) -> (bool, usize, usize, usize) {
        let lost = self.state.missing.len();
        match self.first {
            Some((first, _)) => (true, first.lost() + lost, first.calls, first.acknowledged),
            None => (false, lost, self.point.calls, self.point.acknowledged),
        }
    }
}

/// The power losses of one scenario.
struct Exploration<'a, 's> {
    sweep: &'a Sweep<'a>,
    stage: &'a mut Stage<'s>,
    run: Run,
    script: Script,
    /// What is tried again, by the situation's context.
    retries: HashMap<Context, Retry>,
    observer: Observer,
    known: HashMap<([u8; 32], Situation), Rc<Known>>,
    /// What was seen of each tree, whatever the situation; as many as memory has room for.
    looks: HashMap<[u8; 32], Rc<Observation>>,
    /// Recoveries of crash states, by digest; none where they could not be recorded.
    recoveries: HashMap<[u8; 32], Option<Rc<Run>>>,
    /// Only processes of their own look, because the long-lived one remembers.
    fresh_only: bool,
    found: Docket,
    crash_states: usize,
    broken: usize,
}

/// How far the search went where calls could not be made late.
const PROMPT_ALONE: &str = "its calls as they come, and not as late as possible";

/// Why an exploration ends early.
enum Stop {
    Error(TrialError),
    /// A process that was asked to open one root after the other saw something else than a fresh one.
    Remembers,
    /// It takes too long, or breaks too often: why.
    Doubt(String),
}

impl<E: Into<TrialError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Sweep<'_> {
    /// Loses power wherever the models allow it.
    pub(super) fn lose_power(
        &self,
        stage: &mut Stage<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let run = match stage.record_to_lose(Pace::Prompt)? {
            Ok(run) => run,
            Err(reasons) => {
                self.doubt_power(swept, &reasons);
                return Ok(());
            }
        };
        let (crowded, made) = (run.crowded, run.calls());
        self.lose_recorded(stage, run, swept, tell)?;
        if !crowded {
            return Ok(());
        }
        match stage.record_to_lose(Pace::Late) {
            // What its threads and processes did in another order is judged as well, but for whoever was ended because
            // it waited too long.
            Ok(Ok(run)) if run.calls() != made && !run.is_broken() => {
                self.lose_recorded(stage, run, swept, tell)
            }
            Ok(Ok(run)) if !run.is_broken() => Ok(()),
            // The verdict rests on the run as it went by itself, and says so.
            Ok(_) | Err(TrialError::Diverged(_) | TrialError::Subject(_)) => {
                for &model in PersistenceModel::VARIANTS {
                    for &guarantee in self.scenario.judges.iter().filter(|it| is_about_power(**it))
                    {
                        swept.docket.bound(guarantee, model, PROMPT_ALONE);
                    }
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Loses power wherever the models allow it in a run.
    fn lose_recorded(
        &self,
        stage: &mut Stage<'_>,
        run: Run,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let pace = Pace::of(run.late);
        let mut fresh_only = false;
        let mut recorded = Some(run);
        loop {
            let again = match recorded.take() {
                Some(run) => Ok(run),
                None => stage.record_to_lose(pace)?,
            };
            let run = match again {
                Ok(run) => run,
                Err(reasons) => {
                    self.doubt_power(swept, &reasons);
                    return Ok(());
                }
            };
            if let Some(why) = run.keeps_elsewhere() {
                self.doubt_power(swept, &BTreeSet::from([why.to_owned()]));
                return Ok(());
            }
            know_directories(stage, &run);
            let mut exploration = Exploration::new(self, stage, run, fresh_only);
            let explored = exploration.explore(tell);
            let ended = exploration.end();
            let Exploration { found, crash_states, .. } = exploration;
            swept.totals.crash_states += crash_states;
            ended?;
            match explored {
                Err(Stop::Remembers) if !fresh_only => {
                    fresh_only = true;
                    continue;
                }
                Err(Stop::Remembers) | Ok(()) => swept.docket.merge(found),
                Err(Stop::Doubt(why)) => {
                    swept.docket.merge(found);
                    self.doubt_power(swept, &BTreeSet::from([why]));
                }
                Err(Stop::Error(error)) => {
                    swept.docket.merge(found);
                    return Err(error);
                }
            }
            return Ok(());
        }
    }

    fn doubt_power(&self, swept: &mut Swept, reasons: &BTreeSet<String>) {
        let judged = self.scenario.judges.iter().filter(|guarantee| is_about_power(**guarantee));
        for &guarantee in judged {
            for reason in reasons {
                swept.docket.doubt(guarantee, reason);
            }
        }
    }
}

/// Whether a guarantee speaks of what a power loss leaves.
fn is_about_power(guarantee: Guarantee) -> bool {
    guarantee.category() == Category::PowerLoss || guarantee == Guarantee::FsyncFailureHonest
}

/// Puts what the recorded run learned of directories into the baseline.
fn know_directories(stage: &mut Stage<'_>, run: &Run) {
    let directories = run.directories.clone();
    stage.baseline = Arc::new(Baseline { directories, ..(*stage.baseline).clone() });
}

impl<'a, 's> Exploration<'a, 's> {
    fn new(sweep: &'a Sweep<'a>, stage: &'a mut Stage<'s>, run: Run, fresh_only: bool) -> Self {
        Self {
            script: Script::new(sweep.scenario, run.recovers),
            sweep,
            stage,
            run,
            retries: HashMap::new(),
            observer: Observer::default(),
            known: HashMap::new(),
            looks: HashMap::new(),
            recoveries: HashMap::new(),
            fresh_only,
            found: Docket::default(),
            crash_states: 0,
            broken: 0,
        }
    }

    fn end(&mut self) -> Result<(), TrialError> {
        self.observer.end(self.stage)
    }

    fn explore(&mut self, tell: &mut dyn FnMut(&News<'_>)) -> Result<(), Stop> {
        self.observer.try_out(self.stage, &self.run.settled, self.sweep.scenario, &self.script)?;
        let recording = self.run.recorded.recording.clone();
        let all = recording.points();
        let points = self.choose(&all);
        let limits = self.limits();
        for &model in PersistenceModel::VARIANTS {
            let order = Order::new(&recording, Model::of(model));
            let mut walk = Walk::new(&recording, &order);
            if points.len() < all.len() {
                self.bound(model, &format!("{} of {} moments", points.len(), all.len()));
            }
            // The latest moment of which all states were looked at, in the same situation as now.
            let mut known: Option<(Situation, usize)> = None;
            for &point in &points {
                let situation = Situation { context: self.run.context(point), nested: false };
                let mut states = walk.states(point, limits);
                if let Some((_, calls)) = known.filter(|(known, _)| *known == situation) {
                    states = states.beyond(calls);
                }
                known = Some((situation, point.calls));
                if let bound @ Bound::Bounded { .. } = states.bound() {
                    self.bound(model, &bound.to_string());
                    known = None;
                }
                while let Some(state) = states.advance() {
                    let (state, states, first) = (&state, &states, None);
                    let late = self.run.late;
                    let candidate =
                        Candidate { model, point, state, states, situation, first, late };
                    if self.judge(&candidate, tell)?.is_changed {
                        self.lose_again(&candidate, tell)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Power is lost once more while a crash state is opened and recovered.
    fn lose_again(
        &mut self,
        crashed: &Candidate<'_, '_>,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), Stop> {
        let Some(recovery) = self.recovery(crashed)? else { return Ok(()) };
        let (model, loss) = (crashed.model, crashed.loss());
        let recording = &recovery.recorded.recording;
        let order = Order::new(recording, Model::of(model));
        let mut walk = Walk::new(recording, &order);
        let situation = Situation { nested: true, ..crashed.situation };
        let mut known = None;
        for point in recording.points() {
            let mut states = walk.states(point, self.limits());
            if let Some(calls) = known {
                states = states.beyond(calls);
            }
            known = Some(point.calls);
            if let bound @ Bound::Bounded { .. } = states.bound() {
                self.bound(model, &format!("in recovery {bound}"));
                known = None;
            }
            while let Some(state) = states.advance() {
                let first = Some((&loss, &*recovery));
                let (state, states, late) = (&state, &states, false);
                self.judge(
                    &Candidate { model, point, state, states, situation, first, late },
                    tell,
                )?;
            }
        }
        Ok(())
    }

    fn recovery(&mut self, crashed: &Candidate<'_, '_>) -> Result<Option<Rc<Run>>, Stop> {
        if let Some(recovery) = self.recoveries.get(&crashed.state.digest) {
            return Ok(recovery.clone());
        }
        if self.recoveries.len() >= self.sweep.effort.recoveries {
            for &model in PersistenceModel::VARIANTS {
                let few = self.sweep.effort.recoveries;
                self.bound(
                    model,
                    &format!("a second loss in the recovery of the first {few} states only"),
                );
            }
            return Ok(None);
        }
        let recovery = match self.stage.record_recovery(&crashed.tree())? {
            Ok(run) => {
                if let Some(why) = run.keeps_elsewhere() {
                    return Err(Stop::Doubt(why.to_owned()));
                }
                Some(Rc::new(run))
            }
            Err(reasons) => {
                return Err(Stop::Doubt(reasons.into_iter().next().unwrap_or_default()));
            }
        };
        self.recoveries.insert(crashed.state.digest, recovery.clone());
        Ok(recovery)
    }

    /// Looks at a state unless its tree has been looked at in this situation, and files what comes of it.
    fn judge(
        &mut self,
        candidate: &Candidate<'_, '_>,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<Rc<Known>, Stop> {
        let key = (candidate.state.digest, candidate.situation);
        let known = if let Some(known) = self.known.get(&key) {
            Rc::clone(known)
        } else {
            if (self.sweep.is_over)() {
                return Err(TrialError::Interrupted.into());
            }
            let known = Rc::new(self.look(candidate)?);
            self.known.insert(key, Rc::clone(&known));
            known
        };
        let (kind, scenario) = (Some(FaultKind::PowerLoss), self.sweep.scenario);
        let refuted = self.found.count(&known.ruling, candidate.model, kind, scenario);
        if refuted && self.wants(&known.ruling, candidate) {
            self.convict(candidate, tell)?;
        }
        if self.broken >= BROKEN_STATES_MAX {
            return Err(Stop::Doubt(BREAKS.to_owned()));
        }
        Ok(known)
    }

    /// Whether the state is a smaller case than the one that is kept.
    fn wants(&self, ruling: &Ruling, candidate: &Candidate<'_, '_>) -> bool {
        let refuted = ruling.iter().filter(|(_, finding)| finding.is_some());
        refuted.into_iter().any(|(guarantee, _)| {
            let case = self.found.case(*guarantee, candidate.model);
            let kept = case.and_then(|case| case.evidence.strike.power_loss());
            kept.is_none_or(|kept| candidate.size() < kept.size())
        })
    }

    fn look(&mut self, candidate: &Candidate<'_, '_>) -> Result<Known, Stop> {
        let (tree, situation) = (candidate.tree(), candidate.situation);
        let seen = self.looks.get(&candidate.state.digest).filter(|_| !self.fresh_only).cloned();
        let observation = match seen {
            Some(seen) if !self.retries() => seen,
            seen => {
                self.crash_states += 1;
                Rc::new(self.observe(&tree, situation, self.fresh_only, seen.as_deref())?)
            }
        };
        if let Some(wait_max) = observation.exceeded {
            return Err(Stop::Doubt(format!(
                "it needs more than {wait_max:?} to open one crash state, read it and recover it"
            )));
        }
        self.broken += usize::from(observation.is_broken);
        let is_sample = self.crash_states.is_multiple_of(SAMPLED_EVERY) && !self.fresh_only;
        if is_sample {
            let fresh = self.observe(&tree, situation, true, None)?;
            if !alike(&fresh.entries, &observation.entries) {
                return Err(Stop::Remembers);
            }
        }
        if self.looks.len() < LOOKS_MAX {
            self.looks.entry(candidate.state.digest).or_insert_with(|| Rc::clone(&observation));
        }
        let entries = observation.entries.clone();
        let ruling = rule(&self.evidence(entries, tree, situation, candidate.loss()));
        Ok(Known { ruling, is_changed: observation.is_changed })
    }

    /// Whether anything is tried again: only one guarantee asks for it.
    fn retries(&self) -> bool {
        self.sweep.scenario.judges.contains(&Guarantee::PowerRetryHeals)
    }

    /// A finding counts if a process of its own sees it too.
    fn convict(
        &mut self,
        candidate: &Candidate<'_, '_>,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), Stop> {
        let (tree, situation, loss) = (candidate.tree(), candidate.situation, candidate.loss());
        let observation = self.observe(&tree, situation, true, None)?;
        let evidence = self.evidence(observation.entries, tree, situation, loss.clone());
        let ruling = rule(&evidence);
        if ruling.iter().all(|(_, finding)| finding.is_none()) {
            // Once everything is looked at afresh, one look that differs from another is no finding.
            return if self.fresh_only { Ok(()) } else { Err(Stop::Remembers) };
        }
        let trace = self.run.trace_until(point(&loss));
        let second = candidate.first.map(|(_, run)| run).zip(loss.again.as_deref());
        let losses = Losses {
            first: self.run.lost(&loss),
            second: second.map(|(run, again)| run.lost(again)).unwrap_or_default(),
        };
        let recovery = second.map(|(run, again)| run.trace_until(point(again)));
        let recovery = recovery.unwrap_or_default();
        for guarantee in self.found.keep(&ruling, &evidence, &trace, &recovery, &losses) {
            if let Some(case) = self.found.case(guarantee, loss.model) {
                tell(&News::Refuted(case));
            }
        }
        Ok(())
    }

    fn observe(
        &mut self,
        tree: &Tree,
        situation: Situation,
        fresh: bool,
        known: Option<&Observation>,
    ) -> Result<Observation, Stop> {
        let context = situation.context;
        if !self.retries.contains_key(&context) {
            let again = self.again(context);
            self.retries.insert(context, Retry::new(self.sweep.scenario, again.as_ref()));
        }
        let retry = self.retries.get(&context).filter(|_| self.retries());
        Ok(self.observer.observe(self.stage, tree, &self.script, retry, fresh, known)?)
    }

    /// One look by a process of its own.
    fn look_afresh(
        &mut self,
        tree: &Tree,
        situation: Situation,
    ) -> Result<Observation, TrialError> {
        let looked = self.observe(tree, situation, true, None);
        self.end()?;
        looked.map_err(|stop| match stop {
            Stop::Error(error) => error,
            Stop::Remembers => TrialError::Diverged("it remembers".into()),
            Stop::Doubt(why) => TrialError::Diverged(why),
        })
    }

    /// The interrupted operation, or the last change where none was interrupted.
    fn again(&self, context: Context) -> Option<Invocation> {
        let history = self.run.history(context);
        let workload = || {
            let changes = history[self.run.set_up..].iter();
            changes.filter(|entry| entry.invocation.is_change())
        };
        let interrupted = workload().find(|entry| entry.outcome == Outcome::Killed);
        interrupted.or_else(|| workload().next_back()).map(|entry| entry.invocation.clone())
    }

    fn evidence(
        &self,
        entries: Vec<Entry>,
        tree: Tree,
        situation: Situation,
        loss: PowerLoss,
    ) -> Evidence {
        let mut history = self.run.history(situation.context);
        if situation.nested && self.run.recovers {
            let (phase, invocation, outcome) =
                (Phase::Recovery, Invocation::Recover, Outcome::Killed);
            history.push(Entry { phase, invocation, outcome, span: None });
        }
        history.extend(entries);
        Evidence {
            scenario: Arc::clone(self.sweep.scenario),
            strike: Strike::PowerLoss(loss),
            recovers: self.run.recovers,
            baseline: Arc::clone(&self.stage.baseline),
            history,
            trees: vec![(Moment::Settled, self.run.settled.clone()), (Moment::Crashed, tree)],
            outside: Vec::new(),
        }
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::seeded(self.sweep.seed);
        limits.exhaustive_states_max = self.sweep.effort.states_per_moment;
        limits
    }

    /// The moments to look at: all, or as many as the profile allows.
    fn choose(&self, all: &[Point]) -> Vec<Point> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.sweep.seed);
        let mut chosen = all.iter().copied().sample(&mut random, self.sweep.effort.moments);
        chosen.sort_unstable();
        chosen
    }

    fn bound(&mut self, model: PersistenceModel, bound: &str) {
        let judged =
            self.sweep.scenario.judges.iter().filter(|guarantee| is_about_power(**guarantee));
        for &guarantee in judged {
            self.found.bound(guarantee, model, bound);
        }
    }
}

/// The moment of a power loss.
fn point(loss: &PowerLoss) -> Point {
    Point { calls: loss.calls, acknowledged: loss.acknowledged }
}

fn loss(model: PersistenceModel, point: Point, state: &CrashState) -> PowerLoss {
    PowerLoss {
        model,
        calls: point.calls,
        acknowledged: point.acknowledged,
        missing: state.missing.iter().map(|operation| operation.0).collect(),
        late: false,
        again: None,
    }
}
