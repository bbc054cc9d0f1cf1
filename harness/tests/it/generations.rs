//! Recovery that stores under another name each time: what lies there then is no left-over for its name.

use crashworthy::Guarantee::{KillAtomicWrite, KillOrphansReclaimed};
use crashworthy_harness::{
    fault::FaultKind,
    judge::Verdict,
    scenario::{self, Scenario},
};

use crate::{
    campaign::{self, Campaign},
    program,
};

pub(crate) const TESTS: &[crate::Test] = &[("generations::are_not_left_overs", are_not_left_overs)];

fn are_not_left_overs() {
    let subject = program::python_subject("tests/it/subjects/generations.py", &[]);
    let all = scenario::builtin::all();
    let recovery = all.iter().find(|scenario| scenario.name == "recovery").expect("it is built in");
    // What recovery stores does not depend on where it is killed in its turn.
    let scenario = Scenario { faults: vec![FaultKind::Kill], ..(**recovery).clone() };
    let outcome = campaign::run(&Campaign {
        scenarios: vec![scenario.into()],
        only: Some(vec![KillOrphansReclaimed, KillAtomicWrite]),
        shrink: false,
        ..campaign::of(subject)
    });
    let row = |guarantee| campaign::row(&outcome.certificate, guarantee);
    let reclaimed = row(KillOrphansReclaimed);
    assert_eq!(reclaimed.verdict, Verdict::NotMeasured, "{}", campaign::charges(&outcome));
    let reason = reclaimed.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("each recovery stores files of other names"), "{reason}");
    assert_eq!(row(KillAtomicWrite).verdict, Verdict::Upheld, "{}", campaign::charges(&outcome));
}
