//! Re-enactment: a case's workload once more, to see at each of its calls what is in memory, what is on disk for sure,
//! and what a process that starts then is answered. For reports; no verdict depends on it.
//!
//! The workload runs once under the recorder. Each tree that was in memory is laid out, and a real process opens it and
//! reads, so that a reader's view is the subject's own word. Names that chance gave are translated into
//! those of the case, call by call; where the calls are not the same ones, nothing was seen.

use std::collections::BTreeMap;

use super::{
    super::trial::{Stage, TrialError},
    failed_sync,
    observer::{Observer, Script},
    record::{Pace, Run},
};
use crate::{
    fault::Strike,
    history::{Entry, Invocation, Moment, Outcome, Reply, Tree},
    judge::{Case, Instant, Sight, Sights},
    persist::{Model, Order, Point, Walk},
    trace::Event,
};

/// So many moments of one case are looked at, the first ones: a timeline shows hardly more, and each costs as much as a
/// crash state does.
const MOMENTS_MAX: usize = 64;

impl Stage<'_> {
    /// What is seen at the moments of `case`; nothing where it cannot be enacted again.
    pub(in crate::explore) fn reenact(&mut self, case: &Case) -> Result<Sights, TrialError> {
        let evidence = &case.evidence;
        // Whoever hangs or dies by itself would do so again, at the price of a time-out.
        if evidence.history.iter().any(|entry| matches!(entry.outcome, Outcome::Broken(_))) {
            return Ok(Sights::new());
        }
        let mut moments = match &evidence.strike {
            Strike::Soak { .. } | Strike::BitRot { .. } => return Ok(Sights::new()),
            Strike::Schedule(_) => scheduled(case),
            strike => {
                let run = match strike {
                    strike if strike.is_error() => self.record_struck(strike, None)?,
                    Strike::FailedSync(failed) => {
                        let Some(event) = case.trace.events.get(failed.event) else {
                            return Ok(Sights::new());
                        };
                        match failed_sync::record_failed(self, failed, event)? {
                            Some(run) => run,
                            None => return Ok(Sights::new()),
                        }
                    }
                    Strike::KilledThenLost(killed) => self.record_killed(killed.event)?,
                    Strike::PowerLoss(loss) => self.record_to_lose(Pace::of(loss.late))?,
                    _ => self.record_workload()?,
                };
                match run {
                    Ok(run) => recorded(case, &run),
                    Err(_) => return Ok(Sights::new()),
                }
            }
        };
        self.read_moments(&mut moments)?;
        if let Some(names) = Names::between(&moments, case) {
            for sight in moments.seen.values_mut() {
                names.translate(sight);
            }
            return Ok(moments.seen);
        }
        Ok(Sights::new())
    }

    /// Has a process look at each tree that was in memory.
    fn read_moments(&mut self, moments: &mut Moments) -> Result<(), TrialError> {
        let script = Script::new(self.scenario, false);
        let mut observer = Observer::default();
        let mut last: Option<(Tree, Vec<Entry>)> = None;
        for sight in moments.seen.values_mut() {
            let Some(memory) = &sight.memory else { continue };
            let entries = match &last {
                Some((tree, entries)) if tree == memory => entries.clone(),
                _ => {
                    let seen = observer.observe(self, memory, &script, None, false, None)?;
                    if seen.is_broken || seen.exceeded.is_some() {
                        break;
                    }
                    seen.entries
                }
            };
            last = Some((memory.clone(), entries.clone()));
            sight.reader = Some(entries);
        }
        observer.end(self)
    }
}

/// What was seen, in the names of the run in which it was.
struct Moments {
    seen: Sights,
    /// The calls of that run.
    events: Vec<Event>,
}

/// The moments of several actors' schedule: the trial itself looked at the disk.
fn scheduled(case: &Case) -> Moments {
    let steps = case.evidence.trees.iter().filter_map(|(moment, tree)| match moment {
        Moment::Step(step) => {
            let sight = Sight { memory: Some(tree.clone()), ..Sight::default() };
            Some((Instant::Step(*step), sight))
        }
        _ => None,
    });
    Moments { seen: steps.take(MOMENTS_MAX).collect(), events: case.trace.events.clone() }
}

/// The moments of a recorded run.
fn recorded(case: &Case, run: &Run) -> Moments {
    let recording = &run.recorded.recording;
    let order = Order::new(recording, Model::of(case.evidence.strike.model()));
    let mut walk = Walk::new(recording, &order);
    let mut seen = Sights::new();
    let mut look = |instant, calls| {
        let point = Point { calls, acknowledged: 0 };
        let memory = walk.state(point, &std::collections::BTreeSet::new());
        let disk = walk.durable(point);
        seen.insert(instant, Sight { memory, disk: Some(disk), reader: None });
    };
    look(Instant::Settled, 0);
    for event in 0..case.trace.events.len().min(MOMENTS_MAX) {
        let calls = run.recorded.events.iter().filter(|recorded| **recorded <= event).count();
        look(Instant::Called(event), calls);
    }
    Moments { seen, events: run.trace.events.clone() }
}

/// The paths of a run, and what they are called in the case.
struct Names(BTreeMap<String, String>);

impl Names {
    /// None where the run made other calls than the case.
    fn between(moments: &Moments, case: &Case) -> Option<Self> {
        let mut names = BTreeMap::new();
        let mut same = |theirs: &str, ours: &str| {
            let known = names.entry(theirs.to_owned()).or_insert_with(|| ours.to_owned());
            known == ours
        };
        for (at, ours) in case.trace.events.iter().enumerate() {
            let theirs = moments.events.get(at)?;
            if theirs.call != ours.call
                || theirs.operation != ours.operation
                || theirs.bytes != ours.bytes
                || theirs.to.is_some() != ours.to.is_some()
                || !same(&theirs.path, &ours.path)
            {
                return None;
            }
            if let (Some(theirs), Some(ours)) = (&theirs.to, &ours.to)
                && !same(theirs, ours)
            {
                return None;
            }
        }
        Some(Self(names))
    }

    fn of(&self, path: &str) -> String {
        if let Some(name) = self.0.get(path) {
            return name.clone();
        }
        match path.rsplit_once('/') {
            Some((parent, name)) => format!("{}/{name}", self.of(parent)),
            None => path.to_owned(),
        }
    }

    fn translate(&self, sight: &mut Sight) {
        for tree in [&mut sight.memory, &mut sight.disk].into_iter().flatten() {
            tree.nodes = std::mem::take(&mut tree.nodes)
                .into_iter()
                .map(|(path, node)| (self.of(&path), node))
                .collect();
            tree.attributes.clear();
        }
        for entry in sight.reader.iter_mut().flatten() {
            let Invocation::ListFiles { directory } = &entry.invocation else { continue };
            let Outcome::Ok(Reply::Names(names)) = &mut entry.outcome else { continue };
            for name in names.iter_mut() {
                let path = self.of(&format!("{directory}/{name}"));
                if let Some((_, translated)) = path.rsplit_once('/') {
                    translated.clone_into(name);
                }
            }
        }
    }
}
