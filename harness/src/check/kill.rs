//! What answers mean after a crash: the process-kill guarantees.
//!
//! What the kill interrupted decides: `kill-atomic-*` where the change of this path was in flight,
//! `kill-durable-*` by the last acknowledged change where none was, `kill-orphans-invisible` where
//! there never was one, `kill-retry-heals` once the retry was acknowledged. A file lost below a
//! directory that somebody deleted is `delete-files-only`, and empty bytes for a file that `exists`
//! denies are `missing-is-error`: neither is the kill's doing.

use crashworthy::Guarantee::{
    self, DeleteIdempotent, KillAtomicDelete, KillAtomicWrite, KillDurableAck, KillDurableDelete,
    KillOrphansInvisible, KillRecoveryIdempotent, KillRetryHeals, MissingIsError, MkdirRecursive,
    PathFidelity, WriteCreatesParents,
};

use super::{
    file_state::{Change, FileState, Retried},
    interface::is_empty_for_error,
    layout,
    oracle::{is_refusal, parent},
    scene::{Comparison, Court, Route, Scene, Sight},
    words,
};
use crate::history::{Invocation, Outcome, Phase};

/// The guarantee that speaks for a path after a crash; `None` where its state is not judged.
pub(super) fn class(state: &FileState) -> Option<Guarantee> {
    if state.unknown || state.failed {
        return None;
    }
    match state.retried {
        Retried::Acknowledged => return Some(KillRetryHeals),
        Retried::Failed => return None,
        Retried::No => {}
    }
    Some(match (state.in_flight, state.last) {
        (Some(Change::Write), _) => KillAtomicWrite,
        (Some(Change::Delete), _) => KillAtomicDelete,
        (None, Some(Change::Write)) => KillDurableAck,
        (None, Some(Change::Delete)) => KillDurableDelete,
        (None, None) => KillOrphansInvisible,
    })
}

pub(super) fn sight(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    let is_left_over = !words::is_named(&scene.evidence.scenario, path);
    // Where two runs publish different names, a strange file may be a published one.
    if is_left_over && layout::names_differ(scene.evidence) {
        return None;
    }
    class(state).map(Route::to)
}

pub(super) fn read(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    // A directory is no file; what a read of it gives is the fault-free run's question.
    if scene.oracle.is_directory(path) {
        return None;
    }
    let mut route = sight(scene, path, state)?;
    if state.may_be_absent() && is_empty_for_error(scene, path, false) {
        route.refutes = MissingIsError;
    }
    Some(route)
}

/// Judges the acknowledgement of a change in phase Retry.
pub(super) fn change(scene: &Scene<'_>) -> Vec<Comparison> {
    let entry = scene.entry();
    let path = entry.invocation.path();
    let oracle = scene.oracle;
    let may_refuse = scene.evidence.scenario.judges.contains(&PathFidelity);
    if entry.phase != Phase::Retry || (may_refuse && is_refusal(&entry.outcome)) {
        return Vec::new();
    }
    // What fails without a kill as well is not the kill's doing.
    let mut workload = scene.evidence.scenario.workload().iter();
    let asked_before = workload.position(|asked| *asked == entry.invocation);
    if asked_before.is_some_and(|index| scene.evidence.baseline.failed.contains(&index)) {
        return Vec::new();
    }
    let guarantee = match &entry.invocation {
        // Only the harness asks for this one, and where there never was a directory.
        Invocation::WriteFile { .. }
            if asked_before.is_none()
                && !oracle.was_directory(parent(path))
                && !oracle.is_obstructed(path) =>
        {
            WriteCreatesParents
        }
        Invocation::WriteFile { .. } if !oracle.is_obstructed(path) => KillRetryHeals,
        Invocation::DeleteFile { .. } if !oracle.is_obstructed(path) => DeleteIdempotent,
        Invocation::CreateDirectory { .. }
            if oracle.is_directory(path) || !oracle.is_obstructed(path) =>
        {
            MkdirRecursive
        }
        _ => return Vec::new(),
    };
    let result = if entry.outcome.is_ok() {
        Ok(vec![guarantee])
    } else {
        Err((guarantee, scene.sentence_of_change()))
    };
    vec![scene.compare(Sight::Other, path, result)]
}

/// Judges a `recover` after a kill.
pub(super) fn recovery(scene: &Scene<'_>) -> Option<Comparison> {
    let entry = scene.entry();
    if scene.court != Court::Kill || entry.phase != Phase::Recovery {
        return None;
    }
    let result = match entry.outcome {
        Outcome::Ok(_) => Ok(vec![KillRecoveryIdempotent]),
        _ => Err((KillRecoveryIdempotent, scene.sentence_of_change())),
    };
    Some(scene.compare(Sight::Other, "", result))
}
