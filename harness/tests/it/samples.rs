//! The reports under `reports/samples/`: what a run writes and shows, kept so that it can be looked at without a run.
//!
//! They are written anew by `UPDATE_SAMPLES=1 cargo test -p crashworthy-harness --test it -- samples`, and compared
//! otherwise. Whatever a run writes is kept, so a new output joins by itself; times are not, nor where an interpreter
//! is. What Node calls differs between its versions: another version than that of the samples is held to the same
//! verdicts only.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{command, program};

pub(crate) const TESTS: &[crate::Test] =
    &[("samples::are_what_a_run_writes", are_what_a_run_writes)];

/// Enough scenarios to judge every guarantee, and few enough to run them with every test.
const SCENARIOS: &[&str] = &[
    "read-your-write",
    "overwrite-replaces",
    "missing-is-error",
    "write-creates-parents",
    "list-exact",
    "mkdir-recursive",
    "safe-delete",
    "deterministic-layout",
    "temp-alias",
    "confined-parent",
    "first-write-in-new-tree",
    "crash-during-delete",
    "recovery",
    "power-new-tree",
    "power-overwrite",
    "power-delete",
    "power-order",
    "same-content",
    "two-terminals-new-file",
    "killed-writer",
    IO_ERRORS,
    "failed-sync-overwrite",
    "bit-rot",
];
const IO_ERRORS: &str = "io-errors-during-overwrite";
/// A third of them.
const FEWER_IO_ERRORS: &str = "io-errors-during-delete";
/// What a run showed.
const PAGE: &str = "terminal.txt";
const CERTIFICATE: &str = "certificate.json";
/// The version of Node that made its sample.
const VERSION: &str = "node-version.txt";
const NODE: &str = "node-fs-backend";
/// Files of a run that no sample has: events with their times, one for every trial.
const STREAMS: &[&str] = &["jsonl"];
/// Keys of JSON files whose values are times.
const TIMES: &[&str] = &["wall_seconds", "started", "finished", "seconds", "duration_seconds"];

struct Sample {
    folder: &'static str,
    subject: &'static [&'static str],
}

const SAMPLES: &[Sample] = &[
    Sample { folder: "fs-documented", subject: &["fs:documented"] },
    Sample { folder: "fs", subject: &["fs"] },
    Sample {
        folder: NODE,
        subject: &[
            "--claims",
            "harness/adapters/node/fs_backend.claims.toml",
            "--",
            "node",
            "harness/adapters/node/fs_backend.mjs",
        ],
    },
];

type Files = BTreeMap<PathBuf, String>;

fn are_what_a_run_writes() {
    let samples = program::source("../reports/samples");
    for sample in SAMPLES {
        let mut made = run(sample);
        let kept = samples.join(sample.folder);
        if env::var_os("UPDATE_SAMPLES").is_some() {
            if kept.exists() {
                fs::remove_dir_all(&kept).unwrap();
            }
            for (name, text) in &made {
                let path = kept.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            continue;
        }
        let mut expected = files(&kept);
        if sample.folder == NODE && expected[Path::new(VERSION)] != made[Path::new(VERSION)] {
            (made, expected) = (verdicts(&made), verdicts(&expected));
        }
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&made), names(&expected), "{}: {UPDATE}", sample.folder);
        for (name, text) in &made {
            let path = kept.join(name);
            assert!(*text == expected[name], "{} has changed; {UPDATE}\n{text}", path.display());
        }
    }
}

const UPDATE: &str = "write the samples anew with UPDATE_SAMPLES=1 cargo test -p crashworthy-harness --test it -- samples";

/// What a run writes and shows, without what no two runs have in common.
fn run(sample: &Sample) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let mut words = vec!["certify", "--out", &out];
    for scenario in SCENARIOS {
        // Each trial takes a good part of a second there, and this is most of them.
        let is_slow = sample.folder == NODE && *scenario == IO_ERRORS;
        words.extend(["--scenario", if is_slow { FEWER_IO_ERRORS } else { scenario }]);
    }
    words.extend(sample.subject);
    let run = command::run(&program::source(".."), &words);
    assert!([0, 1].contains(&run.exit_code), "{}{}", run.stdout, run.stderr);
    let mut files = files(folder.path());
    files.insert(PAGE.into(), without_number(&run.stdout, "in ", " s"));
    let place = format!("reports/samples/{}", sample.folder);
    for text in files.values_mut() {
        *text = text.replace(&out, &place);
    }
    if sample.folder == NODE {
        let version = Command::new("node").arg("--version").output().expect("node");
        files.insert(VERSION.into(), String::from_utf8(version.stdout).unwrap());
    }
    files
}

/// The text files below `folder`, by their paths.
fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(&below).expect("reports/samples; write it with UPDATE_SAMPLES=1")
        {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_symlink() || extension.is_some_and(|end| STREAMS.contains(&end)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let text = match extension {
                    Some("json") => timeless(&text),
                    Some("xml") => without_number(&text, "time=\"", "\""),
                    _ => without_number(&text, "in ", " s"),
                };
                found.insert(name, text);
            }
        }
    }
    found
}

/// A JSON file without times, and with the interpreter's name in place of where it is.
fn timeless(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    without_times(&mut value);
    if let Some(program) = value.pointer_mut("/command/0")
        && let Some(name) = program.as_str().and_then(|path| path.rsplit('/').next())
    {
        *program = Value::from(name);
    }
    serde_json::to_string_pretty(&value).unwrap() + "\n"
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if TIMES.contains(&name.as_str()) {
                    *value = Value::from(0);
                } else {
                    without_times(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// A text without the numbers between these two.
fn without_number(text: &str, before: &str, after: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let is_number = rest.len() < part.len() && rest.starts_with(after);
        out += before;
        out += if is_number { "0" } else { "" };
        out += if is_number { rest } else { part };
    }
    out
}

/// The verdicts alone.
fn verdicts(files: &Files) -> Files {
    let certificate: Value = serde_json::from_str(&files[Path::new(CERTIFICATE)]).unwrap();
    let rows = certificate["guarantees"].as_array().unwrap();
    let line = |row: &Value| format!("{} {}\n", row["id"], row["verdict"]);
    Files::from([("verdicts".into(), rows.iter().map(line).collect())])
}
