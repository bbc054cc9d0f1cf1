//! What answers mean where nothing struck: the interface guarantees.
//!
//! A value is `read-your-write` when it was the path's first, `overwrite-replaces` when it replaced
//! another. Absence is `missing-is-error`, after a delete also `delete-idempotent`: empty bytes in
//! place of the error refute the former, a file that is still there the latter. What went missing
//! below a directory that somebody deleted is `delete-files-only`.

use crashworthy::Guarantee::{
    self, DeleteFilesOnly, DeleteIdempotent, MissingIsError, MkdirRecursive, OverwriteReplaces,
    PathFidelity, ReadYourWrite, WriteCreatesParents,
};

use super::{
    file_state::{Change, FileState},
    oracle::{is_refusal, parent},
    scene::{Comparison, Route, Scene, Sight},
};
use crate::history::{Invocation, Outcome, Reply};

/// The guarantee that speaks for the content of a path.
pub(super) fn class(state: &FileState) -> Guarantee {
    let has_new = state.failed || state.in_flight == Some(Change::Write);
    match state.last {
        Some(Change::Write) if state.writes > 1 || (has_new && state.legal.len() > 1) => {
            OverwriteReplaces
        }
        Some(Change::Write) => ReadYourWrite,
        _ if state.may_exist() => ReadYourWrite,
        Some(Change::Delete) => DeleteIdempotent,
        None => MissingIsError,
    }
}

/// Whether the answer is empty bytes, and nothing else says that there is an empty file: an
/// error was due, and the subject gave emptiness in its place.
pub(super) fn is_empty_for_error(scene: &Scene<'_>, path: &str, default: bool) -> bool {
    matches!(&scene.entry().outcome, Outcome::Ok(Reply::Data(data)) if data.is_empty())
        && !scene.exists_beside(path).unwrap_or(!default)
}

pub(super) fn read(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    if state.unknown {
        return None;
    }
    let class = class(state);
    if !state.may_exist() {
        let counts =
            if class == MissingIsError { vec![class] } else { vec![class, MissingIsError] };
        let answered = matches!(scene.entry().outcome, Outcome::Ok(_));
        let refutes =
            if !answered || is_empty_for_error(scene, path, true) { MissingIsError } else { class };
        return Some(Route { counts, refutes });
    }
    if state.may_be_absent() && is_empty_for_error(scene, path, true) {
        return Some(Route { counts: vec![class], refutes: MissingIsError });
    }
    Some(Route::to(class))
}

pub(super) fn exists(state: &FileState) -> Option<Route> {
    if state.unknown {
        return None;
    }
    Some(Route::to(match class(state) {
        OverwriteReplaces => ReadYourWrite,
        class => class,
    }))
}

/// Judges the acknowledgement of a change.
pub(super) fn change(scene: &Scene<'_>) -> Vec<Comparison> {
    let entry = scene.entry();
    let acknowledged = entry.outcome.is_ok();
    let judges_fidelity = scene.evidence.scenario.judges.contains(&PathFidelity);
    // "Or are refused clearly": where that is the question, a refusal is an answer, but no evidence.
    if judges_fidelity && is_refusal(&entry.outcome) {
        return Vec::new();
    }
    let path = entry.invocation.path();
    let mut found = Vec::new();
    let mut judge = |guarantee: Guarantee| {
        let result = if acknowledged {
            Ok(vec![guarantee])
        } else {
            Err((guarantee, scene.sentence_of_change()))
        };
        found.push(scene.compare(Sight::Other, path, result));
    };
    let is_directory = scene.oracle.is_directory(path);
    match &entry.invocation {
        Invocation::DeleteFile { .. } if is_directory => {
            // Refusing and shrugging are both right; dying is not.
            if let Outcome::Broken(_) = entry.outcome {
                judge(DeleteFilesOnly);
            }
        }
        _ if scene.oracle.is_obstructed(path) && !is_mkdir_of_directory(scene, path) => {}
        Invocation::CreateDirectory { .. } if scene.oracle.is_maybe_file(path) => {}
        Invocation::DeleteFile { .. } => judge(DeleteIdempotent),
        Invocation::CreateDirectory { .. } => judge(MkdirRecursive),
        Invocation::WriteFile { .. } => {
            let state = scene.oracle.state(path);
            let is_new_directory = !scene.oracle.was_directory(parent(path));
            match class(&state) {
                _ if !acknowledged && judges_fidelity => judge(PathFidelity),
                _ if is_new_directory => judge(WriteCreatesParents),
                _ if acknowledged => {}
                _ if state.may_exist() || state.unknown => judge(OverwriteReplaces),
                _ => judge(ReadYourWrite),
            }
        }
        _ => {}
    }
    found
}

/// Whether this is `createDirectory` on what is a directory already, which must be fine.
fn is_mkdir_of_directory(scene: &Scene<'_>, path: &str) -> bool {
    matches!(scene.entry().invocation, Invocation::CreateDirectory { .. })
        && scene.oracle.is_directory(path)
}
