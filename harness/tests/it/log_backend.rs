//! `subjects/log_backend.py`, opened in one way or another.

use crashworthy::Guarantee;
use crashworthy_harness::{judge::Verdict, scenario};
use serde_json::Value;

use crate::{
    campaign::{self, Campaign, Outcome},
    program,
};

/// The verdict on `guarantee` in the built-in `scenario`, and why.
pub(crate) fn verdict(options: Value, guarantee: Guarantee, scenario: &str) -> (Verdict, String) {
    let outcome = run(options, guarantee, scenario);
    let row = campaign::row(&outcome.certificate, guarantee);
    (row.verdict, row.reason.clone().or(row.summary.clone()).unwrap_or_default())
}

/// The built-in `scenario`, judged for `guarantee` alone.
pub(crate) fn run(options: Value, guarantee: Guarantee, scenario: &str) -> Outcome {
    run_noting(&[], options, guarantee, scenario)
}

/// The same of one that writes to these files when it starts and when it ends.
pub(crate) fn run_noting(
    files: &[&str],
    options: Value,
    guarantee: Guarantee,
    scenario: &str,
) -> Outcome {
    let mut subject = program::python_subject("tests/it/subjects/log_backend.py", files);
    subject.options = options;
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|it| it.name == scenario);
    campaign::run(&Campaign {
        scenarios,
        only: Some(vec![guarantee]),
        shrink: false,
        ..campaign::of(subject)
    })
}
