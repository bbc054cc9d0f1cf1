//! The sentences of findings: who saw what, and what would have been right.
//!
//! Two runs of one trial give the same text. A backend's own temporary names may be random, so a
//! name that the scenario does not mention is shown as its directory and "a left-over", or "internal" where the
//! backend leaves it there without any fault, too.

use crate::{
    check::file_state::{Change, Content, FileState},
    check::oracle::{ancestors, parent},
    fault::Strike,
    history::{Evidence, Outcome, Phase, Reply},
    scenario::{Plant, Scenario},
    subject::Bytes,
};

/// Longest extension of a left-over that is shown, in letters; longer ones are likely random.
const EXTENSION_LETTERS_MAX: usize = 5;

/// When the answer came, and from whom.
pub(super) fn scene(evidence: &Evidence, phase: Phase) -> &'static str {
    let has_power_failed = evidence.strike.power_loss().is_some();
    match phase {
        Phase::Crashed if has_power_failed => "after the power loss, a fresh process",
        Phase::Recovery if has_power_failed => "after the power loss, a recovering process",
        Phase::Recovered if has_power_failed => "after the power loss and recovery, a process",
        Phase::Retry if has_power_failed => "after the power loss, a process that tried again",
        Phase::Retried if has_power_failed => "after the power loss and one more try, a process",
        Phase::SetUp => "in the set-up",
        Phase::Workload if evidence.history.iter().any(|e| e.phase == Phase::BesideWriter) => {
            "with recovery run beside it, the writer"
        }
        Phase::Workload => "in the workload",
        Phase::Finished if evidence.history.iter().any(|e| e.phase == Phase::BesideWriter) => {
            "after recovery ran beside the writer, a fresh process"
        }
        Phase::Finished => "after the workload",
        Phase::Crashed => "after the kill, a fresh process",
        Phase::Recovery => "after the kill, a recovering process",
        Phase::Recovered => "after the kill and recovery, a process",
        Phase::Retry => "after the kill, a process that tried again",
        Phase::Retried => "after the kill and one more try, a process",
        Phase::BesideWriter => "beside the writer, a process",
        Phase::Faulted => "after a call had failed, a fresh process",
        Phase::Repeat => "once the fault was gone, the same process",
        Phase::Quiet => "when all had finished, a fresh process",
        Phase::Undamaged => "after the workload, a fresh process",
        Phase::Damaged => "after a stored file had changed, a fresh process",
        Phase::Repeated => "after it was done once more, a fresh process",
    }
}

/// When everything after the strike took place.
pub(super) fn after_strike(evidence: &Evidence) -> &'static str {
    if evidence.strike.power_loss().is_some() { "after the power loss" } else { "after the kill" }
}

/// [`scene`] as the subject of a sentence.
pub(super) fn observer(evidence: &Evidence, phase: Phase) -> String {
    let scene = scene(evidence, phase);
    if scene.contains("process") || scene.ends_with("writer") {
        scene.to_owned()
    } else {
        format!("{scene}, the process")
    }
}

/// A value in words; an empty one shows as such.
pub(super) fn value(data: &Bytes) -> String {
    if data.is_empty() { "empty bytes".to_owned() } else { format!("{data:?}") }
}

/// An outcome in words, to follow "got".
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(Reply::Data(data)) => value(data),
        Outcome::Ok(Reply::Done) => "an acknowledgement".to_owned(),
        Outcome::Ok(Reply::Truth(truth)) => truth.to_string(),
        Outcome::Ok(Reply::Names(names)) => format!("{} names", names.len()),
        Outcome::Fail { kind, .. } => format!("the error {kind}"),
        Outcome::Killed => "no answer".to_owned(),
        Outcome::Broken(text) => format!("no proper answer ({text})"),
    }
}

/// What would have been right, to precede "would have been right".
pub(super) fn expected(state: &FileState) -> String {
    let absent = "an error for a missing file";
    let one = |content: &Content| match content {
        Some(data) => value(data),
        None => absent.to_owned(),
    };
    match state.legal.as_slice() {
        [only] => one(only),
        [None, Some(new)] => format!("{absent} or the new value ({})", value(new)),
        [old @ .., Some(new)] if state.in_flight == Some(Change::Write) => {
            let old: Vec<_> = old
                .iter()
                .map(|c| match c {
                    Some(data) => format!("the old value ({})", value(data)),
                    None => absent.to_owned(),
                })
                .collect();
            format!("{} or the new one ({})", old.join(", "), value(new))
        }
        several => several.iter().map(one).collect::<Vec<_>>().join(" or "),
    }
}

/// Says where `got` departs from the newest right value, when their lengths do not show it.
pub(super) fn difference(got: &Outcome, state: &FileState) -> String {
    if let Outcome::Ok(Reply::Data(data)) = got
        && let [.., Some(right)] = state.legal.as_slice()
        && format!("{data:?}") == format!("{right:?}")
        && let Some(at) = data.iter().zip(right.iter()).position(|(a, b)| a != b)
    {
        let which =
            if state.legal.len() > 1 { "it differs from the new one" } else { "they differ" };
        return format!("; {which} from byte {at} on");
    }
    String::new()
}

/// Whether the scenario itself names `path`, so that it reads the same in every run.
pub(super) fn is_named(scenario: &Scenario, path: &str) -> bool {
    let planted = scenario.plants.iter().map(|plant| match plant {
        Plant::File { path, .. } | Plant::Directory { path } | Plant::Symlink { path, .. } => path,
    });
    path.is_empty()
        || scenario
            .paths()
            .into_iter()
            .chain(scenario.directories())
            .chain(planted.map(String::as_str))
            .any(|named| named == path || ancestors(named).any(|above| above == path))
}

/// The nearest directory above `path` that reads the same in every run, in words.
pub(super) fn known_directory(scenario: &Scenario, path: &str) -> String {
    ancestors(path)
        .find(|above| is_named(scenario, above))
        .map_or_else(|| "the root".to_owned(), |above| format!("`{above}`"))
}

/// `path` in words that are the same in every run.
pub(super) fn place(evidence: &Evidence, path: &str) -> String {
    let scenario = &*evidence.scenario;
    if is_named(scenario, path) {
        return format!("`{path}`");
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=EXTENSION_LETTERS_MAX).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_alphabetic()) =>
        {
            format!(" `.{extension}`")
        }
        _ => String::new(),
    };
    let directory = known_directory(scenario, path);
    let is_known = parent(path).is_empty() || is_named(scenario, parent(path));
    let preposition = if is_known { "in" } else { "below" };
    // Nothing is left over where nobody was stopped, nor what a run without faults leaves as well.
    let is_whole = match &evidence.strike {
        Strike::None | Strike::BitRot { .. } => true,
        strike @ (Strike::Schedule(_) | Strike::Soak { .. }) => !strike.is_kill(),
        _ => false,
    };
    let what = if is_whole || evidence.baseline.files.contains(path) {
        "an internal"
    } else {
        "a left-over"
    };
    format!("{what}{extension} file {preposition} {directory}")
}
