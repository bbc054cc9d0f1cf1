//! What was acknowledged last, after something had struck, and then the power failed: it has to be there.
//!
//! `fsync-failure-honest`: after a failed sync nothing is acknowledged on the strength of a second sync of the same
//! pages. The trial: a sync of the operation failed; the operation ended somehow; the same process did it once more,
//! if it had not been acknowledged; then the power failed.
//!
//! `power-durable-*` and `power-atomic-*` after a kill: the process was killed inside the operation, and another
//! one did it once more. What it found there was not durable only because it was there. As after other power losses,
//! what was there before refutes the first, what nobody wrote the second, and a new directory that is gone
//! `power-durable-mkdir`.
//!
//! Whoever acknowledged in the end said that the new value is safe, so a fresh process must find it.

use crashworthy::Operation;

use super::{Finding, Judgement, power, walk, words};
use crate::{
    fault::Strike,
    history::{Entry, Evidence, Invocation, Outcome, Phase, Reply},
    subject::Bytes,
};

/// What a fresh process found of what was acknowledged last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// That.
    Right,
    /// What was there before, or no proper answer.
    Past,
    /// What nobody ever wrote.
    Torn,
    /// A directory above it, which was not there before, is gone.
    Unnamed,
}

/// Of a sync that failed.
pub(super) fn failed_sync(evidence: &Evidence) -> Judgement {
    let compared = match evidence.strike {
        Strike::FailedSync(_) => compare(evidence, "a sync failed"),
        _ => None,
    };
    compared.map_or_else(Judgement::default, |(_, _, findings)| Judgement::one(findings))
}

/// Of a write after a kill: that what it replaced is not there again.
pub(super) fn killed_write(evidence: &Evidence) -> Judgement {
    killed(evidence, Operation::WriteFile, Found::Past)
}

/// Of a write after a kill: that it is whole.
pub(super) fn killed_write_torn(evidence: &Evidence) -> Judgement {
    killed(evidence, Operation::WriteFile, Found::Torn)
}

/// Of a delete after a kill: that what it deleted is not there again.
pub(super) fn killed_delete(evidence: &Evidence) -> Judgement {
    killed(evidence, Operation::DeleteFile, Found::Past)
}

/// Of a delete after a kill: that nothing of it is there.
pub(super) fn killed_delete_torn(evidence: &Evidence) -> Judgement {
    killed(evidence, Operation::DeleteFile, Found::Torn)
}

/// Of a write after a kill: that the new directories above it are there.
pub(super) fn killed_mkdir(evidence: &Evidence) -> Judgement {
    let is_new = |entry: &Entry| power::has_new_parent(evidence, entry.invocation.path());
    if !last(evidence).is_some_and(is_new) {
        return Judgement::default();
    }
    killed(evidence, Operation::WriteFile, Found::Unnamed)
}

fn killed(evidence: &Evidence, judged: Operation, wrong: Found) -> Judgement {
    let compared = match evidence.strike {
        Strike::KilledThenLost(_) => compare(evidence, "a process was killed"),
        _ => None,
    };
    match compared {
        Some((operation, found, findings))
            if operation == judged && [Found::Right, wrong].contains(&found) =>
        {
            Judgement::one(findings)
        }
        _ => Judgement::default(),
    }
}

/// The operation that was done last before the power failed.
fn last(evidence: &Evidence) -> Option<&Entry> {
    let mut before = evidence.history.iter().rev();
    before.find(|entry| matches!(entry.phase, Phase::Workload | Phase::Repeat))
}

/// Compares what was acknowledged last, after something had struck, with what is there; `None` where nothing was.
fn compare(evidence: &Evidence, struck_by: &str) -> Option<(Operation, Found, Vec<Finding>)> {
    if !walk::is_set_up(evidence) {
        return None;
    }
    let last = last(evidence)?;
    let (path, intended) = match &last.invocation {
        Invocation::WriteFile { path, data } => (path, Some(data)),
        Invocation::DeleteFile { path } => (path, None),
        _ => return None,
    };
    if !last.outcome.is_ok() {
        return None;
    }
    let (index, read) = evidence.history.iter().enumerate().find(|(_, entry)| {
        entry.phase == Phase::Crashed
            && matches!(&entry.invocation, Invocation::ReadFile { path: read } if read == path)
    })?;
    let content = match &read.outcome {
        Outcome::Ok(Reply::Data(data)) => Some(Some(data)),
        Outcome::Fail { .. } => Some(None),
        _ => None,
    };
    let found = match content {
        Some(content) if content == intended => Found::Right,
        _ if matches!(evidence.strike, Strike::KilledThenLost(_))
            && power::lost_new_parent(evidence, path) =>
        {
            Found::Unnamed
        }
        Some(content) if !past(evidence, path).contains(&content) => Found::Torn,
        _ => Found::Past,
    };
    let again = if last.phase == Phase::Repeat { " when it was tried again" } else { "" };
    let finding = || Finding {
        entry: Some(index),
        summary: format!(
            "{struck_by}, {} was acknowledged{again}, and {} a fresh process read it and got {}; {} would have been \
             right",
            last.invocation,
            words::after_strike(evidence),
            words::outcome(&read.outcome),
            match intended {
                Some(data) => words::value(data),
                None => "an error for a missing file".to_owned(),
            },
        ),
    };
    let findings = if found == Found::Right { Vec::new() } else { vec![finding()] };
    Some((last.invocation.operation(), found, findings))
}

/// What a file has held: nothing before its first write.
fn past<'e>(evidence: &'e Evidence, path: &str) -> Vec<Option<&'e Bytes>> {
    let mut past = Vec::new();
    for entry in evidence.history.iter().filter(|entry| entry.invocation.path() == path) {
        match (&entry.invocation, entry.phase) {
            (Invocation::WriteFile { data, .. }, Phase::SetUp | Phase::Workload) => {
                if past.is_empty() && entry.phase == Phase::Workload {
                    past.push(None);
                }
                past.push(Some(data));
            }
            (Invocation::DeleteFile { .. }, Phase::SetUp | Phase::Workload) => past.push(None),
            _ => {}
        }
    }
    past
}
