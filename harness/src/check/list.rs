//! Lists: the names of the files directly in a directory, each once, and no others.
//!
//! A name whose file may be absent may be missing; one that may exist may be there. After a crash a
//! wrong name is charged to whatever speaks for its file, and a name that was never written to
//! `kill-orphans-invisible`; but directories, names of deeper files and what the backend shows in
//! quiet times are `list-exact`'s at all times.

use std::collections::BTreeSet;

use crashworthy::Guarantee::{
    self, DeleteFilesOnly, KillOrphansInvisible, KillOrphansReclaimed, ListExact, PathFidelity,
};

use super::{
    fidelity,
    file_state::FileState,
    kill,
    oracle::{ancestors, is_refusal, parent},
    power,
    scene::{Comparison, Court, Scene, Sight},
    words,
};
use crate::history::{Outcome, Reply};

/// Compares the list of `directory` with what is known of the files directly in it.
pub(super) fn compare(scene: &Scene<'_>, directory: &str) -> Vec<Comparison> {
    let oracle = scene.oracle;
    // A file where a directory was asked for: nothing says what its list is.
    if std::iter::once(directory).chain(ancestors(directory)).any(|at| oracle.is_maybe_file(at)) {
        return Vec::new();
    }
    let children: Vec<(&str, &FileState)> =
        oracle.files().filter(|(path, _)| parent(path) == directory).collect();
    let must: Vec<(&str, &FileState)> = children
        .iter()
        .copied()
        .filter(|(_, state)| !state.unknown && !state.may_be_absent())
        .collect();
    let names = match &scene.entry().outcome {
        Outcome::Ok(Reply::Names(names)) => names,
        other => return failed(scene, directory, &must, other),
    };
    let got: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut wrong = Wrong { scene, directory, found: Vec::new() };
    let is_misshapen = got.iter().any(|name| is_shape(scene, directory, name));

    for (path, state) in must {
        let name = path.rsplit('/').next().unwrap_or(path);
        if !got.contains(name)
            && let Some(guarantee) = missing(scene, path, state, is_misshapen)
        {
            wrong.push(path, guarantee, "lacked", "it would have been right there");
        }
    }
    // A written name that is missing while another is there has been confused with that one.
    let is_confused = wrong.found.iter().any(|c| is_refuted(c, PathFidelity));
    for name in &got {
        let path = format!("{directory}/{name}");
        if let Some(guarantee) = extra(scene, directory, name, &path) {
            let guarantee = if is_confused { PathFidelity } else { guarantee };
            wrong.push(&path, guarantee, "showed", "it should not be there");
        }
    }
    if scene.court == Court::Interface {
        for name in got.iter().filter(|name| names.iter().filter(|n| n == *name).count() > 1) {
            let path = format!("{directory}/{name}");
            wrong.push(&path, ListExact, "showed more than once", "once would have been right");
        }
    }
    let mut found = wrong.found;
    let counts = match scene.court {
        Court::Interface if found.is_empty() => {
            let claims = fidelity::claims_missing_name(scene) && !children.is_empty();
            if claims { vec![ListExact, PathFidelity] } else { vec![ListExact] }
        }
        Court::Kill if !found.iter().any(|c| is_refuted(c, KillOrphansInvisible)) => {
            vec![KillOrphansInvisible]
        }
        _ => return found,
    };
    found.push(scene.compare(Sight::Other, directory, Ok(counts)));
    found
}

fn is_refuted(comparison: &Comparison, guarantee: Guarantee) -> bool {
    matches!(&comparison.result, Err((refuted, _)) if *refuted == guarantee)
}

struct Wrong<'a> {
    scene: &'a Scene<'a>,
    directory: &'a str,
    found: Vec<Comparison>,
}

impl Wrong<'_> {
    fn push(&mut self, path: &str, guarantee: Guarantee, verb: &str, right: &str) {
        let Scene { evidence, .. } = self.scene;
        let summary = format!(
            "{} listed `{}` and the list {verb} {}; {right}",
            words::observer(evidence, self.scene.entry().phase),
            self.directory,
            words::place(evidence, path),
        );
        self.found.push(self.scene.compare(Sight::Listed, path, Err((guarantee, summary))));
    }
}

/// Who is refuted by the absence of a name that must be there.
fn missing(
    scene: &Scene<'_>,
    path: &str,
    state: &FileState,
    is_misshapen: bool,
) -> Option<Guarantee> {
    match scene.court {
        Court::Beside if state.below_deleted => None,
        _ if state.below_deleted => Some(DeleteFilesOnly),
        Court::Interface if fidelity::claims_missing_name(scene) => Some(PathFidelity),
        Court::Interface => Some(ListExact),
        // Names in a wrong form (whole paths, say) are the list's own flaw.
        Court::Kill | Court::Power if is_misshapen => Some(ListExact),
        Court::Kill => kill::class(state),
        Court::Power => power::absent(scene, path, state).map(|route| route.refutes),
        Court::Beside => (!is_misshapen).then_some(KillOrphansReclaimed),
    }
}

/// Who is refuted by the presence of `name`; `None` where it may be there.
fn extra(scene: &Scene<'_>, directory: &str, name: &str, path: &str) -> Option<Guarantee> {
    let state = scene.oracle.state(path);
    if state.may_exist() || state.unknown || scene.oracle.is_symlink(path) {
        return None;
    }
    match scene.court {
        Court::Interface => Some(ListExact),
        Court::Kill | Court::Power if is_shape(scene, directory, name) => Some(ListExact),
        Court::Kill => kill::class(&state),
        Court::Power => power::present(scene, path, &state).map(|route| route.refutes),
        Court::Beside => None,
    }
}

/// Whether `name` is a flaw of listing and not of what is stored: a directory, a path, the
/// name of a deeper file, or a file that is there in quiet times too.
fn is_shape(scene: &Scene<'_>, directory: &str, name: &str) -> bool {
    let path = format!("{directory}/{name}");
    let scenario = &scene.evidence.scenario;
    let is_user_path = scenario.paths().contains(&path.as_str());
    name.contains('/')
        || scene.oracle.is_directory(&path)
        || (!is_user_path && scene.evidence.baseline.files.contains(&path))
        || (!is_user_path
            && scene.oracle.files().any(|(file, state)| {
                state.may_exist()
                    && parent(file) != directory
                    && file.starts_with(&format!("{directory}/"))
                    && file.ends_with(&format!("/{name}"))
            }))
}

/// Judges a list that gave no names.
fn failed(
    scene: &Scene<'_>,
    directory: &str,
    must: &[(&str, &FileState)],
    outcome: &Outcome,
) -> Vec<Comparison> {
    if must.is_empty() && is_refusal(outcome) && fidelity::claims_missing_name(scene) {
        return Vec::new();
    }
    let guarantee = match scene.court {
        Court::Interface => ListExact,
        Court::Kill => must.iter().find_map(|(_, state)| kill::class(state)).unwrap_or(ListExact),
        Court::Power => {
            let refuted = must.iter().find_map(|(path, state)| power::absent(scene, path, state));
            refuted.map_or(ListExact, |route| route.refutes)
        }
        Court::Beside if must.is_empty() => return Vec::new(),
        Court::Beside => KillOrphansReclaimed,
    };
    let summary = format!(
        "{} listed `{directory}` and got {}; {} would have been right",
        words::observer(scene.evidence, scene.entry().phase),
        words::outcome(outcome),
        if must.is_empty() { "a list" } else { "the names of its files" },
    );
    vec![scene.compare(Sight::Other, directory, Err((guarantee, summary)))]
}
