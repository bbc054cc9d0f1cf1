//! What is left after an operation in which a call failed: the I/O-fault guarantees.
//!
//! The operation that was struck either says that it happened, and then it must have, or says that it
//! failed, and then the old value must be there, whole. `short-write-handled` and `interrupt-handled` look
//! only at trials with that fault, and take a wrong value there for themselves.

use crashworthy::ErrorKind;
use crashworthy::Guarantee::{self, ErrorPreservesOld, ErrorReported, ShortWriteHandled};

use super::{Finding, Judgement, file_state::FileState, layout, oracle::Oracle, walk, words};
use crate::{
    fault::{Errno, Strike},
    history::{Entry, Evidence, Invocation, Moment, Outcome, Phase, Reply},
    scenario::Plant,
    subject::Bytes,
};

/// The struck operation and what its path was before.
struct Struck<'a> {
    index: usize,
    entry: &'a Entry,
    before: FileState,
}

/// What a reader found of a file.
type Content = Result<Option<Bytes>, String>;

fn struck(evidence: &Evidence) -> Option<Struck<'_>> {
    if !evidence.strike.is_error() || !walk::is_set_up(evidence) {
        return None;
    }
    let index = evidence.history.iter().rposition(|entry| entry.phase == Phase::Workload)?;
    let mut oracle = Oracle::new(&evidence.scenario);
    for (at, entry) in evidence.history[..index].iter().enumerate() {
        oracle.apply(at, entry);
    }
    let entry = &evidence.history[index];
    let before = oracle.state(entry.invocation.path());
    Some(Struck { index, entry, before })
}

/// What readers of `phase` found at `path`.
fn seen(evidence: &Evidence, phase: Phase, path: &str) -> Option<(usize, Content)> {
    evidence.history.iter().enumerate().find_map(|(index, entry)| match &entry.invocation {
        Invocation::ReadFile { path: read } if entry.phase == phase && read == path => {
            let content = match &entry.outcome {
                Outcome::Ok(Reply::Data(data)) => Ok(Some(data.clone())),
                // A store for one process at a time says nothing while the writer lives.
                Outcome::Fail { kind: ErrorKind::Conflict, .. } => return None,
                Outcome::Fail { .. } => Ok(None),
                other => Err(words::outcome(other)),
            };
            Some((index, content))
        }
        _ => None,
    })
}

fn verdict(right: bool, entry: usize, sentence: impl FnOnce() -> String) -> Judgement {
    let findings =
        if right { Vec::new() } else { vec![Finding { entry: Some(entry), summary: sentence() }] };
    Judgement::one(findings)
}

fn shown(content: &Content) -> String {
    match content {
        Ok(Some(data)) => format!("{data:?}"),
        Ok(None) => "no file".to_owned(),
        Err(why) => why.clone(),
    }
}

/// The content that the operation was to leave, none after a delete; an error for operations on no single
/// file.
fn intended(invocation: &Invocation) -> Result<Option<Bytes>, ()> {
    match invocation {
        Invocation::WriteFile { data, .. } => Ok(Some(data.clone())),
        Invocation::DeleteFile { .. } => Ok(None),
        _ => Err(()),
    }
}

/// An acknowledged operation has taken effect.
pub(super) fn reported(evidence: &Evidence) -> Judgement {
    judge(evidence, ErrorReported)
}

/// A failed write leaves the old value.
pub(super) fn preserved(evidence: &Evidence) -> Judgement {
    judge(evidence, ErrorPreservesOld)
}

/// A short write does not truncate the value.
pub(super) fn short_write(evidence: &Evidence) -> Judgement {
    judge(evidence, ShortWriteHandled)
}

fn judge(evidence: &Evidence, wanted: Guarantee) -> Judgement {
    let Some(struck) = struck(evidence) else { return Judgement::default() };
    let path = struck.entry.invocation.path();
    let (Ok(intended), Some((at, content))) =
        (intended(&struck.entry.invocation), seen(evidence, Phase::Faulted, path))
    else {
        return Judgement::default();
    };
    let acknowledged = struck.entry.outcome.is_ok();
    let is_write = matches!(struck.entry.invocation, Invocation::WriteFile { .. });
    let guarantee = match (&evidence.strike, acknowledged) {
        (Strike::Short { .. }, _) => ShortWriteHandled,
        (_, true) => ErrorReported,
        (_, false) if is_write && struck.before.may_exist() => ErrorPreservesOld,
        _ => return Judgement::default(),
    };
    if guarantee != wanted {
        return Judgement::default();
    }
    let old = |content: &Content| match content {
        Ok(content) => struck.before.legal.contains(content),
        Err(_) => false,
    };
    let right = if acknowledged { content.as_ref() == Ok(&intended) } else { old(&content) };
    verdict(right, at, || {
        let (call, fate) =
            (&struck.entry.invocation, if acknowledged { "was acknowledged" } else { "failed" });
        let expected = if acknowledged { "the new value" } else { "the old value" };
        format!(
            "{call} {fate}, and a fresh process then found {}; {expected} would have been right",
            shown(&content)
        )
    })
}

/// An interrupted call does not fail the operation.
pub(super) fn interrupted(evidence: &Evidence) -> Judgement {
    let Strike::Error { errno: Errno::EINTR, .. } = evidence.strike else {
        return Judgement::default();
    };
    let Some(struck) = struck(evidence) else { return Judgement::default() };
    verdict(struck.entry.outcome.is_ok(), struck.index, || {
        format!(
            "{} was interrupted by a signal once and ended with {}; an acknowledgement would have been right",
            struck.entry.invocation,
            words::outcome(&struck.entry.outcome)
        )
    })
}

/// The same operation succeeds once the fault is gone.
pub(super) fn recovered(evidence: &Evidence) -> Judgement {
    if struck(evidence).is_none() {
        return Judgement::default();
    }
    let repeat = evidence.history.iter().position(|entry| entry.phase == Phase::Repeat);
    let Some(index) = repeat else { return Judgement::default() };
    let entry = &evidence.history[index];
    let found = seen(evidence, Phase::Repeated, entry.invocation.path());
    let right = entry.outcome.is_ok()
        && match (intended(&entry.invocation), &found) {
            (Ok(intended), Some((_, content))) => content.as_ref() == Ok(&intended),
            _ => true,
        };
    verdict(right, index, || {
        let then = found.as_ref().map_or_else(String::new, |(_, content)| {
            format!(", and a fresh process then found {}", shown(content))
        });
        format!(
            "once the fault was gone, {} ended with {}{then}; an acknowledgement that takes effect would \
             have been right",
            entry.invocation,
            words::outcome(&entry.outcome)
        )
    })
}

/// Nothing is left on disk that a fault-free run would not leave.
pub(super) fn orphans(evidence: &Evidence) -> Judgement {
    let (Some(struck), Some(tree)) = (struck(evidence), evidence.tree(Moment::Faulted)) else {
        return Judgement::default();
    };
    // A dead process cannot tidy up: that is for recovery.
    let died = matches!(struck.entry.outcome, Outcome::Broken(_) | Outcome::Killed);
    if died || layout::names_differ(evidence) {
        return Judgement::default();
    }
    let planted = |path: &str| {
        evidence.scenario.plants.iter().any(
            |plant| matches!(plant, Plant::File { path: own, .. } | Plant::Symlink { path: own, .. } if own == path),
        )
    };
    let orphan =
        tree.files().find(|path| !evidence.baseline.files.contains(*path) && !planted(path));
    verdict(orphan.is_none(), struck.index, || {
        format!(
            "{} ended with {} and left {} on disk; a tree without it would have been right",
            struck.entry.invocation,
            words::outcome(&struck.entry.outcome),
            words::place(evidence, orphan.unwrap_or_default()).replacen("a left-over", "a", 1)
        )
    })
}
