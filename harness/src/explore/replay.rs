//! Replay: one stored trial once more.

use std::sync::Arc;

use crashworthy::Guarantee;

use super::{
    arena::Scratch,
    profile::Profile,
    schedules, soak,
    sweep::Sweep,
    trial::{Record, Stage, TrialError},
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
    /// The subject makes other calls than when the trial was stored, so that it strikes nowhere: why.
    OtherCalls(String),
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
        Ok(replayed) => replayed,
        Err(TrialError::Diverged(why)) => Replayed::OtherCalls(why),
        Err(error) => Replayed::Impossible(error.to_string()),
    }
}

fn run(
    subject: &Subject,
    limits: Limits,
    mut scenario: Scenario,
    strike: &Strike,
    guarantee: Guarantee,
) -> Result<Replayed, TrialError> {
    scenario.judges = vec![guarantee];
    let scenario = Arc::new(scenario);
    if let Strike::Schedule(interleaving) = strike {
        let (record, was_followed) = schedules::replay(subject, limits, &scenario, interleaving)?;
        let replayed = judged(&record, strike, guarantee, &Losses::default());
        if matches!(replayed, Replayed::NotReproduced) && !was_followed {
            return Err(TrialError::Diverged("its actors cannot make these steps in turn".into()));
        }
        return Ok(replayed);
    }
    if let Strike::Soak { seed, kills } = *strike {
        let case = soak::replay(subject, limits, (seed, kills), guarantee)?;
        return Ok(case.map_or(Replayed::NotReproduced, Replayed::Reproduced));
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
    Ok(judged(&record, strike, guarantee, &losses))
}

/// What a trial says of the guarantee.
fn judged(record: &Record, strike: &Strike, guarantee: Guarantee, losses: &Losses) -> Replayed {
    let ruling = rule(&record.evidence);
    if ruling.is_empty() {
        return Replayed::Impossible(format!("nothing in this trial bears on {guarantee}"));
    }
    let mut docket = Docket::default();
    docket.keep(&ruling, &record.evidence, &record.trace, &record.recovery, losses);
    match docket.case(guarantee, strike.model()) {
        Some(case) => Replayed::Reproduced(Box::new(case.clone())),
        None => Replayed::NotReproduced,
    }
}
