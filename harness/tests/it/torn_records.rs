//! A part of a record at the end of a log, and who appends the next one.

use crashworthy::Guarantee::{self, CrashIsolated, RecoversAfterFault};
use crashworthy_harness::judge::Verdict;
use serde_json::{Value, json};

use crate::log_backend::verdict;

pub(crate) const TESTS: &[crate::Test] = &[
    ("torn_records::by_a_full_disk", by_a_full_disk),
    ("torn_records::by_a_killed_neighbour", by_a_killed_neighbour),
];

/// The disk has room for a part alone, and the process that learns of it goes on.
fn by_a_full_disk() {
    let sound = json!({});
    let broken = json!({ "fences": "first" });
    told_apart(RecoversAfterFault, "io-errors-during-overwrite", sound, broken);
}

/// A process looks at the end of the log, another one is killed inside its write, and then the first one writes.
fn by_a_killed_neighbour() {
    let sound = json!({ "fences": "all" });
    let broken = json!({});
    told_apart(CrashIsolated, "killed-writer", sound, broken);
}

fn told_apart(guarantee: Guarantee, scenario: &str, sound: Value, broken: Value) {
    let (acquitted, why) = verdict(sound, guarantee, scenario);
    assert_eq!(acquitted, Verdict::Upheld, "{why}");
    let (convicted, why) = verdict(broken, guarantee, scenario);
    assert_eq!(convicted, Verdict::Refuted, "{why}");
}
