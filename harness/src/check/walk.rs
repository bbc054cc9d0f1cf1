//! One walk over a history that compares every answer with what was legal at that point.
//!
//! Each comparison counts for one or more guarantees when it holds and convicts exactly one when it
//! does not, so that a flaw is never charged twice. Which answers are judged depends on the strike:
//! all of a fault-free run; those after the crash where one was killed or the power failed; those from the pause on
//! where recovery ran beside a writer. A set-up that failed voids the last two; a path that it refused is
//! merely not there.

use std::collections::{BTreeMap, BTreeSet};

use crashworthy::Guarantee;

use super::{
    Finding, Judgement, Trial, beside, fidelity, interface, kill, list,
    oracle::{Oracle, is_refusal},
    power,
    scene::{Comparison, Court, Scene, Sight},
    words,
};
use crate::{
    fault::Strike,
    history::{Evidence, Invocation, Outcome, Phase, Reply},
};

/// The judgement of `guarantee` by the answers of the history.
pub(super) fn judge(trial: &Trial<'_>, guarantee: Guarantee) -> Judgement {
    let mut judgement = Judgement::default();
    for comparison in trial.comparisons() {
        match &comparison.result {
            Ok(counts) => judgement.comparisons += usize::from(counts.contains(&guarantee)),
            Err((refuted, summary)) if *refuted == guarantee => {
                judgement.comparisons += 1;
                let summary = summary.clone();
                judgement.findings.push(Finding { entry: Some(comparison.entry), summary });
            }
            Err(_) => {}
        }
    }
    judgement
}

/// Whether the set-up was carried out, so that what a fault did to it can be judged.
pub(super) fn is_set_up(evidence: &Evidence) -> bool {
    let set_up = || evidence.history.iter().filter(|entry| entry.phase == Phase::SetUp);
    set_up().count() >= evidence.scenario.set_up.len()
        && set_up().all(|entry| {
            entry.outcome.is_ok() || is_refusal(&entry.outcome) || !entry.invocation.is_change()
        })
}

/// The court for each entry, by index.
fn courts(evidence: &Evidence) -> impl Fn(usize) -> Option<Court> + '_ {
    let is_set_up = is_set_up(evidence);
    // The operation in flight during the pause was invoked before recovery was.
    let beside = evidence.history.iter().position(|entry| entry.phase == Phase::BesideWriter);
    let paused_from = beside.map(|at| at.saturating_sub(1));
    move |index| {
        let phase = evidence.history[index].phase;
        match &evidence.strike {
            Strike::None => Some(Court::Interface),
            _ if !is_set_up => None,
            Strike::PowerLoss(_) => phase.is_after_crash().then_some(Court::Power),
            // Several actors have no one order that a walk could follow.
            // Of the last two, only what was acknowledged last is judged (`last_word`).
            Strike::Schedule(_)
            | Strike::Soak { .. }
            | Strike::FailedSync(_)
            | Strike::KilledThenLost(_) => None,
            Strike::Pause { .. } => (paused_from.is_some_and(|from| index >= from)
                && matches!(phase, Phase::Workload | Phase::Finished))
            .then_some(Court::Beside),
            _ => phase.is_after_crash().then_some(Court::Kill),
        }
    }
}

/// All comparisons of a trial.
pub(super) fn compare(evidence: &Evidence) -> Vec<Comparison> {
    let mut oracle = Oracle::new(&evidence.scenario);
    let mut comparisons = Vec::new();
    let court_of = courts(evidence);
    for (index, entry) in evidence.history.iter().enumerate() {
        // An operation that the harness killed gave no answer to judge.
        if entry.outcome != Outcome::Killed
            && let Some(court) = court_of(index)
        {
            let scene = Scene { evidence, oracle: &oracle, index, court, before: &comparisons };
            let found = answer(&scene);
            comparisons.extend(found);
        }
        oracle.apply(index, entry);
    }
    without_repetition(comparisons)
}

fn answer(scene: &Scene<'_>) -> Vec<Comparison> {
    let invocation = &scene.entry().invocation;
    let path = invocation.path();
    if let Invocation::Recover = invocation {
        return match scene.court {
            Court::Power => power::change(scene),
            _ => kill::recovery(scene),
        }
        .into_iter()
        .collect();
    }
    if !scene.oracle.is_ordinary(path) {
        return Vec::new();
    }
    let one = match invocation {
        Invocation::ReadFile { path } => read(scene, path),
        Invocation::Exists { path } => exists(scene, path),
        Invocation::ListFiles { directory } => return list::compare(scene, directory),
        _ => {
            return match scene.court {
                Court::Interface => interface::change(scene),
                Court::Kill => kill::change(scene),
                Court::Power => power::change(scene).into_iter().collect(),
                Court::Beside => beside::change(scene),
            };
        }
    };
    one.into_iter().collect()
}

fn read(scene: &Scene<'_>, path: &str) -> Option<Comparison> {
    let state = scene.oracle.state(path);
    let ok = match &scene.entry().outcome {
        Outcome::Ok(Reply::Data(data)) => state.may_hold(data),
        Outcome::Fail { .. } => state.may_be_absent(),
        _ => false,
    };
    let route = match scene.court {
        Court::Interface => interface::read(scene, path, &state),
        Court::Kill => kill::read(scene, path, &state),
        Court::Power => power::read(scene, path, &state),
        Court::Beside => beside::sight(&state),
    }?
    .after_directory_delete(scene, &state);
    let result = fidelity::claim(scene, Sight::Read, path, &state, ok, route);
    Some(scene.compare(
        Sight::Read,
        path,
        result.map_err(|refuted| (refuted, scene.sentence_of_read(path, &state))),
    ))
}

fn exists(scene: &Scene<'_>, path: &str) -> Option<Comparison> {
    let state = scene.oracle.state(path);
    if scene.oracle.is_directory(path) {
        return (scene.court == Court::Power).then(|| power::directory(scene, path)).flatten();
    }
    let ok = match &scene.entry().outcome {
        Outcome::Ok(Reply::Truth(true)) => state.may_exist(),
        Outcome::Ok(Reply::Truth(false)) => state.may_be_absent(),
        // The name of a left-over may be one that no user can give.
        outcome => !words::is_named(&scene.evidence.scenario, path) && is_refusal(outcome),
    };
    let route = match scene.court {
        Court::Interface => interface::exists(&state),
        Court::Kill => kill::sight(scene, path, &state),
        Court::Power => power::exists(scene, path, &state),
        Court::Beside => beside::sight(&state),
    }?
    .after_directory_delete(scene, &state);
    let result = fidelity::claim(scene, Sight::Exists, path, &state, ok, route);
    Some(scene.compare(
        Sight::Exists,
        path,
        result.map_err(|refuted| (refuted, scene.sentence_of_exists(path))),
    ))
}

/// In a fault-free run, leaves one guarantee refuted by one wrong state of a path: the read of a file
/// says more than `exists` about it, and both more than a list.
fn without_repetition(mut comparisons: Vec<Comparison>) -> Vec<Comparison> {
    let mut wrong_reads = BTreeMap::new();
    let mut wrong_answers = BTreeSet::new();
    for comparison in &comparisons {
        if let Err((refuted, _)) = &comparison.result {
            let state = (comparison.path.clone(), comparison.epoch);
            match comparison.sight {
                Sight::Read => {
                    wrong_reads.insert(state.clone(), *refuted);
                    wrong_answers.insert(state);
                }
                Sight::Exists => {
                    wrong_answers.insert(state);
                }
                Sight::Listed | Sight::Other => {}
            }
        }
    }
    comparisons.retain_mut(|comparison| {
        if comparison.court != Court::Interface {
            return true;
        }
        let state = (comparison.path.clone(), comparison.epoch);
        match (comparison.sight, &mut comparison.result) {
            (Sight::Exists, Err((refuted, _))) => {
                if let Some(read) = wrong_reads.get(&state) {
                    *refuted = *read;
                }
                true
            }
            (Sight::Listed, Err(_)) => !wrong_answers.contains(&state),
            // A write that reads back wrong created nothing that could be confirmed. Its comparison
            // carries the epoch from before the write, so it is found by its entry.
            (Sight::Other, Ok(counts)) if counts.contains(&Guarantee::WriteCreatesParents) => {
                !wrong_reads.contains_key(&(state.0, Some(comparison.entry)))
            }
            _ => true,
        }
    });
    comparisons
}
