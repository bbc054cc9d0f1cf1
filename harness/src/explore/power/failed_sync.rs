//! Power loss after a sync that failed: whoever acknowledges then had better written the data anew.
//!
//! Every sync of the workload fails in turn, and every write that syncs what it writes. The operation ends as it likes; unless it was acknowledged, the same
//! process does it once more, with syncs that work; then the power fails. Pages whose sync has failed count as clean
//! (`persist/`), so a second sync of them proves nothing.
//!
//! Only what the failure brought about is judged: what a reader could also have found had that sync worked is a
//! matter of the other power-loss guarantees.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use crashworthy::{ErrorKind, PersistenceModel};
use strum::VariantArray;

use super::{
    super::{
        sweep::{ATTEMPTS_MAX, CALLS_DIFFER, News, Sweep, Swept},
        trial::{Stage, TrialError},
    },
    loss,
    observer::{Observation, Observer, Script},
    record::{Context, Recordable, Run},
    recorder::is_sync,
};
use crate::{
    fault::{AfterFailedSync, Errno, FailedSync, PowerLoss, Strike, tables},
    history::{Evidence, Invocation, Moment, Outcome, Reply, Tree},
    judge::{Losses, rule},
    persist::{Bound, Limits, Order, Point, Recording, Walk},
    trace::{Event, Trace},
};

/// Why a failed sync proves nothing.
const TOO_MANY: &str =
    "after a sync that failed, there are too many crash states to tell which of them are its doing";
/// How a sync fails: whether further ones of the operation fail too, and what becomes of the pages. That a failure is
/// only reported by the next sync (ext4 with data=journal) is left out: nobody can be honest about what nobody said.
const FAILURES: [(bool, AfterFailedSync); 3] = [
    (false, AfterFailedSync::KeptInMemory),
    (true, AfterFailedSync::KeptInMemory),
    (false, AfterFailedSync::Reverted),
];

impl Sweep<'_> {
    /// Fails every sync of the workload, and loses power afterwards.
    pub(in crate::explore) fn fail_syncs(
        &self,
        stage: &mut Stage<'_>,
        rehearsal: &Trace,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let synchronous = match stage.record_workload()? {
            Ok(run) => run.recorded.synchronous_writes(),
            Err(reasons) => {
                self.doubt_power(swept, &reasons);
                return Ok(());
            }
        };
        let mut observer = Observer::default();
        let mut is_tried_out = false;
        for (event, rehearsed) in rehearsal.events.iter().enumerate() {
            let writes = synchronous.contains(&event);
            if !writes && !is_sync(rehearsed.call) {
                continue;
            }
            for (lasting, after) in FAILURES {
                // Others of that name may be writes that sync nothing.
                if writes && lasting {
                    continue;
                }
                if (self.is_over)() {
                    observer.end(stage)?;
                    return Err(TrialError::Interrupted);
                }
                let failed = FailedSync {
                    event,
                    errno: Errno::EIO,
                    lasting,
                    after,
                    loss: PowerLoss::default(),
                };
                match record_failed(stage, &failed, rehearsed)? {
                    Some(Ok(run)) => {
                        swept.totals.trials += 1;
                        swept.totals.errors_injected += 1;
                        if !is_tried_out {
                            is_tried_out = true;
                            let script = Script::new(self.scenario, false);
                            observer.try_out(stage, &run.settled, self.scenario, &script)?;
                        }
                        self.lose_after(stage, &mut observer, &run, &failed, swept, tell)?;
                    }
                    Some(Err(reasons)) => self.doubt_power(swept, &reasons),
                    None => self.doubt_power(swept, &BTreeSet::from([CALLS_DIFFER.to_owned()])),
                }
            }
        }
        observer.end(stage)
    }

    /// Loses power after the last acknowledgement, wherever the models allow it.
    fn lose_after(
        &self,
        stage: &mut Stage<'_>,
        observer: &mut Observer,
        run: &Run,
        failed: &FailedSync,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        // Nothing was acknowledged, so nothing was promised.
        let Some(last) = run.history.last().filter(|entry| entry.outcome.is_ok()) else {
            return Ok(());
        };
        let path = last.invocation.path();
        let script = Script::new(self.scenario, false);
        let mut limits = Limits::seeded(self.seed);
        limits.exhaustive_states_max = self.effort.states_per_moment;
        let mut seen: HashMap<[u8; 32], Observation> = HashMap::new();
        for &model in PersistenceModel::VARIANTS {
            let recordings = [run.recorded.innocent.as_ref(), Some(&run.recorded.recording)];
            let mut excused = HashSet::new();
            for (recording, is_innocent) in recordings.into_iter().flatten().zip([true, false]) {
                let order = Order::new(recording, tables(model));
                let Some(point) = last_acknowledgement(recording, run) else { continue };
                let mut states = Walk::new(recording, &order).states(point, limits);
                if let Bound::Bounded { .. } = states.bound() {
                    self.doubt_power(swept, &BTreeSet::from([TOO_MANY.to_owned()]));
                    break;
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
                    let loss = loss(model, point, &state);
                    let strike = Strike::FailedSync(FailedSync { loss, ..failed.clone() });
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

/// The run in which one sync fails; `None` where it makes other calls every time.
pub(super) fn record_failed(
    stage: &mut Stage<'_>,
    failed: &FailedSync,
    rehearsed: &Event,
) -> Result<Option<Recordable>, TrialError> {
    let FailedSync { event, errno, lasting, after, .. } = *failed;
    for _ in 0..ATTEMPTS_MAX {
        match stage.record_struck(&Strike::Error { event, errno, lasting }, Some(after)) {
            Ok(Ok(run)) if run.trace.events.get(event).map(|e| e.call) == Some(rehearsed.call) => {
                return Ok(Some(Ok(run)));
            }
            Ok(Err(reasons)) => return Ok(Some(Err(reasons))),
            Ok(Ok(_)) | Err(TrialError::Diverged(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
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
