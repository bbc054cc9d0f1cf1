//! Time budgets: what could go on without end shares the time, and the run is whole all the same.

use std::{
    iter::repeat_n,
    sync::Arc,
    time::{Duration, Instant},
};

use crashworthy::Guarantee::LastWriteWins;
use crashworthy_harness::{
    explore::Profile,
    judge::Verdict,
    scenario::{self, Scenario},
    subject::Subject,
};

use crate::campaign::{self, Campaign};

/// It takes days to try one order of each kind where their actors do everything twice.
const SCENARIOS: [&str; 2] = ["three-writers", "writer-and-reader"];
const TIME: Duration = Duration::from_secs(20);
/// How long after its time budget a run may end: some go on to the end of what has to be.
const OVERDUE_MAX: Duration = Duration::from_secs(3);

pub(crate) const TESTS: &[crate::Test] = &[
    ("time_budget::is_shared_by_scenarios_that_have_no_end", is_shared),
    ("time_budget::that_is_too_short_upholds_nothing", too_short),
];

fn is_shared() {
    let begun = Instant::now();
    let outcome = campaign::run(&of(TIME));
    assert!(begun.elapsed() < TIME + OVERDUE_MAX, "it took {:?}", begun.elapsed());
    assert!(!outcome.certificate.interrupted);
    let row = campaign::row(&outcome.certificate, LastWriteWins);
    assert_eq!(row.verdict, Verdict::Upheld, "{:?} {:?}", row.reason, row.summary);
    let coverage = row.coverage.as_ref().expect("it was judged");
    assert!(coverage.timed && !coverage.exhaustive, "{}", row.bound);
    assert_eq!(coverage.scenarios, SCENARIOS);
}

/// Not even what has to be tried is.
fn too_short() {
    let outcome = campaign::run(&of(Duration::from_millis(200)));
    let row = campaign::row(&outcome.certificate, LastWriteWins);
    assert!(outcome.certificate.interrupted);
    assert_eq!(row.verdict, Verdict::NotMeasured, "{}", row.bound);
}

fn of(time: Duration) -> Campaign {
    let all = scenario::builtin::all();
    let scenarios = SCENARIOS.map(|name| {
        let scenario = all.iter().find(|known| known.name == name).expect("it is built in");
        let mut scenario: Scenario = scenario.as_ref().clone();
        for actor in &mut scenario.actors {
            let once = std::mem::take(&mut actor.operations);
            actor.operations = repeat_n(once, 2).flatten().collect();
        }
        Arc::new(scenario)
    });
    let subject = Subject::of_this_executable("fs").expect("this executable has a path");
    Campaign {
        scenarios: scenarios.into(),
        profile: Profile::Nightly,
        jobs: 2,
        time_budget: Some(time),
        // What has to be tried is a hundredth of what may be, which takes a busy machine long enough.
        ..campaign::of(subject.without_fork_server())
    }
}
