//! `fsync-failure-honest`: after a failed sync nothing is acknowledged on the strength of a second sync of the
//! same pages.
//!
//! The trial: a sync of the operation failed; the operation ended somehow; the same process did it once more,
//! if it had not been acknowledged; then the power failed. Whoever acknowledged in the end said that the new value is
//! safe, so a fresh process must find it.

use super::{Finding, Judgement, walk, words};
use crate::{
    fault::Strike,
    history::{Evidence, Invocation, Outcome, Phase, Reply},
};

/// Compares what was acknowledged last with what is there.
pub(super) fn judge(evidence: &Evidence) -> Judgement {
    if !matches!(evidence.strike, Strike::FailedSync(_)) || !walk::is_set_up(evidence) {
        return Judgement::default();
    }
    let last = evidence
        .history
        .iter()
        .rev()
        .find(|entry| matches!(entry.phase, Phase::Workload | Phase::Repeat));
    let Some(last) = last.filter(|entry| entry.outcome.is_ok()) else {
        return Judgement::default();
    };
    let (path, intended) = match &last.invocation {
        Invocation::WriteFile { path, data } => (path, Some(data)),
        Invocation::DeleteFile { path } => (path, None),
        _ => return Judgement::default(),
    };
    let read = evidence.history.iter().enumerate().find(|(_, entry)| {
        entry.phase == Phase::Crashed
            && matches!(&entry.invocation, Invocation::ReadFile { path: read } if read == path)
    });
    let Some((index, read)) = read else { return Judgement::default() };
    let right = match (&read.outcome, intended) {
        (Outcome::Ok(Reply::Data(data)), Some(intended)) => data == intended,
        (Outcome::Fail { .. }, None) => true,
        _ => false,
    };
    let findings = if right {
        Vec::new()
    } else {
        let again = if last.phase == Phase::Repeat { " when it was tried again" } else { "" };
        vec![Finding {
            entry: Some(index),
            summary: format!(
                "a sync failed, {} was acknowledged{again}, and {} a fresh process read it and got {}; {} would \
                 have been right",
                last.invocation,
                words::after_strike(evidence),
                words::outcome(&read.outcome),
                match intended {
                    Some(data) => words::value(data),
                    None => "an error for a missing file".to_owned(),
                },
            ),
        }]
    };
    Judgement::one(findings)
}
