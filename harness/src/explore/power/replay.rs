//! One stored power loss once more: the run is recorded anew, and the same micro-operations are lost.

use std::collections::BTreeSet;

use super::{
    super::{
        sweep::Sweep,
        trial::{Record, Stage, TrialError},
    },
    Exploration, Situation, failed_sync, killed, know_directories, last_word,
    observer::{Observer, Script},
    point,
    record::{Pace, Recordable},
};
use crate::{
    fault::{FailedSync, KilledThenLost, PowerLoss, Strike},
    history::Tree,
    judge::Losses,
    persist::{Model, OperationId, Order, Recording, Walk},
    trace::Trace,
};

/// What a subject whose calls have changed is told.
const OTHER_CALLS: &str = "they do not allow this loss of power";

impl Sweep<'_> {
    /// The trial under a strike that loses power.
    pub(in crate::explore) fn replay_power(
        &self,
        stage: &mut Stage<'_>,
        rehearsal: &Trace,
        strike: &Strike,
    ) -> Result<(Record, Losses), TrialError> {
        match strike {
            Strike::FailedSync(failed) => self.replay_failed_sync(stage, rehearsal, failed),
            Strike::KilledThenLost(killed) => self.replay_killed(stage, rehearsal, killed),
            Strike::PowerLoss(loss) => self.replay_loss(stage, loss),
            _ => Err(TrialError::Diverged("no power is lost".into())),
        }
    }

    fn replay_loss(
        &self,
        stage: &mut Stage<'_>,
        loss: &PowerLoss,
    ) -> Result<(Record, Losses), TrialError> {
        let run = stage.record_to_lose(Pace::of(loss.late))?.map_err(unrecordable)?;
        know_directories(stage, &run);
        let mut tree = crashed(&run.recorded.recording, loss)?;
        let (mut recovery, mut second) = (Trace::default(), Vec::new());
        if let Some(again) = &loss.again {
            let second_run = stage.record_recovery(&tree)?.map_err(unrecordable)?;
            tree = crashed(&second_run.recorded.recording, again)?;
            recovery = second_run.trace_until(point(again));
            second = second_run.lost(again);
        }
        let situation =
            Situation { context: run.context(point(loss)), nested: loss.again.is_some() };
        let trace = run.trace_until(point(loss));
        let losses = Losses { first: run.lost(loss), second };
        let mut exploration = Exploration::new(self, stage, run, true);
        let observation = exploration.look_afresh(&tree, situation)?;
        let evidence = exploration.evidence(observation.entries, tree, situation, loss.clone());
        Ok((Record { evidence, trace, recovery }, losses))
    }

    fn replay_failed_sync(
        &self,
        stage: &mut Stage<'_>,
        rehearsal: &Trace,
        failed: &FailedSync,
    ) -> Result<(Record, Losses), TrialError> {
        let diverged = || TrialError::Diverged("the sync that was to fail was not made".into());
        let rehearsed = rehearsal.events.get(failed.event).ok_or_else(diverged)?;
        let run = failed_sync::record_failed(stage, failed, rehearsed)?.ok_or_else(diverged)?;
        self.replay_last_word(stage, run, &Strike::FailedSync(failed.clone()))
    }

    fn replay_killed(
        &self,
        stage: &mut Stage<'_>,
        rehearsal: &Trace,
        killed: &KilledThenLost,
    ) -> Result<(Record, Losses), TrialError> {
        let diverged = || TrialError::Diverged("the call before which to kill was not made".into());
        let run = killed::record_killed(stage, killed.event, rehearsal)?.ok_or_else(diverged)?;
        self.replay_last_word(stage, run, &Strike::KilledThenLost(killed.clone()))
    }

    fn replay_last_word(
        &self,
        stage: &mut Stage<'_>,
        run: Recordable,
        strike: &Strike,
    ) -> Result<(Record, Losses), TrialError> {
        let run = run.map_err(unrecordable)?;
        let loss = strike.power_loss().cloned().unwrap_or_default();
        let tree = crashed(&run.recorded.recording, &loss)?;
        let script = Script::new(self.scenario, false);
        let observation = Observer::default().observe(stage, &tree, &script, None, true, None)?;
        let evidence = last_word::evidence_of(stage, &run, strike, &observation, tree);
        let losses = Losses { first: run.lost(&loss), second: Vec::new() };
        Ok((Record { evidence, trace: run.trace, recovery: Trace::default() }, losses))
    }
}

fn crashed(recording: &Recording, loss: &PowerLoss) -> Result<Tree, TrialError> {
    let order = Order::new(recording, Model::of(loss.model));
    let missing: BTreeSet<OperationId> = loss.missing.iter().copied().map(OperationId).collect();
    let is_recorded = recording.points().contains(&point(loss));
    let tree =
        is_recorded.then(|| Walk::new(recording, &order).state(point(loss), &missing)).flatten();
    tree.ok_or_else(|| TrialError::Diverged(OTHER_CALLS.into()))
}

fn unrecordable(reasons: BTreeSet<String>) -> TrialError {
    TrialError::Diverged(reasons.into_iter().collect::<Vec<_>>().join("; "))
}
