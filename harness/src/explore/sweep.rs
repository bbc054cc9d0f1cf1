//! The sweep: every trial of one scenario, from the fault-free run to the last strike.

use std::{sync::Arc, time::Duration};

use crashworthy::{Category, Guarantee, PersistenceModel};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::IteratorRandom};

use super::{
    allotment::Allotment,
    arena::Scratch,
    profile::Effort,
    trial::{Record, Stage, TrialError},
};
use crate::{
    check,
    fault::{FaultKind, Strike},
    history::{Moment, Phase, Tree},
    judge::{Case, Docket, Totals},
    scenario::Scenario,
    subject::{Launcher, Subject},
    trace::{Circumstance, Trace},
};

/// How often a strike is tried on a subject whose calls differ from run to run.
pub(super) const ATTEMPTS_MAX: usize = 3;
/// Why nothing found against such a subject proves nothing.
pub(super) const CALLS_DIFFER: &str =
    "its system calls differ from run to run, so that some of them could not be struck";
/// Kills at random instants fall into this long a time after the workload begins. Short operations are
/// over by then; that they are is part of being random.
const RANDOM_KILL_WITHIN: Duration = Duration::from_micros(1500);

/// What one thread works with.
pub(crate) struct Workplace<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) launcher: Launcher,
    /// Of processes whose schedules are tried; there from the first of them on.
    pub(crate) for_schedules: Option<Launcher>,
    pub(crate) scratch: Scratch,
}

/// What the campaign is told while a scenario is swept.
pub(crate) enum News<'a> {
    Planned(usize),
    More(usize),
    Trial,
    Refuted(&'a Case),
}

/// What is known after a scenario was swept.
#[derive(Default)]
pub(crate) struct Swept {
    pub(crate) docket: Docket,
    pub(crate) totals: Totals,
    /// Whether every trial was run that was to be run.
    pub(crate) is_complete: bool,
}

/// How much of a scenario to do.
#[derive(Clone, Copy)]
pub(crate) struct Sweep<'a> {
    pub(crate) scenario: &'a Arc<Scenario>,
    pub(crate) seed: u64,
    pub(crate) effort: Effort,
    /// Whether one counterexample to each guarantee is enough, where schedules are tried.
    pub(crate) first_only: bool,
    /// How long more orders of several actors' calls may be tried than have to be.
    pub(crate) allotment: Option<Allotment>,
    /// Asked before every trial; true ends the sweep early.
    pub(crate) is_over: &'a dyn Fn() -> bool,
}

impl Sweep<'_> {
    /// Runs every trial. What was judged before an error stands in `swept`.
    pub(crate) fn run(
        &self,
        workplace: &mut Workplace<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), TrialError> {
        if self.scenario.actors.len() > 1 {
            return self.interleave(workplace, swept, tell);
        }
        let mut stage = Stage {
            subject: workplace.subject,
            launcher: &mut workplace.launcher,
            scratch: &mut workplace.scratch,
            scenario: self.scenario,
            baseline: Arc::default(),
        };
        let rehearsal = self.rehearse(&mut stage, swept, tell)?;
        let trace = &rehearsal.trace;
        let recovers = rehearsal.evidence.recovers;
        let nested = self.has(FaultKind::NestedKill);

        let strikes = self.strikes(trace, recovers);
        let random = self.random_strikes();
        tell(&News::Planned(strikes.len() + random.len()));
        // What a crash left, how many operations had begun, and how many were answered: what follows is the same.
        let mut recovered: Vec<(Option<Tree>, usize, usize)> = Vec::new();
        let (mut opening, mut again) = (Vec::new(), Vec::new());
        for strike in strikes {
            // Killed before an event is where the event before it left things: recovery is struck once.
            let strike_recovery = nested
                && !matches!(strike, Strike::Kill { event: 1.., side: crate::fault::Side::Before });
            let record = self.trial(&mut stage, swept, tell, &strike, trace, strike_recovery)?;
            if !strike_recovery {
                continue;
            }
            let Some(record) = record else { continue };
            let history = record.evidence.history.iter();
            let begun = history.filter(|entry| entry.phase == Phase::Workload);
            let acknowledged = begun.clone().filter(|entry| entry.outcome.is_ok()).count();
            let crashed = record.evidence.tree(Moment::Crashed).cloned();
            let left = (crashed, begun.count(), acknowledged);
            if recovered.contains(&left) {
                continue;
            }
            recovered.push(left);
            let (before, during) = in_recovery(&strike, &record.recovery);
            opening.extend(before);
            again.extend(during);
        }
        if nested && self.scenario.set_up.is_empty() {
            let (before, during) = in_recovery(&Strike::None, &stage.open_first()?);
            opening.extend(before);
            again.extend(during);
        }
        again.extend(self.choose_openings(opening, swept));
        tell(&News::More(again.len()));
        for both in again {
            self.trial(&mut stage, swept, tell, &both, trace, false)?;
        }
        for strike in random {
            self.trial(&mut stage, swept, tell, &strike, trace, false)?;
        }
        if self.has(FaultKind::PowerLoss) {
            self.lose_power(&mut stage, swept, tell)?;
        }
        if self.has(FaultKind::FailedSync) {
            self.fail_syncs(&mut stage, trace, swept, tell)?;
        }
        if self.has(FaultKind::KillThenPowerLoss) {
            self.kill_then_lose(&mut stage, trace, swept, tell)?;
        }
        if self.has(FaultKind::BitRot) {
            self.rot(&mut stage, swept, tell)?;
        }
        Ok(())
    }

    fn has(&self, kind: FaultKind) -> bool {
        self.scenario.faults.contains(&kind)
    }

    fn strikes(&self, trace: &Trace, recovers: bool) -> Vec<Strike> {
        let mut kinds = self.scenario.faults.clone();
        if !recovers {
            kinds.retain(|kind| *kind != FaultKind::Pause);
        }
        kinds
            .into_iter()
            .filter_map(FaultKind::fault)
            .flat_map(|fault| fault.strikes(trace))
            .collect()
    }

    /// As many of the kills before `recover` as the profile allows; says how many, where that is not all.
    fn choose_openings(&self, all: Vec<Strike>, swept: &mut Swept) -> Vec<Strike> {
        let (most, many) = (self.effort.recovery_kills, all.len());
        if many <= most {
            return all;
        }
        let judged = self.scenario.judges.iter();
        for &guarantee in judged.filter(|it| it.category() == Category::ProcessKill) {
            let bound = format!("{most} of {many} events of opening, and every one of recovery");
            swept.docket.bound(guarantee, PersistenceModel::default(), &bound);
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut chosen = all.into_iter().enumerate().sample(&mut random, most);
        chosen.sort_unstable_by_key(|(index, _)| *index);
        chosen.into_iter().map(|(_, strike)| strike).collect()
    }

    fn random_strikes(&self) -> Vec<Strike> {
        if !self.has(FaultKind::RandomKill) {
            return Vec::new();
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        (0..self.effort.random_kills)
            .map(|_| Strike::KillAfterTime {
                micros: random.random_range(0..RANDOM_KILL_WITHIN.as_micros() as u64),
            })
            .collect()
    }

    fn rehearse(
        &self,
        stage: &mut Stage<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
    ) -> Result<Record, TrialError> {
        let rehearsal = stage.rehearse()?;
        swept.totals.trials += 1;
        for blind_spot in &rehearsal.trace.blind_spots {
            for &guarantee in &self.scenario.judges {
                if matches!(guarantee.category(), Category::ProcessKill) {
                    swept.docket.doubt(guarantee, blind_spot);
                }
            }
        }
        // A subject that fails only because tracing refused it a way to do input and output is not at
        // fault, and what a kill would do to it cannot be seen.
        if rehearsal.trace.has(Circumstance::BypassRefused)
            && stage.differs_untraced(&rehearsal.evidence.history)?
        {
            for &guarantee in &self.scenario.judges {
                swept.docket.doubt(
                    guarantee,
                    "it needs io_uring or asynchronous input and output, which bypasses system calls, or \
                     setxattrat; they are refused while tracing",
                );
            }
            return Err(TrialError::Diverged("it works only where nobody traces it".into()));
        }
        if let Some(why) = check::cannot_tell_left_overs(&rehearsal.evidence)
            && self.scenario.judges.contains(&Guarantee::KillOrphansReclaimed)
        {
            swept.docket.doubt(Guarantee::KillOrphansReclaimed, why);
        }
        Self::judge(swept, tell, &rehearsal);
        Ok(rehearsal)
    }

    fn trial(
        &self,
        stage: &mut Stage<'_>,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&News<'_>),
        strike: &Strike,
        rehearsal: &Trace,
        trace_recovery: bool,
    ) -> Result<Option<Record>, TrialError> {
        if (self.is_over)() {
            return Err(TrialError::Interrupted);
        }
        let mut attempt = 1;
        let record = loop {
            match stage.strike(strike, rehearsal, trace_recovery) {
                Err(TrialError::Diverged(_)) if attempt < ATTEMPTS_MAX => attempt += 1,
                // How they differ differs too, and a certificate must not.
                Err(TrialError::Diverged(_)) => {
                    for &guarantee in &self.scenario.judges {
                        swept.docket.doubt(guarantee, CALLS_DIFFER);
                    }
                    tell(&News::Trial);
                    return Ok(None);
                }
                other => break other?,
            }
        };
        swept.totals.trials += 1;
        swept.totals.kills += usize::from(strike.is_kill());
        swept.totals.errors_injected += usize::from(strike.is_error());
        swept.totals.torn_writes += usize::from(strike.is_torn());
        if let Strike::InRecovery { workload, .. } = strike {
            // Two processes die in it, unless it is the first one of all that does.
            swept.totals.kills += usize::from(**workload != Strike::None);
        }
        Self::judge(swept, tell, &record);
        tell(&News::Trial);
        Ok(Some(record))
    }

    pub(super) fn judge(swept: &mut Swept, tell: &mut dyn FnMut(&News<'_>), record: &Record) {
        for guarantee in swept.docket.judge(&record.evidence, &record.trace, &record.recovery) {
            if let Some(case) = swept.docket.case(guarantee, record.evidence.strike.model()) {
                tell(&News::Refuted(case));
            }
        }
    }
}

/// The strikes on the recovery that follows a strike on the workload: those before `recover`, of which there may be
/// many in a database, and those in it.
fn in_recovery(workload: &Strike, recovery: &Trace) -> (Vec<Strike>, Vec<Strike>) {
    let faults = [FaultKind::Kill, FaultKind::Torn].map(FaultKind::fault);
    let strikes = faults.into_iter().flatten().flat_map(|fault| fault.strikes(recovery));
    let is_before = |strike: &Strike| {
        matches!(
            strike,
            Strike::Kill { event, .. } | Strike::Torn { event, .. } if *event < recovery.opened
        )
    };
    let (before, during): (Vec<Strike>, Vec<Strike>) =
        strikes.filter(|it| !matches!(it, Strike::KillAfterAck { .. })).partition(is_before);
    let both = |recovery| Strike::InRecovery {
        workload: Box::new(workload.clone()),
        recovery: Box::new(recovery),
    };
    (before.into_iter().map(both).collect(), during.into_iter().map(both).collect())
}
