//! What answers mean after a power loss: the power-loss guarantees.
//!
//! What was seen decides, not only when: a whole value that was replaced before is a lost acknowledgement
//! (`power-durable-ack`, `power-durable-delete`), whatever was in flight; what nobody ever wrote is a torn one
//! (`power-atomic-write`, `power-atomic-delete`). A file that the workload did not touch is
//! `power-neighbours-intact`, one whose new directory is gone is `power-durable-mkdir`, and after the
//! retry everything is `power-retry-heals`. What was there before the workload was durable then.

use crashworthy::Guarantee::{
    self, PowerAtomicDelete, PowerAtomicWrite, PowerDurableAck, PowerDurableDelete,
    PowerDurableMkdir, PowerNeighboursIntact, PowerRetryHeals,
};

use super::{
    file_state::{Change, Content, FileState, Retried, Touched},
    oracle::ancestors,
    scene::{Comparison, Route, Scene, Sight},
};
use crate::history::{Evidence, Invocation, Moment, Node, Outcome, Phase, Reply, Tree};

/// What an answer shows of a file.
enum Seen<'a> {
    /// This content, or no file.
    Content(&'a Content),
    /// That there is a file.
    Present,
    /// Nothing, because there was no proper answer.
    Nothing,
}

/// Whom the state of a path counts for when it is right, and whom it refutes when not; `None` where it is not
/// judged.
fn route(scene: &Scene<'_>, path: &str, state: &FileState, seen: &Seen<'_>) -> Option<Route> {
    if state.unknown || state.failed {
        return None;
    }
    match state.retried {
        Retried::Acknowledged => return Some(Route::to(PowerRetryHeals)),
        Retried::Failed => return None,
        Retried::No => {}
    }
    if state.touched == Touched::Never {
        // A file that was never there is nobody's.
        return state.last.map(|_| Route::to(PowerNeighboursIntact));
    }
    let mut counts = match (state.in_flight, state.last) {
        (Some(Change::Write), _) => vec![PowerAtomicWrite],
        (Some(Change::Delete), _) => vec![PowerAtomicDelete],
        (None, Some(Change::Write)) => vec![PowerDurableAck, PowerAtomicWrite],
        (None, Some(Change::Delete)) => vec![PowerDurableDelete, PowerAtomicDelete],
        (None, None) => return None,
    };
    let is_new_tree = has_new_parent(scene.evidence, path);
    if is_new_tree && state.in_flight.is_none() {
        counts.push(PowerDurableMkdir);
    }
    let lost = match state.last {
        Some(Change::Delete) => PowerDurableDelete,
        _ => PowerDurableAck,
    };
    let refutes = match (seen, state.in_flight, state.last) {
        (Seen::Content(None), None, Some(Change::Write))
            if is_new_tree && lost_parent(scene, path) =>
        {
            PowerDurableMkdir
        }
        (Seen::Content(content), ..) if state.past.contains(content) => lost,
        (Seen::Present, None, Some(Change::Delete)) => PowerDurableDelete,
        (Seen::Nothing, None, _) => lost,
        // A delete tears only what was whole. What the workload wrote itself may have been torn before, which the
        // states after the acknowledgement of that write show.
        (_, Some(Change::Delete), _)
            if state.touched == Touched::Written && !is_legal(state, seen) =>
        {
            return None;
        }
        (_, None, Some(Change::Delete)) if state.touched == Touched::Written => PowerDurableDelete,
        (_, Some(Change::Delete), _) | (_, None, Some(Change::Delete)) => PowerAtomicDelete,
        _ => PowerAtomicWrite,
    };
    Some(Route { counts, refutes })
}

fn is_legal(state: &FileState, seen: &Seen<'_>) -> bool {
    match seen {
        Seen::Content(content) => state.legal.contains(content),
        Seen::Present => state.may_exist(),
        Seen::Nothing => false,
    }
}

/// Whether a directory above `path` was not there before the workload, though a fault-free run stores the file
/// at that very path.
pub(super) fn has_new_parent(evidence: &Evidence, path: &str) -> bool {
    let settled = evidence.tree(Moment::Settled);
    evidence.baseline.files.contains(path)
        && settled.is_some_and(|tree| ancestors(path).any(|above| !tree.nodes.contains_key(above)))
}

/// Whether a directory above `path` is gone from the disk.
fn lost_parent(scene: &Scene<'_>, path: &str) -> bool {
    let crashed = scene.evidence.tree(Moment::Crashed);
    crashed.is_some_and(|tree| {
        ancestors(path).any(|above| tree.nodes.get(above) != Some(&Node::Directory))
    })
}

/// Whether a directory above `path` that was not there before the workload is gone from the disk.
pub(super) fn lost_new_parent(evidence: &Evidence, path: &str) -> bool {
    let (settled, crashed) = (evidence.tree(Moment::Settled), evidence.tree(Moment::Crashed));
    let is_there =
        |tree: Option<&Tree>, above: &str| tree.is_some_and(|tree| tree.nodes.contains_key(above));
    ancestors(path).any(|above| !is_there(settled, above) && !is_there(crashed, above))
}

pub(super) fn read(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    if scene.oracle.is_directory(path) {
        return None;
    }
    match &scene.entry().outcome {
        Outcome::Ok(Reply::Data(data)) => {
            route(scene, path, state, &Seen::Content(&Some(data.clone())))
        }
        Outcome::Fail { .. } => route(scene, path, state, &Seen::Content(&None)),
        _ => route(scene, path, state, &Seen::Nothing),
    }
}

pub(super) fn exists(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    match &scene.entry().outcome {
        Outcome::Ok(Reply::Truth(true)) => present(scene, path, state),
        Outcome::Ok(Reply::Truth(false)) => absent(scene, path, state),
        _ => route(scene, path, state, &Seen::Nothing),
    }
}

/// For a path that somebody says has a file.
pub(super) fn present(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    route(scene, path, state, &Seen::Present)
}

/// For a path that somebody says has none.
pub(super) fn absent(scene: &Scene<'_>, path: &str, state: &FileState) -> Option<Route> {
    route(scene, path, state, &Seen::Content(&None))
}

/// Judges whether an acknowledged directory is still there, for subjects that say so when nothing has struck.
pub(super) fn directory(scene: &Scene<'_>, path: &str) -> Option<Comparison> {
    let below = format!("{path}/");
    let was_emptied = scene.evidence.history[..scene.index].iter().any(|entry| {
        matches!(&entry.invocation, Invocation::DeleteFile { path } if path.starts_with(&below))
    });
    let must_exist = scene.oracle.was_directory(path)
        && scene.evidence.baseline.directories.contains(path)
        && !was_emptied;
    if !must_exist || scene.entry().phase == Phase::Retried {
        return None;
    }
    let result = match scene.entry().outcome {
        Outcome::Ok(Reply::Truth(true)) => Ok(vec![PowerDurableMkdir]),
        Outcome::Ok(Reply::Truth(false)) => {
            Err((PowerDurableMkdir, scene.sentence_of_directory(path)))
        }
        _ => return None,
    };
    Some(scene.compare(Sight::Other, path, result))
}

/// Judges the acknowledgement of a change in phase Retry, and of a recovery.
pub(super) fn change(scene: &Scene<'_>) -> Option<Comparison> {
    let entry = scene.entry();
    let path = entry.invocation.path();
    let is_judged: bool = match (&entry.invocation, entry.phase) {
        (Invocation::Recover, Phase::Recovery) => true,
        (Invocation::WriteFile { .. }, Phase::Retry) => {
            // What fails without a fault as well is not the power's doing.
            let mut workload = scene.evidence.scenario.workload().iter();
            let asked_before = workload.position(|asked| *asked == entry.invocation);
            !scene.oracle.is_obstructed(path)
                && asked_before.is_none_or(|index| !scene.evidence.baseline.failed.contains(&index))
        }
        _ => false,
    };
    if !is_judged {
        return None;
    }
    let result: Result<Vec<Guarantee>, _> = match (&entry.outcome, &entry.invocation) {
        // A recovery that succeeds proves nothing yet; the writes after it do.
        (Outcome::Ok(_), Invocation::Recover) => return None,
        (Outcome::Ok(_), _) => Ok(vec![PowerRetryHeals]),
        _ => Err((PowerRetryHeals, scene.sentence_of_change())),
    };
    Some(scene.compare(Sight::Other, path, result))
}
