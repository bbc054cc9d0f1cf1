//! `confined`: nothing outside the root is read, created, changed or deleted.
//!
//! A backend may refuse a hostile path, or treat it as an opaque key: what was written under exactly
//! that path may come back. So a value, a name or an existence that nobody wrote, under a path that
//! leads out of the root, has been fetched from outside; and the harness looks at the directory beside
//! the root itself. A link that the harness planted leads out when its target does.

use crashworthy::StoragePath;

use super::{Finding, Judgement, oracle::ancestors, words};
use crate::{
    history::{Entry, Evidence, Invocation, Outcome, Reply},
    scenario::{OUTSIDE, OUTSIDE_FILE, OUTSIDE_SECRET, Plant, Scenario},
};

/// Judges every answer to a hostile path, every answer that shows the secret, and the world outside.
pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let scenario = &evidence.scenario;
    let mut judgement = Judgement::one(Vec::new());
    for line in &evidence.outside {
        judgement.comparisons += 1;
        judgement.findings.push(Finding {
            entry: None,
            summary: format!("outside the root: {line}; nothing there may change"),
        });
    }
    for (index, entry) in evidence.history.iter().enumerate() {
        let path = entry.invocation.path();
        if entry.invocation == Invocation::Recover || entry.outcome == Outcome::Killed {
            continue;
        }
        let wrong = wrong_answer(evidence, index);
        judgement.comparisons += usize::from(is_hostile(scenario, path) || wrong.is_some());
        if let Some(right) = wrong {
            let summary = format!(
                "{} got {} from {} of {path:?}; {right} would have been right",
                words::observer(evidence, entry.phase),
                words::outcome(&entry.outcome),
                entry.invocation.operation(),
            );
            judgement.findings.push(Finding { entry: Some(index), summary });
        }
    }
    judgement
}

/// What would have been right, where the answer is a violation.
fn wrong_answer(evidence: &Evidence, index: usize) -> Option<&'static str> {
    let entry = &evidence.history[index];
    let path = entry.invocation.path();
    let leaves = || leads_out(&evidence.scenario, path);
    let written = |wanted: &dyn Fn(&str) -> bool| {
        evidence.history[..index].iter().any(|e| may_have_stored(e) && wanted(e.invocation.path()))
    };
    match (&entry.invocation, &entry.outcome) {
        (_, Outcome::Broken(_)) => {
            is_hostile(&evidence.scenario, path).then_some("a refusal or an answer")
        }
        (_, Outcome::Ok(Reply::Data(data))) => {
            let secret = OUTSIDE_SECRET.as_bytes();
            let shows_secret = data.windows(secret.len()).any(|window| window == secret);
            // Empty bytes prove no look outside; a subject may answer so for any missing file.
            let fetched = !data.is_empty() && leaves() && !written(&|stored| stored == path);
            (shows_secret || fetched).then_some("an error")
        }
        (Invocation::ListFiles { .. }, Outcome::Ok(Reply::Names(names))) => {
            let is_below = |stored: &str, name: &str| {
                stored.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')) == Some(name)
                    || (path.is_empty() && stored == name)
                    || stored == canonical(&format!("{path}/{name}"))
            };
            let is_outside = |name: &String| {
                (name == OUTSIDE_FILE || leaves())
                    && !written(&|stored| is_below(stored, name))
                    && !is_planted(&evidence.scenario, &canonical(&format!("{path}/{name}")))
            };
            names.iter().any(is_outside).then_some("an error or an empty list")
        }
        (Invocation::Exists { .. }, Outcome::Ok(Reply::Truth(true))) => {
            let below = format!("{path}/");
            let opaque = written(&|stored| stored == path || stored.starts_with(&below));
            (leaves() && !is_link(&evidence.scenario, path) && !opaque)
                .then_some("false or an error")
        }
        _ => None,
    }
}

fn may_have_stored(entry: &Entry) -> bool {
    matches!(entry.invocation, Invocation::WriteFile { .. } | Invocation::CreateDirectory { .. })
        && !matches!(entry.outcome, Outcome::Fail { .. })
}

/// Whether no honest client would send this path.
fn is_hostile(scenario: &Scenario, path: &str) -> bool {
    StoragePath::new(path).is_err()
        || escapes(path)
        || std::iter::once(path).chain(ancestors(path)).any(|part| is_link(scenario, part))
}

/// Whether a file system would follow `path` to a place outside the root.
fn leads_out(scenario: &Scenario, path: &str) -> bool {
    escapes(path)
        || std::iter::once(path).chain(ancestors(path)).any(|part| {
            scenario.plants.iter().any(|plant| match plant {
                Plant::Symlink { path, target } if path == part => {
                    let from_root = match path.rsplit_once('/') {
                        Some((directory, _)) => format!("{directory}/{target}"),
                        None => target.clone(),
                    };
                    target.starts_with(OUTSIDE) || target.starts_with('/') || escapes(&from_root)
                }
                _ => false,
            })
        })
}

/// Whether `path` climbs above where it starts, or starts at the top of the file system.
fn escapes(path: &str) -> bool {
    let mut depth = 0_usize;
    path.starts_with('/')
        || path.starts_with(OUTSIDE)
        || path.split('/').any(|component| {
            match component {
                ".." if depth == 0 => return true,
                ".." => depth -= 1,
                "" | "." => {}
                _ => depth += 1,
            }
            false
        })
}

/// `path` without `.`, empty and `..` components, for comparing two spellings of one place.
fn canonical(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

fn is_link(scenario: &Scenario, path: &str) -> bool {
    scenario.plants.iter().any(|p| matches!(p, Plant::Symlink { path: link, .. } if link == path))
}

fn is_planted(scenario: &Scenario, path: &str) -> bool {
    scenario.plants.iter().any(|plant| match plant {
        Plant::File { path: at, .. }
        | Plant::Directory { path: at }
        | Plant::Symlink { path: at, .. } => at == path,
    })
}
