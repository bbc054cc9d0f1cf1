//! `crashworthy bench` against real processes, with hardly any time: what it prints is all there, and what goes wrong
//! is said.

use std::{
    fs,
    process::{Command, Output},
};

use crashworthy_harness::throughput::{Cell, Comparison, Measured, Work};

use crate::program;

pub(crate) const TESTS: &[crate::Test] = &[
    ("bench::a_built_in_and_a_program_side_by_side", a_built_in_and_a_program_side_by_side),
    ("bench::what_takes_long_costs_much", what_takes_long_costs_much),
    ("bench::what_cannot_be_measured_is_said", what_cannot_be_measured_is_said),
    ("bench::certificates_are_of_those_with_the_same_options", certificates_are_of_the_same),
    ("bench::who_changed_since_the_certificate_is_told", changed_since),
    ("bench::bad_input_is_the_users_to_mend", bad_input_is_the_users_to_mend),
];

/// Three rounds are made however little time there is.
const ROUNDS_MIN: usize = 3;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crashworthy"))
        .arg("bench")
        .args(["--time", "1ms"])
        .args(arguments)
        .output()
        .expect("the command was built with this test")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn a_built_in_and_a_program_side_by_side() {
    let python = program::python().to_string_lossy();
    let file = program::source("adapters/python/hardened_backend.py");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bench.json");
    let done = bench(&[
        "fs,durability=none",
        "--out",
        out.to_str().unwrap(),
        "--",
        &python,
        "-B",
        file.to_str().unwrap(),
    ]);
    assert_eq!(done.status.code(), Some(0), "{}{}", text(&done.stdout), text(&done.stderr));
    let shown = text(&done.stdout);
    for word in ["What is kept", "What it costs", "not certified", "overwrite", "64 KiB"] {
        assert!(shown.contains(word), "{word:?} is not in {shown}");
    }
    let comparison: Comparison = serde_json::from_slice(&fs::read(out).unwrap()).unwrap();
    assert_eq!(comparison.subjects.len(), 2);
    assert_eq!(comparison.subjects[0].options, serde_json::json!({"durability": "none"}));
    for subject in &comparison.subjects {
        let cells: Vec<Cell> = subject.costs.iter().map(|cost| cost.cell).collect();
        assert_eq!(cells, Cell::all().collect::<Vec<_>>());
        for cost in &subject.costs {
            let (Measured::Cost { timed_nanos, protocol_nanos, .. }
            | Measured::BelowProtocol { timed_nanos, protocol_nanos, .. }) = &cost.measured
            else {
                panic!("{}: {cost:?}", subject.label);
            };
            assert!(timed_nanos.n >= ROUNDS_MIN && timed_nanos.low > 0.0, "{cost:?}");
            assert!(protocol_nanos.median > 0.0, "{cost:?}");
        }
    }
}

/// Opened with other options, the same backend keeps other guarantees.
fn certificates_are_of_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().to_str().unwrap();
    let options = r#"{"durability":"none"}"#;
    let only = ["--guarantee", "power-durable-ack", "--scenario", "power-overwrite"];
    let certified = Command::new(env!("CARGO_BIN_EXE_crashworthy"))
        .args(["certify", "fs", "--options", options, "--out", run])
        .args(only)
        .output()
        .unwrap();
    let shown = text(&certified.stdout);
    assert!(shown.contains(options), "{}{shown}", text(&certified.stderr));

    let done = bench(&["fs", "fs,durability=none", "--certificate", run, "--format", "json"]);
    let comparison: Comparison = serde_json::from_slice(&done.stdout).expect("it has measured");
    let [plain, without_syncs] = comparison.subjects.as_slice() else {
        panic!("two were asked for")
    };
    assert_ne!(plain.certificate, without_syncs.certificate);
    assert!(without_syncs.standing.iter().any(|group| group.refuted > 0), "{without_syncs:?}");
    assert!(without_syncs.certified_at.is_some() && without_syncs.changed_since.is_empty());

    let done = bench(&["fs", "--certificate", run]);
    let said = text(&done.stderr);
    assert!(done.status.code() == Some(2) && said.contains("durability"), "{said}");
}

/// A certificate is of the program as it was: who changed it since is told.
fn changed_since() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let python = program::python().to_string_lossy();
    fs::write(at.join("mine.py"), SLOW).unwrap();
    let command = ["--", &python, "mine.py", "0"];
    let run = |arguments: &[&str]| program::crashworthy(at, &[arguments, &command].concat());
    let only = ["--guarantee", "read-your-write", "--scenario", "read-your-write"];
    run(&[&["certify"], &only[..]].concat());
    let bench = ["bench", "--time", "1ms", "--directory", "."];
    let told = text(&run(&bench).stdout);
    assert!(told.contains("certificate.json, of 2") && !told.contains("CHANGED SINCE"), "{told}");
    fs::write(at.join("mine.py"), format!("{SLOW}\n# Another program.\n")).unwrap();
    let told = text(&run(&bench).stdout);
    assert!(told.contains("CHANGED SINCE  mine.py is newer than"), "{told}");
    assert!(told.contains("certify again"), "{told}");
}

/// A subject that sleeps in every write that it does not refuse, for so many seconds.
const SLOW: &str = r#"
import json, sys, time
stored = {}
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"], "ok": None}
    if request["op"] == "hello":
        answer["ok"] = {"protocol": 1, "name": "slow"}
    elif request.get("path") == "":
        answer = {"id": request["id"], "error": {"kind": "InvalidPath", "message": "empty"}}
    elif request["op"] == "writeFile":
        time.sleep(float(sys.argv[1]))
        stored[request["path"]] = request["data"]
    elif request["op"] == "readFile":
        answer["ok"] = stored[request["path"]]
    elif request["op"] == "deleteFile":
        del stored[request["path"]]
    print(json.dumps(answer), flush=True)
"#;

/// A busy machine makes everything take longer, and nothing shorter; what it does to the operations that are refused,
/// it does not do in every cell.
fn what_takes_long_costs_much() {
    const SLEPT_NANOS: f64 = 20e6;
    let python = program::python().to_string_lossy();
    let slept = (SLEPT_NANOS / 1e9).to_string();
    let done = bench(&["--format", "json", "--", &python, "-c", SLOW, &slept]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let comparison: Comparison = serde_json::from_slice(&done.stdout).unwrap();
    let [slow] = &comparison.subjects[..] else { panic!("it is alone: {comparison:?}") };
    let is_write = |cell: Cell| [Work::Write, Work::Overwrite].contains(&cell.work);
    let mut costly = 0;
    for cost in slow.costs.iter().filter(|cost| is_write(cost.cell)) {
        let timed = match &cost.measured {
            Measured::Cost { nanos, timed_nanos, .. } => {
                costly += usize::from(nanos.median > SLEPT_NANOS / 2.0);
                timed_nanos
            }
            Measured::BelowProtocol { timed_nanos, .. } => timed_nanos,
            Measured::NotMeasured { reason } => panic!("{reason}"),
        };
        assert!(timed.low >= SLEPT_NANOS, "{cost:?}");
    }
    assert!(costly > 0, "no write costs what it sleeps: {slow:?}");
}

/// A subject whose first delete fails, and one that dies at it.
const FAILING: &str = r#"
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    answer = {"id": request["id"], "ok": None}
    if request["op"] == "hello":
        answer["ok"] = {"protocol": 1, "name": "failing"}
    elif request.get("path") == "":
        answer = {"id": request["id"], "error": {"kind": "InvalidPath", "message": "empty"}}
    elif request["op"] == "deleteFile":
        if sys.argv[1] == "dies":
            os._exit(9)
        answer = {"id": request["id"], "error": {"kind": "Io", "message": "no deletes on a Friday"}}
    print(json.dumps(answer), flush=True)
"#;

fn what_cannot_be_measured_is_said() {
    let python = program::python().to_string_lossy();
    for (how, said) in [("fails", "no deletes on a Friday"), ("dies", "exited with code 9")] {
        let done = bench(&["--format", "json", "--", &python, "-c", FAILING, how]);
        assert_eq!(done.status.code(), Some(3), "{}{}", text(&done.stdout), text(&done.stderr));
        let comparison: Comparison = serde_json::from_slice(&done.stdout).unwrap();
        for cost in &comparison.subjects[0].costs {
            let Measured::NotMeasured { reason } = &cost.measured else {
                panic!("a figure of a subject that {how}: {cost:?}");
            };
            assert!(reason.contains(said), "{reason}");
        }
        let done = bench(&["--", &python, "-c", FAILING, how]);
        let shown = text(&done.stdout);
        assert!(shown.contains("NOT MEASURED") && shown.contains(said), "{shown}");
    }
}

fn bad_input_is_the_users_to_mend() {
    let cases: &[(&[&str], &str)] = &[
        (&["nosuch"], "crashworthy list backends"),
        (&["fs,durability"], "OPTION=VALUE"),
        (&["fs,durability=sometimes"], "the option `durability` is one of"),
        (&["--certificate", "/nonexistent"], "crashworthy certify"),
        (&["--directory", "/nonexistent"], "--directory"),
        (&["--out", "/nonexistent/bench.json"], "--out"),
        (&["--", "cat"], "cannot measure cat"),
        (&["--", "/nonexistent"], "on the PATH"),
    ];
    for (arguments, said) in cases {
        let done = bench(arguments);
        let shown = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {shown}");
        // A terminal's lines are broken where they are full.
        let joined = shown.replace("\n  │ ", " ").replace('\n', " ");
        assert!(joined.contains(said), "{arguments:?}: {joined}");
    }
}
