//! What happens in `open` is as much under test as what follows it: killed there, and the power lost there.

use crashworthy::Guarantee;
use crashworthy_harness::{judge::Verdict, scenario};
use serde_json::{Value, json};

use crate::{
    campaign::{self, Campaign},
    program,
};

pub(crate) const TESTS: &[crate::Test] = &[
    ("opening::killed", killed),
    ("opening::what_it_creates_is_at_stake", at_stake),
    ("opening::what_a_copy_reads_differently_is_not_measured", unlike),
];

/// The verdict on `guarantee` in `scenario`, of a log opened with these options, and why.
fn verdict(options: Value, guarantee: Guarantee, scenario: &str) -> (Verdict, String) {
    let mut subject = program::python_subject("tests/it/subjects/log_backend.py", &[]);
    subject.options = options;
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|it| it.name == scenario);
    let outcome = campaign::run(&Campaign {
        scenarios,
        only: Some(vec![guarantee]),
        shrink: false,
        ..campaign::of(subject)
    });
    let row = campaign::row(&outcome.certificate, guarantee);
    (row.verdict, row.reason.clone().or(row.summary.clone()).unwrap_or_default())
}

fn killed() {
    let of = |options| verdict(options, Guarantee::KillDurableAck, "recovery");
    let (sound, why) = of(json!({}));
    assert_eq!(sound, Verdict::Upheld, "{why}");
    // Only the first who opens it after the crash has anything to do.
    let (compacts, why) = of(json!({ "compacts": "dirty" }));
    assert_eq!(compacts, Verdict::Refuted, "{why}");
}

fn at_stake() {
    let of = |options| verdict(options, Guarantee::PowerDurableAck, "power-untouched-root");
    let (sound, why) = of(json!({}));
    assert_eq!(sound, Verdict::Upheld, "{why}");
    let (nameless, why) = of(json!({ "names": false }));
    assert_eq!(nameless, Verdict::Refuted, "{why}");
}

fn unlike() {
    let options = json!({ "by_time": true });
    let (by_time, why) = verdict(options, Guarantee::PowerDurableAck, "power-overwrite");
    assert_eq!(by_time, Verdict::NotMeasured, "{why}");
    assert!(why.contains("a copy of what it stored reads differently"), "{why}");
}
