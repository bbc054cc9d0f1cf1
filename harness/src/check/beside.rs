//! What answers mean where recovery ran beside a living writer: `kill-orphans-reclaimed`.
//!
//! Recovery that takes a live writer's file shows as a write that fails or as a file that is gone.
//! Only that is judged here: what must exist. Absences, directories and repeated names are the same
//! with and without recovery, and the fault-free run judges them.

use crashworthy::Guarantee::KillOrphansReclaimed;

use super::{
    file_state::FileState,
    oracle::is_refusal,
    scene::{Comparison, Route, Scene, Sight},
};
use crate::history::Invocation;

pub(super) fn sight(state: &FileState) -> Option<Route> {
    let must_exist = !state.unknown && !state.below_deleted && !state.may_be_absent();
    must_exist.then(|| Route::to(KillOrphansReclaimed))
}

/// Judges the acknowledgement of a change from the pause on.
pub(super) fn change(scene: &Scene<'_>) -> Vec<Comparison> {
    let entry = scene.entry();
    let path = entry.invocation.path();
    let is_judged = match &entry.invocation {
        Invocation::WriteFile { .. } => !scene.oracle.is_obstructed(path),
        Invocation::DeleteFile { .. } => !scene.oracle.state(path).may_be_absent(),
        _ => false,
    };
    if !is_judged || is_refusal(&entry.outcome) {
        return Vec::new();
    }
    let result = if entry.outcome.is_ok() {
        Ok(vec![KillOrphansReclaimed])
    } else {
        Err((
            KillOrphansReclaimed,
            format!("{} (recovery took a live writer's file?)", scene.sentence_of_change()),
        ))
    };
    vec![scene.compare(Sight::Other, path, result)]
}
