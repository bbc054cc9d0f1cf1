//! What happens in `open` is as much under test as what follows it: killed there, and the power lost there.

use crashworthy::Guarantee;
use crashworthy_harness::{judge::Verdict, report::story};
use serde_json::json;

use crate::log_backend::{run, verdict};

pub(crate) const TESTS: &[crate::Test] = &[
    ("opening::killed", killed),
    ("opening::first_of_all", first_of_all),
    ("opening::what_it_creates_is_at_stake", at_stake),
    ("opening::both_power_losses_are_told", both_losses),
];

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

fn first_of_all() {
    let of = |header: &str| {
        let options = json!({ "header": header });
        verdict(options, Guarantee::KillRetryHeals, "crash-during-first-open")
    };
    let (sound, why) = of("whole");
    assert_eq!(sound, Verdict::Upheld, "{why}");
    // It creates its log, is killed inside the first line of it, and never opens again.
    let (torn, why) = of("torn");
    assert_eq!(torn, Verdict::Refuted, "{why}");
}

/// The first tears the log, and the second strikes while it is written anew.
fn both_losses() {
    let options = json!({ "compacts": "dirty" });
    let outcome = run(options, Guarantee::PowerAtomicWrite, "power-overwrite");
    let case = outcome.cases.first().expect("it is refuted");
    let story = story::story(case);
    let at = |what: &str| story.iter().position(|line| line.trim_start().starts_with(what));
    let first = at("--> the power fails here").expect("it does");
    assert!(story[first + 1].trim_start().starts_with("lost: "), "{story:#?}");
    let opens = at("a new process opens the root").expect("one does");
    let second = at("--> the power fails again here").expect("it does");
    assert!(first < opens && opens < second, "{story:#?}");
    assert!(story[opens..second].iter().any(|line| line.contains("ftruncate")), "{story:#?}");
    assert!(story[second + 1].contains("lost"), "{story:#?}");
}
