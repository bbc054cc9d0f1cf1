//! `deterministic-layout`: two fault-free runs of the same operations leave identical trees.

use crate::{
    check::{Finding, Judgement, words},
    fault::Strike,
    history::{Evidence, Node, Tree},
};

/// Compares the trees of the two runs; no comparison where a fault struck or no twins were made.
pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let (Strike::None, Some((one, other))) = (&evidence.strike, evidence.baseline.twins.as_deref())
    else {
        return Judgement::default();
    };
    let summary = first_difference(evidence, one, other);
    let findings = summary.map(|summary| Finding { entry: None, summary }).into_iter().collect();
    Judgement::one(findings)
}

/// Whether two fault-free runs left different names, so that a strange name proves nothing.
pub(super) fn names_differ(evidence: &Evidence) -> bool {
    evidence.baseline.twins.as_deref().is_some_and(|(one, other)| !one.files().eq(other.files()))
}

/// Whether recovery stores under other names each time, so that a strange name may be that of what it stored.
pub(super) fn recovery_renames(evidence: &Evidence) -> bool {
    let recovered = evidence.baseline.recovered.as_deref();
    recovered.is_some_and(|(once, twice)| !once.files().eq(twice.files()))
}

fn first_difference(evidence: &Evidence, one: &Tree, other: &Tree) -> Option<String> {
    const WHO: &str = "two runs of the same operations in two fresh roots left different trees:";
    let scenario = &*evidence.scenario;
    // Names that the scenario mentions come first: they say more than a random one.
    let mut paths: Vec<&String> = one.nodes.keys().chain(other.nodes.keys()).collect();
    paths.sort_by_key(|path| (!words::is_named(scenario, path), *path));
    let path = paths.into_iter().find(|path| one.nodes.get(*path) != other.nodes.get(*path))?;
    if !words::is_named(scenario, path)
        && one.nodes.contains_key(path) != other.nodes.contains_key(path)
    {
        let directory = words::known_directory(scenario, path);
        return Some(format!(
            "{WHO} the names below {directory} are not the same in both; equal names would have been right"
        ));
    }
    let place = words::place(evidence, path);
    let (a, b) = (describe(one.nodes.get(path)), describe(other.nodes.get(path)));
    Some(if a == b {
        format!(
            "{WHO} {place} is {a} in both, with different content; equal content would have been right"
        )
    } else {
        format!("{WHO} {place} is {a} in one and {b} in the other; the same would have been right")
    })
}

fn describe(node: Option<&Node>) -> String {
    match node {
        None => "missing".to_owned(),
        // The content of two runs may be random, so only its length is told.
        Some(Node::File(data)) => format!("a file of {} bytes", data.len()),
        Some(Node::Directory) => "a directory".to_owned(),
        Some(Node::Symlink(_)) => "a symbolic link".to_owned(),
        Some(Node::Other) => "neither file nor directory".to_owned(),
    }
}
