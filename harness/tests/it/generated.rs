//! Generated workloads: one that refutes a guarantee shrinks to what the flaw needs, and is a scenario from
//! then on.

use crashworthy::{Guarantee, Operation};
use crashworthy_harness::{scenario, subject::Subject};

use crate::campaign::{self, Campaign};

pub(crate) const TESTS: &[crate::Test] =
    &[("generated::a_flaw_that_no_scenario_shows_is_found_and_shrunk", found_and_shrunk)];

/// A canary that only a generated workload convicts.
const CANARY: &str = "canary:in_place_at_top";

fn found_and_shrunk() {
    let subject = || Subject::of_this_executable(CANARY).unwrap();
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| scenario.judges.contains(&Guarantee::KillAtomicWrite));
    let outcome = campaign::run(&Campaign { generate: true, scenarios, ..campaign::of(subject()) });
    let [kept] = &outcome.regressions[..] else {
        panic!("one workload is kept, not {:?}", outcome.regressions);
    };
    assert_eq!(kept.judges, [Guarantee::KillAtomicWrite]);
    let [write] = kept.workload() else { panic!("one operation is enough: {kept:?}") };
    assert_eq!((write.operation(), write.path()), (Operation::WriteFile, "a.bin"));

    let text = scenario::to_toml(kept);
    let read_back = scenario::load::from_str("kept.toml", &text).unwrap();
    let again = Campaign { scenarios: vec![read_back.into()], ..campaign::of(subject()) };
    let outcome = campaign::run(&again);
    let refuted: Vec<_> = outcome.cases.iter().map(|case| case.guarantee).collect();
    assert_eq!(refuted, [Guarantee::KillAtomicWrite], "the file shows the flaw by itself");
}
