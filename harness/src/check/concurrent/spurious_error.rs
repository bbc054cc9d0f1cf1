//! `no-spurious-error`: no operation fails that could not have failed alone.
//!
//! The contract lets only a read fail, for a missing file; whether it was missing is for `linearizable`
//! to say. `InvalidPath` and `Unsupported` speak of the path and of the backend, not of others that are active.

use crashworthy::StoragePath;

use super::timeline::{Timed, Timeline};
use crate::{
    check::{
        Finding, Judgement,
        oracle::{ancestors, is_refusal},
        words,
    },
    history::{Invocation, Outcome},
};

/// Looks at how every operation of the workload ended.
pub(super) fn judge(timeline: &Timeline<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for timed in &timeline.operations {
        let is_survivor = timed.actor.is_some_and(|actor| !timeline.is_killed(actor));
        let outcome = &timed.entry.outcome;
        if !is_survivor || *outcome == Outcome::Killed {
            continue;
        }
        let refused = &timeline.evidence.baseline.refused;
        if is_refusal(outcome) && refused.contains(&timed.entry.invocation) {
            continue;
        }
        if !could_succeed(timeline, timed) {
            continue;
        }
        judgement.comparisons += 1;
        let invocation = &timed.entry.invocation;
        if outcome.is_ok() || timed.finds_nothing() {
            continue;
        }
        let right = match invocation {
            Invocation::ReadFile { .. } => "a value or an error for a missing file",
            Invocation::ListFiles { .. } => "a list",
            Invocation::Exists { .. } => "true or false",
            _ => "an acknowledgement",
        };
        let what = match invocation.path() {
            "" => invocation.operation().to_string(),
            path => format!("{} of {}", invocation.operation(), timeline.place(path)),
        };
        judgement.findings.push(Finding {
            entry: Some(timed.index),
            summary: format!(
                "{} got {} from {what}; {right} would have been right, whoever else is active",
                timeline.who(timed),
                words::outcome(outcome),
            ),
        });
    }
    judgement
}

/// Whether nothing of the other sort is where the operation needs a file, or a directory.
fn could_succeed(timeline: &Timeline<'_>, timed: &Timed<'_>) -> bool {
    let scenario = &timeline.evidence.scenario;
    match &timed.entry.invocation {
        Invocation::CreateDirectory { path } | Invocation::ListFiles { directory: path } => {
            StoragePath::new(path.as_str()).is_ok()
                && !std::iter::once(path.as_str())
                    .chain(ancestors(path))
                    .any(|part| scenario.paths().contains(&part) || is_planted(timeline, part))
        }
        Invocation::Recover => true,
        file => timeline.is_file(file.path()),
    }
}

/// Whether the harness put a file or a link there.
fn is_planted(timeline: &Timeline<'_>, path: &str) -> bool {
    use crate::scenario::Plant;
    timeline.evidence.scenario.plants.iter().any(|plant| match plant {
        Plant::File { path: planted, .. } | Plant::Symlink { path: planted, .. } => planted == path,
        Plant::Directory { .. } => false,
    })
}
