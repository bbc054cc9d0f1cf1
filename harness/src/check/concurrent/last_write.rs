//! `last-write-wins`: when all have finished, a path holds what one of the changes left that no acknowledged one
//! strictly follows.
//!
//! A change that failed or was never answered may be the last one; it replaces none.

use super::timeline::{Content, Timed, Timeline, contents};
use crate::{
    check::{Finding, Judgement, words},
    history::{Invocation, Outcome, Phase, Reply},
};

/// Compares what is there in the end with the changes that may have been last.
pub(super) fn judge(timeline: &Timeline<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for &path in &timeline.files {
        let changes: Vec<_> = timeline.changes(path).collect();
        let read = timeline.at(path).find(|timed| {
            timed.entry.phase == Phase::Quiet
                && matches!(timed.entry.invocation, Invocation::ReadFile { .. })
        });
        let Some(read) = read.filter(|_| !changes.is_empty()) else { continue };
        let is_last = |change: &&&Timed<'_>| {
            !changes.iter().any(|other| other.is_acknowledged() && change.precedes(other))
        };
        let mut right = Vec::new();
        if !changes.iter().any(|change| change.is_acknowledged()) {
            right.extend(timeline.before_workload(path));
        }
        right.extend(changes.iter().filter(is_last).filter_map(|change| change.content()));
        judgement.comparisons += 1;
        let seen = match &read.entry.outcome {
            Outcome::Ok(Reply::Data(seen)) => Some(Content::Whole(seen)),
            _ if read.finds_nothing() => Some(Content::Absent),
            _ => None,
        };
        if seen.is_some_and(|seen| right.contains(&seen)) {
            continue;
        }
        judgement.findings.push(Finding {
            entry: Some(read.index),
            summary: format!(
                "{} read {} and got {}; {} would have been right, which no acknowledged change follows",
                timeline.who(read),
                timeline.place(path),
                words::outcome(&read.entry.outcome),
                contents(right),
            ),
        });
    }
    judgement
}
