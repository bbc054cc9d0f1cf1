//! The tracer among the ways in which real programs write: threads, children, other programs, mappings,
//! rings; and without privileges.
//!
//! A subject that writes in place makes two calls a write, open and write: two events, with a kill before and
//! after each and one after the acknowledgement. Were one of them missed, the count would be another.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::Arc};

use crashworthy::Guarantee;
use crashworthy_harness::{
    judge::{GuaranteeResult, Verdict},
    scenario,
};

use crate::{
    campaign::{self, Campaign, Outcome},
    program,
};

pub(crate) const TESTS: &[crate::Test] = &[
    ("tracer::thread", || writes_in_place("thread")),
    ("tracer::child", || writes_in_place("child")),
    ("tracer::spawned_program", spawned_program),
    ("tracer::shared_mapping", shared_mapping),
    ("tracer::ring_is_refused", ring_is_refused),
    ("tracer::named_by_descriptors", named_by_descriptors),
    ("tracer::ring_only", || needs("ring-only", "io_uring")),
    ("tracer::attribute_only", || needs("attribute-only", "setxattrat")),
    ("tracer::unprivileged", unprivileged),
];

/// One overwrite.
const SCENARIO: &str = r#"
schema = 1
name = "overwrite"
title = "A value is replaced"
judges = ["kill-atomic-write", "kill-durable-ack"]
faults = ["kill"]
set-up = [{ write = "a.bin", data = "the old value" }]

[[actors]]
operations = [{ write = "a.bin", data = "the new value" }]
"#;

fn run(mode: &str) -> Outcome {
    let scenario = scenario::load::from_str("overwrite.toml", SCENARIO).unwrap();
    let subject = program::python_subject("tests/it/subjects/traced.py", &[mode]);
    campaign::run(&Campaign { scenarios: vec![Arc::new(scenario)], ..campaign::of(subject) })
}

fn row(outcome: &Outcome) -> &GuaranteeResult {
    campaign::row(&outcome.certificate, Guarantee::KillAtomicWrite)
}

/// Kills in a workload of one operation with this many events.
fn kills(events: usize) -> usize {
    2 * events + 1
}

fn writes_in_place(mode: &str) {
    let outcome = run(mode);
    assert_eq!(row(&outcome).verdict, Verdict::Refuted, "{:?}", row(&outcome).reason);
    assert_eq!(outcome.certificate.totals.kills, kills(2));
    let case = &outcome.cases[0];
    assert_eq!(case.trace.events[0].call, "openat");
    assert_eq!(case.trace.events[0].path, "a.bin");
}

/// The rename happens in a program that a shell starts that the subject starts. Some versions of `mv` ask
/// first for a rename that replaces nothing.
fn spawned_program() {
    let outcome = run("spawn");
    assert_eq!(row(&outcome).verdict, Verdict::Upheld, "{}", campaign::charges(&outcome));
    assert!(outcome.certificate.totals.kills >= kills(3), "{:?}", outcome.certificate.totals);
}

/// What is unlinked and renamed through `/proc/self/fd/N/` is seen to be gone in between.
fn named_by_descriptors() {
    let outcome = run("descriptors");
    assert_eq!(row(&outcome).verdict, Verdict::Refuted, "{:?}", row(&outcome).reason);
    assert!(outcome.cases[0].trace.events.iter().any(|event| event.call.starts_with("unlink")));
}

fn shared_mapping() {
    let outcome = run("mapping");
    let reason = row(&outcome).reason.as_deref().unwrap_or_default();
    assert_eq!(row(&outcome).verdict, Verdict::NotMeasured, "{reason}");
    assert!(reason.contains("shared writing"), "{reason}");
}

fn ring_is_refused() {
    let outcome = run("ring");
    assert_eq!(row(&outcome).verdict, Verdict::Upheld, "{:?}", row(&outcome).reason);
    assert_eq!(outcome.certificate.totals.kills, kills(3));
}

/// One that works only where nobody refuses it a call is not measured, and the reason names the call.
fn needs(mode: &str, refused: &str) {
    let outcome = run(mode);
    let reason = row(&outcome).reason.as_deref().unwrap_or_default();
    assert_eq!(row(&outcome).verdict, Verdict::NotMeasured, "{reason}");
    assert!(reason.contains(refused), "{reason}");
}

/// As root, becomes nobody first; anybody else has no privileges anyway.
fn unprivileged() {
    // A place that nobody can read and write, which neither the build directory nor a home need be.
    let directory = tempfile::Builder::new().prefix("unprivileged-").tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let binary = directory.path().join("crashworthy");
    program::install(Path::new(env!("CARGO_BIN_EXE_crashworthy")), &binary);

    let mut command = if nix::unistd::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary);
        command
    } else {
        Command::new(&binary)
    };
    command.args(["certify", "fs", "--jobs", "1"]);
    for guarantee in ["kill-atomic-write", "kill-orphans-reclaimed", "confined"] {
        command.args(["--guarantee", guarantee]);
    }
    let output = command
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .output()
        .expect("as root, this test needs `setpriv` (util-linux) on the PATH");
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert_eq!(output.status.code(), Some(0), "{}", said.join("\n"));
}
