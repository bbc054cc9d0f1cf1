//! Subjects that behave badly when they find what a power loss has left, or that remember what was before it: a
//! finding with what they said, or no verdict with the reason; and never another verdict than fresh processes
//! would have brought about.

use std::{sync::Arc, time::Duration};

use crashworthy::Guarantee::{
    self, FsyncFailureHonest, PowerAtomicWrite, PowerDurableAck, PowerRetryHeals,
};
use crashworthy_harness::{
    judge::{GuaranteeResult, Verdict},
    scenario,
    subject::Limits,
};

use crate::{
    campaign::{self, Campaign, Outcome},
    program,
};

/// Long enough for an interpreter to start on a busy machine, since tests run side by side.
const OPERATION_TIME_MAX: Duration = Duration::from_secs(2);

pub(crate) const TESTS: &[crate::Test] = &[
    ("hostile_power::refuses_to_open", refuses_to_open),
    ("hostile_power::dies_when_it_opens", dies_when_it_opens),
    ("hostile_power::hangs_in_recovery", hangs_in_recovery),
    ("hostile_power::slow", slow),
    ("hostile_power::remembers_what_it_wrote", || remembers("remembers-writes")),
    ("hostile_power::remembers_what_it_read", || remembers("remembers-reads")),
    ("hostile_power::remembers_after_a_failed_sync", remembers_after_a_failed_sync),
];

/// One overwrite, so short that nothing can be left out of it.
const LOSS: &str = r#"
schema = 1
name = "overwrite"
title = "The power fails while a value is replaced"
judges = ["power-atomic-write", "power-durable-ack", "power-retry-heals"]
faults = ["power-loss"]
set-up = [{ write = "a.bin", data = "a" }]

[[actors]]
operations = [{ write = "a.bin", data = "b" }]
"#;

const FAILED_SYNC: &str = r#"
schema = 1
name = "failed-sync"
title = "A sync fails while a value is replaced"
judges = ["fsync-failure-honest"]
faults = ["failed-sync"]
set-up = [{ write = "a.bin", data = "a" }]

[[actors]]
operations = [{ write = "a.bin", data = "b" }]
"#;

/// More to read in each crash state.
const MANY: &str = r#"set-up = [
  { write = "b.bin", data = "b" },
  { write = "c.bin", data = "c" },
  { write = "d.bin", data = "d" },
  "#;

fn run(scenario: &str, arguments: &[&str]) -> Outcome {
    let scenario = scenario::load::from_str("scenario.toml", scenario).unwrap();
    let subject = program::python_subject("tests/it/subjects/crashed.py", arguments);
    let limits = Limits { operation: OPERATION_TIME_MAX, ..Limits::default() };
    campaign::run(&Campaign {
        scenarios: vec![Arc::new(scenario)],
        limits,
        shrink: false,
        ..campaign::of(subject)
    })
}

fn row(outcome: &Outcome, guarantee: Guarantee) -> &GuaranteeResult {
    campaign::row(&outcome.certificate, guarantee)
}

fn assert_refuted(outcome: &Outcome, guarantee: Guarantee, reasons: &[&str]) {
    let row = row(outcome, guarantee);
    assert_eq!(row.verdict, Verdict::Refuted, "{guarantee}: {:?}", row.reason);
    let summary = row.summary.as_deref().unwrap_or_default();
    for part in reasons {
        assert!(summary.contains(part), "{part:?} is not in the summary {summary:?}");
    }
}

fn refuses_to_open() {
    let outcome = run(LOSS, &["refuses"]);
    let reasons = ["could not open the root", "Corrupt", "call the vendor"];
    assert_refuted(&outcome, PowerAtomicWrite, &reasons);
    assert_refuted(&outcome, PowerRetryHeals, &reasons);
    assert_eq!(row(&outcome, PowerDurableAck).verdict, Verdict::Upheld, "nothing is left then");
}

fn dies_when_it_opens() {
    let outcome = run(LOSS, &["dies"]);
    assert_refuted(&outcome, PowerAtomicWrite, &["could not open", "code 5", "no left-over"]);
}

fn hangs_in_recovery() {
    let outcome = run(LOSS, &["hangs"]);
    assert_refuted(&outcome, PowerRetryHeals, &["recover", "within 2s", "the other node"]);
    assert_ne!(row(&outcome, PowerAtomicWrite).verdict, Verdict::Refuted, "reads are right");
}

/// No verdict, because it takes too long; that is no finding.
fn slow() {
    let outcome = run(&LOSS.replace("set-up = [", MANY), &["slow"]);
    for guarantee in [PowerAtomicWrite, PowerDurableAck, PowerRetryHeals] {
        let row = row(&outcome, guarantee);
        let reason = row.reason.as_deref().unwrap_or_default();
        assert_eq!(row.verdict, Verdict::NotMeasured, "{guarantee}: {:?}", row.summary);
        assert!(reason.contains("more than 6s"), "{reason}");
    }
}

/// What it remembers makes it neither better nor worse.
fn remembers(mode: &str) {
    let verdicts = |outcome: &Outcome| {
        [PowerAtomicWrite, PowerDurableAck, PowerRetryHeals].map(|it| row(outcome, it).verdict)
    };
    let sound = run(LOSS, &[mode]);
    assert_eq!(verdicts(&sound), [Verdict::Upheld; 3], "{}", campaign::charges(&sound));
    let unsynced = [run(LOSS, &[mode, "unsynced"]), run(LOSS, &["forgets", "unsynced"])];
    assert_eq!(verdicts(&unsynced[0]), verdicts(&unsynced[1]));
    assert_eq!(row(&unsynced[0], PowerAtomicWrite).verdict, Verdict::Refuted);
}

fn remembers_after_a_failed_sync() {
    let sound = run(FAILED_SYNC, &["remembers-reads"]);
    assert_eq!(row(&sound, FsyncFailureHonest).verdict, Verdict::Upheld);
    let swallowed = run(FAILED_SYNC, &["remembers-reads", "swallowed"]);
    assert_eq!(row(&swallowed, FsyncFailureHonest).verdict, Verdict::Refuted);
}
