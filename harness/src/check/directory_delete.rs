//! `delete-files-only`, on disk: a delete of a directory leaves it and everything in it.
//!
//! What reads show is judged by the walk; this looks at the trees around each such delete, where the
//! path is a directory on disk at all. The backend may refuse the delete or ignore it.

use crate::{
    check::{Finding, Judgement, words},
    fault::Strike,
    history::{Evidence, Invocation, Moment, Node, Phase},
};

/// Compares the trees before and after each delete of a directory in a fault-free workload.
pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let mut judgement = Judgement::default();
    if evidence.strike != Strike::None {
        return judgement;
    }
    let workload = evidence.history.iter().enumerate().filter(|(_, e)| e.phase == Phase::Workload);
    for (operation, (index, entry)) in workload.enumerate() {
        let Invocation::DeleteFile { path } = &entry.invocation else { continue };
        let before = match operation.checked_sub(1) {
            Some(previous) => Moment::Acknowledged(previous),
            None => Moment::Settled,
        };
        let (Some(before), Some(after)) =
            (evidence.tree(before), evidence.tree(Moment::Acknowledged(operation)))
        else {
            continue;
        };
        if before.nodes.get(path) != Some(&Node::Directory) {
            continue;
        }
        judgement.comparisons += 1;
        let below = format!("{path}/");
        let lost = before.nodes.iter().find(|(at, node)| {
            (*at == path || at.starts_with(&below)) && after.nodes.get(*at) != Some(node)
        });
        if let Some((lost, _)) = lost {
            let summary = format!(
                "on disk, the delete of the directory `{path}` took or changed {}; \
                 the directory with all that is in it would have been right",
                words::place(evidence, lost),
            );
            judgement.findings.push(Finding { entry: Some(index), summary });
        }
    }
    judgement
}
