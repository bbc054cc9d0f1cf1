//! Power loss after a sync that failed: whoever acknowledges then had better written the data anew.
//!
//! Every sync of the workload fails in turn. The operation ends as it likes; unless it was acknowledged, the same
//! process does it once more, with syncs that work; then the power fails. Pages whose sync has failed count as clean
//! (`persist/`), so a second sync of them proves nothing.

use std::collections::{BTreeSet, HashMap};

use crashworthy::PersistenceModel;
use strum::VariantArray;

use super::{
    super::{
        sweep::{ATTEMPTS_MAX, CALLS_DIFFER, News, Sweep, Swept},
        trial::{Stage, TrialError},
    },
    loss,
    observer::{Observation, Observer, Script},
    record::{Context, Recordable, Run},
};
use crate::{
    fault::{AfterFailedSync, Errno, FailedSync, PowerLoss, Strike, tables},
    history::{Evidence, Moment, Tree},
    judge::rule,
    persist::{Limits, Order, Point, Walk},
    trace::{Event, Trace},
};

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
        let is_sync = |event: &Event| matches!(event.call, "fsync" | "fdatasync");
        let syncs = rehearsal.events.iter().enumerate().filter(|(_, event)| is_sync(event));
        let mut observer = Observer::default();
        for (event, rehearsed) in syncs {
            for (lasting, after) in FAILURES {
                if (self.is_over)() {
                    observer.end(stage)?;
                    return Err(TrialError::Interrupted);
                }
                let failed = FailedSync { event, errno: Errno::EIO, lasting, after, loss: PowerLoss::default() };
                match record_failed(stage, &failed, rehearsed)? {
                    Some(Ok(run)) => {
                        swept.totals.trials += 1;
                        swept.totals.errors_injected += 1;
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
        if !run.history.last().is_some_and(|entry| entry.outcome.is_ok()) {
            return Ok(());
        }
        let Some(&calls) = run.ended.last() else { return Ok(()) };
        let point = Point { calls, acknowledged: run.ended.len() };
        let script = Script::new(self.scenario, false);
        let mut limits = Limits::seeded(self.seed);
        limits.exhaustive_states_max = self.effort.states_per_moment;
        let mut seen: HashMap<[u8; 32], Observation> = HashMap::new();
        for &model in PersistenceModel::VARIANTS {
            let order = Order::new(&run.recorded.recording, tables(model));
            let mut states = Walk::new(&run.recorded.recording, &order).states(point, limits);
            while let Some(state) = states.advance() {
                let loss = loss(model, point, &state);
                let strike = Strike::FailedSync(FailedSync { loss, ..failed.clone() });
                if !seen.contains_key(&state.digest) {
                    let observation = observer.observe(stage, &states.tree(), &script, None, false)?;
                    swept.totals.crash_states += 1;
                    seen.insert(state.digest, observation);
                }
                let evidence = evidence_of(stage, run, &strike, &seen[&state.digest], states.tree());
                let ruling = rule(&evidence);
                let refuted = swept.docket.count(&ruling, &strike, self.scenario);
                if refuted && swept.docket.wants(&ruling, &evidence) {
                    let fresh = observer.observe(stage, &states.tree(), &script, None, true)?;
                    let evidence = evidence_of(stage, run, &strike, &fresh, states.tree());
                    let ruling = rule(&evidence);
                    for guarantee in swept.docket.keep(&ruling, &evidence, &run.trace, &Trace::default()) {
                        if let Some(case) = swept.docket.case(guarantee, model) {
                            tell(&News::Refuted(case));
                        }
                    }
                }
            }
        }
        Ok(())
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
        match stage.record_struck(&Strike::Error { event, errno, lasting }, after) {
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
