//! Power loss after a process kill: what another process acknowledges afterwards had better be its own doing.
//!
//! The process is killed before every event of the workload. Another one recovers, if it can, and does the interrupted
//! operation once more; then the power fails. Whoever finds the file already deleted, or the value already there, and
//! leaves it at that, acknowledges what nobody has made durable.

use std::collections::BTreeSet;

use crashworthy::PersistenceModel;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::IteratorRandom};
use strum::VariantArray;

use super::{
    super::{
        sweep::{ATTEMPTS_MAX, CALLS_DIFFER, News, Sweep, Swept},
        trial::{Stage, TrialError, diverged},
    },
    observer::{Observer, Script},
    record::Recordable,
};
use crate::{
    fault::{KilledThenLost, PowerLoss, Strike},
    trace::Trace,
};

impl Sweep<'_> {
    /// Kills the workload's process before every event, has another one go on, and loses power afterwards.
    pub(in crate::explore) fn kill_then_lose(
        &self,
        stage: &mut Stage<'_>,
        rehearsal: &Trace,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        let mut observer = Observer::default();
        let mut is_tried_out = false;
        for event in self.choose_kills(rehearsal, swept) {
            if (self.is_over)() {
                observer.end(stage)?;
                return Err(TrialError::Interrupted);
            }
            match record_killed(stage, event, rehearsal)? {
                Some(Ok(run)) => {
                    swept.totals.trials += 1;
                    swept.totals.kills += 1;
                    if !is_tried_out {
                        is_tried_out = true;
                        let script = Script::new(self.scenario, false);
                        observer.try_out(stage, &run.settled, self.scenario, &script)?;
                    }
                    let strike = |loss| Strike::KilledThenLost(KilledThenLost { event, loss });
                    let lost = (&run, &strike as &dyn Fn(PowerLoss) -> Strike, None);
                    self.lose_after(stage, &mut observer, lost, swept, tell)?;
                }
                Some(Err(reasons)) => self.doubt_power(swept, &reasons),
                None => self.doubt_power(swept, &BTreeSet::from([CALLS_DIFFER.to_owned()])),
            }
        }
        observer.end(stage)
    }

    /// The events before which to kill: all, or as many as the profile allows. Before the first, nothing has happened.
    fn choose_kills(&self, rehearsal: &Trace, swept: &mut Swept) -> Vec<usize> {
        let (most, many) = (self.effort.recovery_kills, rehearsal.events.len().saturating_sub(1));
        if many > most {
            for &model in PersistenceModel::VARIANTS {
                for &guarantee in &self.scenario.judges {
                    let bound = format!("after {most} of {many} kills");
                    swept.docket.bound(guarantee, model, &bound);
                }
            }
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut chosen = (1..=many).sample(&mut random, most);
        chosen.sort_unstable();
        chosen
    }
}

/// The run whose process is killed before an event; `None` where it makes other calls every time.
pub(super) fn record_killed(
    stage: &mut Stage<'_>,
    event: usize,
    rehearsal: &Trace,
) -> Result<Option<Recordable>, TrialError> {
    for _ in 0..ATTEMPTS_MAX {
        match stage.record_killed(event) {
            Ok(Ok(run)) if diverged(&run.trace, rehearsal, event + 1).is_none() => {
                return Ok(Some(Ok(run)));
            }
            Ok(Err(reasons)) => return Ok(Some(Err(reasons))),
            Ok(Ok(_)) | Err(TrialError::Diverged(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
