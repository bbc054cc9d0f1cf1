//! Calls of other threads that an operation does not wait for: the system may make them as late as it likes.

use std::ffi::OsString;

use crashworthy::Guarantee::{self, PowerAtomicWrite, PowerDurableAck};
use crashworthy_harness::{
    explore::{Replayed, replay},
    fault::Strike,
    judge::Verdict,
    scenario,
    subject::{Limits, Subject},
};

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

fn run(step: Option<&str>) -> (Subject, Outcome) {
    let file = program::source("tests/it/subjects/unawaited.mjs").into_os_string();
    let words: Vec<OsString> = [file].into_iter().chain(step.map(OsString::from)).collect();
    let subject = Subject::command(&"node".into(), &words).unwrap();
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| scenario.name == SCENARIO);
    let outcome = campaign::run(&Campaign {
        scenarios,
        only: Some(vec![PowerAtomicWrite, PowerDurableAck]),
        shrink: false,
        ..campaign::of(subject.clone())
    });
    (subject, outcome)
}

fn nothing() {
    let (_, outcome) = run(None);
    for guarantee in [PowerAtomicWrite, PowerDurableAck] {
        let row = campaign::row(&outcome.certificate, guarantee);
        assert_eq!(row.verdict, Verdict::Upheld, "{:?} {:?}", row.reason, row.summary);
    }
}

/// What is found is found again by its replay, but where the order of a run by itself has shown it: that may have been
/// chance.
fn forgotten(step: &str, guarantee: Guarantee) {
    let (subject, outcome) = run(Some(step));
    let case = outcome.cases.iter().find(|case| case.guarantee == guarantee);
    let case = case.unwrap_or_else(|| panic!("{step}: {guarantee} is not refuted"));
    let strike = &case.evidence.strike;
    if !matches!(strike, Strike::PowerLoss(loss) if loss.late) {
        return;
    }
    let scenario = (*case.evidence.scenario).clone();
    let again = replay(&subject, Limits::default(), scenario, strike, guarantee);
    assert!(matches!(again, Replayed::Reproduced(_)), "{again:?}");
}
