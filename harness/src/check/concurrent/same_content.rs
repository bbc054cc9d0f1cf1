//! `same-content-safe`: several actors write identical bytes to one path; each is acknowledged, and nobody sees
//! anything else there.
//!
//! What was there before may be seen until the first of these writes has been acknowledged.

use std::collections::BTreeSet;

use super::timeline::{Content, Timed, Timeline, contents};
use crate::{
    check::{Finding, Judgement, words},
    history::{Invocation, Outcome, Phase, Reply},
    subject::Bytes,
};

/// Judges the writes of every such path, and what was seen of it.
pub(super) fn judge(timeline: &Timeline<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for &path in &timeline.files {
        let Some(bytes) = same_content(timeline, path) else { continue };
        let first = timeline.changes(path).filter(|write| write.is_acknowledged());
        let first = first.filter_map(|write| write.returned).min();
        for timed in timeline.at(path).filter(|timed| timed.entry.phase != Phase::SetUp) {
            let mut right = vec![Content::Whole(bytes)];
            if first.is_none_or(|first| first >= timed.invoked) {
                right.extend(timeline.before_workload(path));
            }
            let Some((what, is_right, expected)) = compare(timed, &right) else { continue };
            judgement.comparisons += 1;
            if !is_right {
                judgement.findings.push(Finding {
                    entry: Some(timed.index),
                    summary: format!(
                        "{} {what} {} and got {}; {expected} would have been right: all writers wrote the same bytes",
                        timeline.who(timed),
                        timeline.place(path),
                        words::outcome(&timed.entry.outcome),
                    ),
                });
            }
        }
    }
    judgement
}

/// The bytes that several actors wrote, where nobody changed the path in another way.
fn same_content<'a>(timeline: &Timeline<'a>, path: &str) -> Option<&'a Bytes> {
    let contents: BTreeSet<_> = timeline.changes(path).filter_map(Timed::content).collect();
    let actors: BTreeSet<_> = timeline.changes(path).filter_map(|timed| timed.actor).collect();
    match contents.first() {
        Some(Content::Whole(bytes)) if contents.len() == 1 && actors.len() > 1 => Some(bytes),
        _ => None,
    }
}

/// What was done, whether it came out right, and what would have been right; `None` where nothing can be said.
fn compare(timed: &Timed<'_>, right: &[Content<'_>]) -> Option<(&'static str, bool, String)> {
    let outcome = &timed.entry.outcome;
    match (&timed.entry.invocation, outcome) {
        (_, Outcome::Killed) => None,
        (Invocation::WriteFile { .. }, _) => {
            Some(("wrote", outcome.is_ok(), "an acknowledgement".to_owned()))
        }
        (Invocation::ReadFile { .. }, Outcome::Ok(Reply::Data(seen))) => {
            Some(("read", right.contains(&Content::Whole(seen)), contents(right.iter().copied())))
        }
        _ if timed.finds_nothing() => {
            Some(("read", right.contains(&Content::Absent), contents(right.iter().copied())))
        }
        (Invocation::Exists { .. }, Outcome::Ok(Reply::Truth(truth))) => {
            let is_right = *truth || right.contains(&Content::Absent);
            Some(("asked for the existence of", is_right, "true".to_owned()))
        }
        _ => None,
    }
}
