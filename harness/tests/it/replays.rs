//! Counterexample files that are run again: as they are, edited, and against a backend that was mended meanwhile.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{command, program};

pub(crate) const TESTS: &[crate::Test] = &[
    ("replays::of_kills", of_kills),
    ("replays::of_schedules", of_schedules),
    ("replays::of_power_losses", of_power_losses),
];

/// What a trial that strikes nowhere is told.
const OTHER_CALLS: &str = "makes other calls than when this was found";

/// A counterexample of the documented backend.
fn counterexample(at: &Path, guarantee: &str, scenario: &str) -> Value {
    let words = ["certify", "fs:documented", "--jobs", "1", "--out", "run"];
    let which = ["--guarantee", guarantee, "--scenario", scenario];
    program::crashworthy(at, &[words.as_slice(), &which].concat());
    let file = at.join("run/counterexamples").join(guarantee).with_extension("json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The exit code of its replay, and what is said.
fn replayed(at: &Path, file: &Value) -> (i32, String) {
    fs::write(at.join("edited.json"), file.to_string()).unwrap();
    let run = command::run(at, &["replay", "edited.json"]);
    (run.exit_code, run.stdout + &run.stderr)
}

/// The exit code is as expected, and something is said.
#[track_caller]
fn ends(at: &Path, file: &Value, exit_code: i32, part: &str) {
    let (code, said) = replayed(at, file);
    assert_eq!(code, exit_code, "{said}");
    assert!(said.contains(part), "{part:?} is not in {said:?}");
}

fn of_kills() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut file = counterexample(at, "kill-orphans-invisible", "first-write-in-new-tree");
    ends(at, &file, 1, "reproduced: kill-orphans-invisible is refuted");
    let found = file["strike"].clone();
    for strike in [
        json!({ "kill": { "event": 900, "side": "before" } }),
        json!({ "torn": { "event": 1, "keep": 1_u64 << 40 } }),
    ] {
        file["strike"] = strike;
        ends(at, &file, 3, OTHER_CALLS);
    }
    file["strike"] = found;
    file["guarantee"] = json!("last-write-wins");
    ends(at, &file, 3, "nothing in this trial bears on last-write-wins");
}

fn of_schedules() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut file = counterexample(at, "no-spurious-error", "two-terminals");
    ends(at, &file, 1, "reproduced");
    let schedule = file["strike"]["schedule"]["schedule"].clone();
    let turns = |file: &mut Value, turns: Value| {
        file["strike"]["schedule"]["schedule"] = turns;
    };
    turns(&mut file, json!([{ "actor": 7, "steps": 1 }]));
    ends(at, &file, 3, OTHER_CALLS);
    turns(&mut file, json!([{ "actor": 0, "steps": 500 }]));
    ends(at, &file, 3, OTHER_CALLS);
    turns(&mut file, schedule);
    // The hardened one makes other calls: whether it breaks under others, this file cannot tell.
    file["subject"]["command"] = json!("fs");
    let (code, said) = replayed(at, &file);
    assert!([0, 3].contains(&code), "{said}");
}

fn of_power_losses() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut file = counterexample(at, "power-durable-ack", "power-overwrite");
    ends(at, &file, 1, "reproduced");
    file["subject"]["command"] = json!("fs");
    ends(at, &file, 3, "`crashworthy certify --guarantee power-durable-ack`");
}
