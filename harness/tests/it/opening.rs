//! What happens in `open` is as much under test as what follows it: killed there, and the power lost there.

use crashworthy::Guarantee;
use crashworthy_harness::judge::Verdict;
use serde_json::json;

use crate::log_backend::verdict;

pub(crate) const TESTS: &[crate::Test] =
    &[("opening::killed", killed), ("opening::what_it_creates_is_at_stake", at_stake)];

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
