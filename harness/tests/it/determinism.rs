//! The same seed gives the same certificate, byte for byte but for the wall time, however many threads
//! share the work.

use crashworthy_harness::subject::Subject;

use crate::campaign::{self, Campaign};

pub(crate) const TESTS: &[crate::Test] = &[
    ("determinism::fs", || twice("fs")),
    ("determinism::fs_documented", || twice("fs:documented")),
];

fn twice(backend: &str) {
    assert_eq!(certificate(backend, 1), certificate(backend, 2), "with one job and with two");
}

fn certificate(backend: &str, jobs: usize) -> String {
    let subject = Subject::of_this_executable(backend).unwrap();
    let outcome = campaign::run(&Campaign {
        jobs,
        generate: true,
        scenarios: campaign::quick_scenarios(),
        ..campaign::of(subject)
    });
    let mut certificate = outcome.certificate;
    certificate.totals.wall_seconds = 0.0;
    serde_json::to_string_pretty(&certificate).unwrap()
}
