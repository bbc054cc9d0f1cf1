//! Calls of other threads that an operation does not wait for: the system may make them as late as it likes.

use std::ffi::OsString;

use crashworthy::Guarantee::{self, PowerAtomicWrite, PowerDurableAck};
use crashworthy_harness::{judge::Verdict, scenario, subject::Subject};

use crate::{
    campaign::{self, Campaign, Outcome},
    program,
};

pub(crate) const TESTS: &[crate::Test] = &[
    ("unawaited::nothing", nothing),
    ("unawaited::sync", || forgotten("sync", PowerAtomicWrite)),
    ("unawaited::rename", || forgotten("rename", PowerDurableAck)),
    ("unawaited::sync_of_the_directory", || forgotten("directory", PowerDurableAck)),
];

const SCENARIO: &str = "power-overwrite";

fn run(step: Option<&str>) -> Outcome {
    let file = program::source("tests/it/subjects/unawaited.mjs").into_os_string();
    let words: Vec<OsString> = [file].into_iter().chain(step.map(OsString::from)).collect();
    let subject = Subject::command(&"node".into(), &words).unwrap();
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| scenario.name == SCENARIO);
    campaign::run(&Campaign {
        scenarios,
        only: Some(vec![PowerAtomicWrite, PowerDurableAck]),
        shrink: false,
        ..campaign::of(subject)
    })
}

fn nothing() {
    let outcome = run(None);
    for guarantee in [PowerAtomicWrite, PowerDurableAck] {
        let row = campaign::row(&outcome.certificate, guarantee);
        assert_eq!(row.verdict, Verdict::Upheld, "{:?} {:?}", row.reason, row.summary);
    }
}

/// Nobody holds back what the set-up did not wait for, so that a replay may meet it elsewhere: it is not asked here.
fn forgotten(step: &str, guarantee: Guarantee) {
    let outcome = run(Some(step));
    let row = campaign::row(&outcome.certificate, guarantee);
    assert_eq!(row.verdict, Verdict::Refuted, "{step}: {:?}", row.reason);
}
