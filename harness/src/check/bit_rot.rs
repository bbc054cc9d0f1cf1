//! `bitrot-detected`: after a stored file has changed, no read returns wrong bytes.
//!
//! Right is what a fresh process read before the change. An error is right too, whatever its kind. A process
//! that dies or hangs has returned no wrong bytes, so it is not convicted; nor has it given an answer, so its
//! trial counts for nothing.

use super::{Finding, Judgement, words};
use crate::{
    fault::Strike,
    history::{Entry, Evidence, Invocation, Moment, Node, Outcome, Phase, Reply},
};

pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let Some(damage) = damage(evidence) else { return Judgement::default() };
    let mut judgement = Judgement::default();
    let mut answered = true;
    for (index, entry) in evidence.history.iter().enumerate() {
        if entry.phase != Phase::Damaged {
            continue;
        }
        let Some(right) = undamaged(evidence, &entry.invocation) else { continue };
        match &entry.outcome {
            Outcome::Fail { .. } => judgement.comparisons += 1,
            Outcome::Ok(_) => {
                judgement.comparisons += 1;
                if entry.outcome != *right {
                    let summary = sentence(evidence, &damage, entry, right);
                    judgement.findings.push(Finding { entry: Some(index), summary });
                }
            }
            Outcome::Killed | Outcome::Broken(_) => answered = false,
        }
    }
    if !answered {
        judgement.comparisons = judgement.findings.len();
    }
    judgement
}

/// The change in words; `None` where nothing was changed.
fn damage(evidence: &Evidence) -> Option<String> {
    let Strike::BitRot { path, damage } = &evidence.strike else { return None };
    let Node::File(content) = evidence.tree(Moment::Stored)?.nodes.get(path)? else { return None };
    damage.of(content)?;
    Some(damage.describe(&words::place(evidence, path), content))
}

/// What the same read gave before the change; `None` where it gave no answer.
fn undamaged<'a>(evidence: &'a Evidence, read: &Invocation) -> Option<&'a Outcome> {
    let mut before = evidence.history.iter().filter(|entry| entry.phase == Phase::Undamaged);
    let answer = &before.find(|entry| entry.invocation == *read)?.outcome;
    matches!(answer, Outcome::Ok(_) | Outcome::Fail { .. }).then_some(answer)
}

fn sentence(evidence: &Evidence, damage: &str, read: &Entry, right: &Outcome) -> String {
    let path = words::place(evidence, read.invocation.path());
    let (right, at) = match (right, &read.outcome) {
        (Outcome::Ok(Reply::Data(right)), Outcome::Ok(Reply::Data(got))) => {
            let at = got.iter().zip(right.iter()).position(|(got, right)| got != right);
            let (right, got) = (words::value(right), words::value(got));
            // Long values are shown as their length, which damage seldom changes.
            let right = if right == got { "what was stored".to_owned() } else { right };
            (format!("{right} or an error"), at)
        }
        _ => ("an error".to_owned(), None),
    };
    let at = at.map_or_else(String::new, |at| format!(", wrong from byte {at} on"));
    format!(
        "{damage}, and a fresh process then read {path} and got {}{at}; {right} would have been right",
        words::outcome(&read.outcome)
    )
}
