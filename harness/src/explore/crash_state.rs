//! The bare parts of looking at crash states, for benches: laying them out, and all of it.

use std::{io, sync::Arc};

use super::{
    arena::Scratch,
    power::ground::Ground,
    profile::{Effort, Profile},
    sweep::{Sweep, Swept, Workplace},
};
use crate::{
    history::Tree,
    scenario::Scenario,
    subject::{Launcher, Limits, Subject},
    trace::pin,
};

/// Loses power in one scenario's workload.
pub struct CrashStates {
    subject: Subject,
    scenario: Arc<Scenario>,
    launcher: Option<Launcher>,
    scratch: Option<Scratch>,
    effort: Effort,
}

impl CrashStates {
    /// Starts nothing yet, but pins the calling thread to the first processor, as a campaign does. Power is lost
    /// once only: a second loss in recovery needs a traced run of each recovery, which is not what is measured.
    pub fn new(subject: Subject, scenario: Scenario, profile: Profile) -> io::Result<Self> {
        if let Some(&processor) = pin::processors().first() {
            pin::pin_to(processor);
        }
        let effort = Effort { recoveries: 0, ..profile.effort(subject.is_forked()) };
        let launcher = Launcher::new(&Arc::new(subject.clone()), Limits::default())?;
        let (launcher, scratch) = (Some(launcher), Some(Scratch::new()?));
        Ok(Self { subject, scenario: Arc::new(scenario), launcher, scratch, effort })
    }

    /// Records the workload, and builds, opens, observes and judges every crash state of all models; how many
    /// distinct ones there were.
    ///
    /// # Errors
    /// Where the subject does not work, in words.
    pub fn judge(&mut self) -> io::Result<usize> {
        let (Some(launcher), Some(scratch)) = (self.launcher.take(), self.scratch.take()) else {
            return Err(io::Error::other("an earlier run has failed"));
        };
        let mut workplace =
            Workplace { subject: &self.subject, launcher, for_schedules: None, scratch };
        let mut swept = Swept::default();
        let sweep = Sweep {
            scenario: &self.scenario,
            seed: 0,
            effort: self.effort,
            first_only: false,
            allotment: None,
            is_over: &|| false,
        };
        sweep.run(&mut workplace, &mut swept, &mut |_| {}).map_err(io::Error::other)?;
        let Workplace { launcher, scratch, .. } = workplace;
        (self.launcher, self.scratch) = (Some(launcher), Some(scratch));
        Ok(swept.totals.crash_states)
    }

    /// Lays a tree out in a fresh root, and takes it away.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn build(&mut self, tree: &Tree) -> io::Result<()> {
        let scratch = self.scratch.as_mut().ok_or_else(|| io::Error::other("a run has failed"))?;
        let mut ground = Ground::new(scratch)?;
        ground.lay_out(scratch, tree)
    }
}
