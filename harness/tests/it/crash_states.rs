//! What no crash state can show is not measured, for that reason.

use crashworthy::Guarantee::PowerDurableAck;
use crashworthy_harness::judge::Verdict;
use serde_json::{Value, json};

use crate::{
    campaign,
    log_backend::{run_noting, verdict},
};

pub(crate) const TESTS: &[crate::Test] = &[
    ("crash_states::what_a_copy_reads_differently", || {
        assert_unmeasured(json!({ "by_time": true }), "a copy of what it stored reads differently");
    }),
    ("crash_states::names_that_are_no_text", || {
        assert_unmeasured(json!({ "beside": "bytes" }), "names that are not UTF-8");
    }),
    ("crash_states::a_fifo", || assert_unmeasured(json!({ "beside": "fifo" }), "a FIFO")),
    ("crash_states::what_is_kept_outside", kept_outside),
];

fn assert_unmeasured(options: Value, reason: &str) {
    let (found, why) = verdict(options, PowerDurableAck, "power-overwrite");
    assert_eq!(found, Verdict::NotMeasured, "{why}");
    assert!(why.contains(reason), "{why}");
}

fn kept_outside() {
    let folder = tempfile::tempdir().expect("there is room");
    let beside = |path: &str| json!({ "beside": path });
    let file = folder.path().join("journal");
    assert_unmeasured(beside(&file.to_string_lossy()), "outside its root");
    // What it says there, nobody reads later.
    let (sound, why) = verdict(beside("/dev/null"), PowerDurableAck, "power-overwrite");
    assert_eq!(sound, Verdict::Upheld, "{why}");
    // Nor what its runtime keeps there.
    let file = file.to_string_lossy();
    let outcome = run_noting(&[&file], json!({}), PowerDurableAck, "power-untouched-root");
    let row = campaign::row(&outcome.certificate, PowerDurableAck);
    assert_eq!(row.verdict, Verdict::Upheld, "{:?}", row.reason);
}
