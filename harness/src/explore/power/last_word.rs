//! Power loss after the last acknowledgement of a run that something else has struck before: what was acknowledged in
//! the end has to be there.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use crashworthy::{ErrorKind, PersistenceModel};
use strum::VariantArray;

use super::{
    super::{
        sweep::{News, Sweep, Swept},
        trial::{Stage, TrialError},
    },
    loss,
    observer::{Observation, Observer, Script},
    record::{Context, Run},
};
use crate::{
    fault::{PowerLoss, Strike},
    history::{Evidence, Invocation, Moment, Outcome, Reply, Tree},
    judge::{Losses, rule},
    persist::{Bound, Limits, Model, Order, Point, Recording, Walk},
    trace::Trace,
};

/// A run, the strike that a power loss after it makes, and why it proves nothing where crash states are too many to
/// look at all of them; a bound, where that is none.
pub(super) type Struck<'r> = (&'r Run, &'r dyn Fn(PowerLoss) -> Strike, Option<&'static str>);

impl Sweep<'_> {
    /// Loses power after the last acknowledgement, wherever the models allow it.
    pub(super) fn lose_after(
        &self,
        stage: &mut Stage<'_>,
        observer: &mut Observer,
        (run, strike_of, too_many): Struck<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        // Nothing was acknowledged, so nothing was promised.
        let Some(last) = run.history.last().filter(|entry| entry.outcome.is_ok()) else {
            return Ok(());
        };
        if let Some(why) = run.keeps_elsewhere() {
            self.doubt_power(swept, &BTreeSet::from([why.to_owned()]));
            return Ok(());
        }
        let path = last.invocation.path();
        let script = Script::new(self.scenario, false);
        let mut limits = Limits::seeded(self.seed);
        limits.exhaustive_states_max = self.effort.states_per_moment;
        let mut seen: HashMap<[u8; 32], Observation> = HashMap::new();
        for &model in PersistenceModel::VARIANTS {
            let innocent = run.recorded.innocent.as_ref().map(|recording| (recording, true));
            let recordings = innocent.into_iter().chain([(&run.recorded.recording, false)]);
            let mut excused = HashSet::new();
            for (recording, is_innocent) in recordings {
                let order = Order::new(recording, Model::of(model));
                let Some(point) = last_acknowledgement(recording, run) else { continue };
                let mut states = Walk::new(recording, &order).states(point, limits);
                if let bound @ Bound::Bounded { .. } = states.bound() {
                    if let Some(why) = too_many {
                        self.doubt_power(swept, &BTreeSet::from([why.to_owned()]));
                        break;
                    }
                    for &guarantee in &self.scenario.judges {
                        swept.docket.bound(guarantee, model, &format!("after a kill {bound}"));
                    }
                }
                while let Some(state) = states.advance() {
                    let observation = match seen.entry(state.digest) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(unknown) => {
                            let tree = states.tree();
                            swept.totals.crash_states += 1;
                            unknown
                                .insert(observer.observe(stage, &tree, &script, None, false, None)?)
                        }
                    };
                    let found = found(observation, path);
                    if is_innocent {
                        excused.insert(found);
                        continue;
                    }
                    if !state.missing.is_empty() && excused.contains(&found) {
                        continue;
                    }
                    let strike = strike_of(loss(model, point, &state));
                    let evidence = evidence_of(stage, run, &strike, observation, states.tree());
                    let ruling = rule(&evidence);
                    let refuted = swept.docket.count(&ruling, model, strike.kind(), self.scenario);
                    if refuted && swept.docket.wants(&ruling, &evidence) {
                        let tree = states.tree();
                        let fresh = observer.observe(stage, &tree, &script, None, true, None)?;
                        let evidence = evidence_of(stage, run, &strike, &fresh, tree);
                        let (ruling, calm) = (rule(&evidence), Trace::default());
                        let first = strike.power_loss().map(|loss| run.lost(loss));
                        let losses =
                            Losses { first: first.unwrap_or_default(), ..Losses::default() };
                        let (docket, trace) = (&mut swept.docket, &run.trace);
                        for guarantee in docket.keep(&ruling, &evidence, trace, &calm, &losses) {
                            if let Some(case) = docket.case(guarantee, model) {
                                tell(&News::Refuted(case));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The moment of the last acknowledgement.
fn last_acknowledgement(recording: &Recording, run: &Run) -> Option<Point> {
    let acknowledged = run.ended.len();
    recording.points().into_iter().find(|point| point.acknowledged == acknowledged)
}

/// What a fresh process read at a path, without the words of an error.
fn found(observation: &Observation, path: &str) -> Option<Result<Reply, ErrorKind>> {
    let read = observation.entries.iter().find(
        |entry| matches!(&entry.invocation, Invocation::ReadFile { path: read } if read == path),
    );
    match &read?.outcome {
        Outcome::Ok(reply) => Some(Ok(reply.clone())),
        Outcome::Fail { kind, .. } => Some(Err(*kind)),
        _ => None,
    }
}

pub(super) fn evidence_of(
    stage: &Stage<'_>,
    run: &Run,
    strike: &Strike,
    observation: &Observation,
    tree: Tree,
) -> Evidence {
    let mut history = run.history(Context { ended: run.ended.len(), in_flight: false });
    history.extend(observation.entries.iter().cloned());
    Evidence {
        scenario: std::sync::Arc::clone(stage.scenario),
        strike: strike.clone(),
        recovers: run.recovers,
        baseline: std::sync::Arc::clone(&stage.baseline),
        history,
        trees: vec![(Moment::Settled, run.settled.clone()), (Moment::Crashed, tree)],
        outside: Vec::new(),
    }
}
