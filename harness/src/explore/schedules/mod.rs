//! Schedules: several actors at once, explored.

mod kills;
mod play;
mod run;
mod sweep;
mod touches;

use std::{io, sync::Arc};

use self::{run::Rig, sweep::InOrder};
use super::{
    arena::Scratch,
    trial::{Record, TrialError},
};
use crate::{
    fault::{Among, Interleaving},
    history::Evidence,
    scenario::Scenario,
    schedule::{Explorer, Run},
    subject::{Launcher, Limits, Subject},
    trace::{Trace, pin},
};

/// Runs one schedule; also whether its steps and its kill were made as it says.
pub(super) fn replay(
    subject: &Subject,
    limits: Limits,
    scenario: &Arc<Scenario>,
    interleaving: &Interleaving,
) -> Result<(Record, bool), TrialError> {
    let mut launcher = Launcher::for_schedules(&Arc::new(subject.clone()), limits)?;
    let mut scratch = Scratch::new()?;
    let mut rig = Rig::new(subject, &mut launcher, &mut scratch, scenario, interleaving.among)?;
    rig.introduce()?;
    let (performed, was_followed) = sweep::replay(&mut rig, &interleaving.schedule)?;
    Ok((performed.record, was_followed))
}

/// Runs the schedules that an explorer chooses and judges none of them: `see` is shown each, and says whether to
/// go on. The calling thread is pinned to the first processor, as those of a campaign are.
///
/// # Errors
/// Where the subject does not work, in words.
pub fn explore(
    subject: &Subject,
    scenario: &Scenario,
    among: Among,
    explorer: &mut dyn Explorer,
    see: &mut dyn FnMut(&Run, &Evidence, &Trace) -> bool,
) -> io::Result<()> {
    if let Some(&processor) = pin::processors().first() {
        pin::pin_to(processor);
    }
    let mut launcher = Launcher::for_schedules(&Arc::new(subject.clone()), Limits::default())?;
    let mut scratch = Scratch::new()?;
    let scenario = Arc::new(scenario.clone());
    let mut rig = Rig::new(subject, &mut launcher, &mut scratch, &scenario, among)
        .map_err(io::Error::other)?;
    rig.introduce().map_err(io::Error::other)?;
    // What they make is known by name afterwards, so that an explorer sees the same steps in every run.
    for mut in_order in InOrder::both_ways(scenario.actors.len()) {
        rig.run(&mut in_order, None, false).map_err(io::Error::other)?;
    }
    loop {
        let performed = rig.run(explorer, None, false).map_err(io::Error::other)?;
        let goes_on = see(&performed.run, &performed.record.evidence, &performed.record.trace);
        if !explorer.learn(&performed.run) || !goes_on {
            return Ok(());
        }
    }
}
