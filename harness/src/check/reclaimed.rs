//! `kill-orphans-reclaimed`: what a killed process left behind is gone after recovery.
//!
//! Whatever lay there at a quiet moment of the fault-free run is the backend's own business (values,
//! directories, a lock file), and a file that the harness planted may stay. Anything else is a
//! left-over. Where two fault-free runs publish different names, or two recoveries do, a strange name
//! may be a published one, and the trial says nothing.

use std::collections::BTreeSet;

use crate::{
    check::{Finding, Judgement, layout, walk, words},
    history::{Evidence, Moment, Phase},
    scenario::Plant,
};

/// Looks for left-overs in the tree after an acknowledged recovery.
pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let last_recovery = evidence.history.iter().rev().find(|entry| entry.phase == Phase::Recovery);
    let recovered = last_recovery.is_some_and(|entry| entry.outcome.is_ok());
    let Some(tree) = evidence.tree(Moment::Recovered) else {
        return Judgement::default();
    };
    let names_tell = !layout::names_differ(evidence) && !layout::recovery_renames(evidence);
    if !recovered || !walk::is_set_up(evidence) || !names_tell {
        return Judgement::default();
    }
    let is_planted = |path: &str| {
        evidence.scenario.plants.iter().any(|plant| match plant {
            Plant::File { path: planted, .. } | Plant::Symlink { path: planted, .. } => {
                planted == path
            }
            Plant::Directory { .. } => false,
        })
    };
    // What recovery stores where nothing is left over is its own business, too.
    let recovered = evidence.baseline.recovered.as_deref().map(|(once, _)| once);
    let is_own = |path: &str| {
        evidence.baseline.files.contains(path)
            || recovered.is_some_and(|tree| tree.nodes.contains_key(path))
    };
    let places: BTreeSet<String> = tree
        .files()
        .filter(|path| !is_own(path) && !is_planted(path))
        .map(|path| words::place(evidence, path))
        .collect();
    let findings = places.into_iter().map(|place| Finding {
        entry: evidence.history.iter().rposition(|entry| entry.phase == Phase::Recovery),
        summary: format!(
            "after the kill, recovery was acknowledged and {place} is still on disk; \
             a tree without it would have been right"
        ),
    });
    Judgement::one(findings.collect())
}
