//! `path-fidelity`: a wrong answer that comes from mixing up two paths, in scenarios that judge it.
//!
//! In such a scenario every right answer about a written path counts for it too. A wrong one is
//! claimed here unless another guarantee explains it better: the path's own value cut short, grown or
//! stale; no other path touched since its own change; or a kill that may have lost it. After a kill,
//! the value of another path, a loss that only recovery or the retry brought, and a loss while a path
//! that differs by a suffix or by case was in flight remain confusions.

use crashworthy::Guarantee::{self, PathFidelity};

use super::{
    file_state::{FileState, Retried},
    oracle::parent,
    scene::{Court, Route, Scene, Sight},
};
use crate::{
    history::{Outcome, Phase, Reply},
    subject::Bytes,
};

/// The outcome of a comparison, after this guarantee has had its say.
pub(super) fn claim(
    scene: &Scene<'_>,
    sight: Sight,
    path: &str,
    state: &FileState,
    ok: bool,
    route: Route,
) -> Result<Vec<Guarantee>, Guarantee> {
    let Route { mut counts, refutes } = route;
    let judges = !matches!(scene.court, Court::Beside | Court::Power)
        && scene.evidence.scenario.judges.contains(&PathFidelity)
        && scene.evidence.scenario.paths().contains(&path);
    if ok {
        let says_something = sight != Sight::Read || state.may_exist();
        if judges && says_something && state.last.is_some() {
            counts.push(PathFidelity);
        }
        return Ok(counts);
    }
    Err(if judges && is_confusion(scene, sight, path, state) { PathFidelity } else { refutes })
}

/// Whether the names that a list got wrong show a confusion: a written one is missing from it.
pub(super) fn claims_missing_name(scene: &Scene<'_>) -> bool {
    scene.court == Court::Interface && scene.evidence.scenario.judges.contains(&PathFidelity)
}

fn is_confusion(scene: &Scene<'_>, sight: Sight, path: &str, state: &FileState) -> bool {
    if let Outcome::Ok(Reply::Data(data)) = &scene.entry().outcome {
        if is_value_of_another(scene, path, data) {
            return true;
        }
        let is_own = |own: &Bytes| own.starts_with(data) || data.starts_with(own);
        if data.is_empty() || state.written.iter().any(is_own) {
            return false;
        }
    }
    match scene.court {
        // `exists` follows what the read of the same path shows; alone it is a flaw of `exists`.
        Court::Interface => {
            sight == Sight::Read && state.last.is_some() && scene.oracle.last_change != state.epoch
        }
        Court::Kill => is_confusion_after_kill(scene, path, state),
        Court::Power | Court::Beside => false,
    }
}

fn is_value_of_another(scene: &Scene<'_>, path: &str, data: &Bytes) -> bool {
    let is_own = scene.oracle.state(path).written.contains(data);
    !data.is_empty()
        && !is_own
        && scene
            .oracle
            .files()
            .any(|(other, state)| other != path && state.written.iter().any(|value| value == data))
}

fn is_confusion_after_kill(scene: &Scene<'_>, path: &str, state: &FileState) -> bool {
    if state.last.is_none() || state.in_flight.is_some() || state.retried != Retried::No {
        return false;
    }
    let was_wrong = scene.before.iter().any(|comparison| {
        comparison.path == path
            && comparison.result.is_err()
            && scene.evidence.history[comparison.entry].phase == Phase::Crashed
    });
    if scene.entry().phase != Phase::Crashed && !was_wrong {
        return true;
    }
    scene.oracle.files().any(|(other, state)| {
        other != path && state.in_flight.is_some() && are_confusable(path, other)
    })
}

/// Whether two paths in one directory differ only by case or by a suffix.
fn are_confusable(one: &str, other: &str) -> bool {
    let (a, b) = (one.to_lowercase(), other.to_lowercase());
    parent(&a) == parent(&b) && (a.starts_with(&b) || b.starts_with(&a))
}
