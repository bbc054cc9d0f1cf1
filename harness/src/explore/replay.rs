//! Replay: one stored trial once more.

use std::sync::Arc;

use crashworthy::Guarantee;

use super::{
    arena::Scratch,
    profile::Profile,
    schedules, soak,
    sweep::Sweep,
    trial::{Stage, TrialError},
};
use crate::{
    fault::Strike,
    judge::{Case, Docket, Losses, rule},
    scenario::Scenario,
    subject::{Launcher, Limits, Subject},
};

/// What came of a replay.
#[derive(Debug)]
pub enum Replayed {
    /// The guarantee is refuted again.
    Reproduced(Box<Case>),
    /// The trial ran, and nothing was wrong this time.
    NotReproduced,
    /// The trial could not be run: why.
    Impossible(String),
}

/// Runs `scenario` under `strike` against `subject` and judges `guarantee`.
pub fn replay(
    subject: &Subject,
    limits: Limits,
    scenario: Scenario,
    strike: &Strike,
    guarantee: Guarantee,
) -> Replayed {
    match run(subject, limits, scenario, strike, guarantee) {
        Ok(Some(case)) => Replayed::Reproduced(case),
        Ok(None) => Replayed::NotReproduced,
        Err(error) => Replayed::Impossible(error.to_string()),
    }
}

fn run(
    subject: &Subject,
    limits: Limits,
    mut scenario: Scenario,
    strike: &Strike,
    guarantee: Guarantee,
) -> Result<Option<Box<Case>>, TrialError> {
    scenario.judges = vec![guarantee];
    let scenario = Arc::new(scenario);
    if let Strike::Schedule(interleaving) = strike {
        let record = schedules::replay(subject, limits, &scenario, interleaving)?;
        let mut docket = Docket::default();
        let ruling = rule(&record.evidence);
        docket.keep(&ruling, &record.evidence, &record.trace, &record.recovery, &Losses::default());
        return Ok(docket.case(guarantee, strike.model()).cloned().map(Box::new));
    }
    if let Strike::Soak { seed, kills } = *strike {
        return soak::replay(subject, limits, (seed, kills), guarantee);
    }
    let mut launcher = Launcher::new(&Arc::new(subject.clone()), limits)?;
    let mut scratch = Scratch::new()?;
    let mut stage = Stage {
        subject,
        launcher: &mut launcher,
        scratch: &mut scratch,
        scenario: &scenario,
        baseline: Arc::default(),
    };
    let rehearsal = stage.rehearse()?;
    let mut losses = Losses::default();
    let record = match strike {
        Strike::None => rehearsal,
        strike if strike.power_loss().is_some() => {
            let sweep = Sweep {
                scenario: &scenario,
                seed: 0,
                effort: Profile::Quick.effort(subject.is_forked()),
                first_only: false,
                allotment: None,
                is_over: &|| false,
            };
            let (record, lost) = sweep.replay_power(&mut stage, &rehearsal.trace, strike)?;
            losses = lost;
            record
        }
        strike => stage.strike(strike, &rehearsal.trace, false)?,
    };
    let mut docket = Docket::default();
    let ruling = rule(&record.evidence);
    docket.keep(&ruling, &record.evidence, &record.trace, &record.recovery, &losses);
    Ok(docket.case(guarantee, strike.model()).cloned().map(Box::new))
}
