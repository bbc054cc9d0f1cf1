//! Power loss after a sync that failed: whoever acknowledges then had better written the data anew.
//!
//! Every sync of the workload fails in turn, and every write that syncs what it writes. The operation ends as it likes;
//! unless it was acknowledged, the same process does it once more, with syncs that work; then the power fails. Pages
//! whose sync has failed count as clean (`persist/`), so a second sync of them proves nothing.
//!
//! Only what the failure brought about is judged: what a reader could also have found had that sync worked is a
//! matter of the other power-loss guarantees (`last_word`).

use std::collections::BTreeSet;

use super::{
    super::{
        sweep::{ATTEMPTS_MAX, CALLS_DIFFER, News, Sweep, Swept},
        trial::{Stage, TrialError, diverged},
    },
    observer::{Observer, Script},
    record::Recordable,
    recorder::is_sync,
};
use crate::{
    fault::{AfterFailedSync, Errno, FailedSync, PowerLoss, Strike},
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
        let synchronous = match synchronous_writes(stage, rehearsal)? {
            Ok(synchronous) => synchronous,
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
                        let strike =
                            |loss| Strike::FailedSync(FailedSync { loss, ..failed.clone() });
                        let lost = (&run, &strike as &dyn Fn(PowerLoss) -> Strike, Some(TOO_MANY));
                        self.lose_after(stage, &mut observer, lost, swept, tell)?;
                    }
                    Some(Err(reasons)) => self.doubt_power(swept, &reasons),
                    None => self.doubt_power(swept, &BTreeSet::from([CALLS_DIFFER.to_owned()])),
                }
            }
        }
        observer.end(stage)
    }
}

/// The events of the fault-free run that wrote something and synced it before they returned, or why nobody knows.
fn synchronous_writes(
    stage: &mut Stage<'_>,
    rehearsal: &Trace,
) -> Result<Result<BTreeSet<usize>, BTreeSet<String>>, TrialError> {
    for _ in 0..ATTEMPTS_MAX {
        let run = match stage.record_workload()? {
            Ok(run) => run,
            Err(reasons) => return Ok(Err(reasons)),
        };
        let writes = run.recorded.synchronous_writes();
        // Where there are none, it does not matter whether the calls are the same ones.
        if writes.is_empty() || diverged(&run.trace, rehearsal, rehearsal.events.len()).is_none() {
            return Ok(Ok(writes));
        }
    }
    Ok(Err(BTreeSet::from([CALLS_DIFFER.to_owned()])))
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
