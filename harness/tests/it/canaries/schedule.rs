//! The schedules that convict canaries: as short as can be, and the same thing happens in them every time.

use crashworthy_harness::{
    explore::{Replayed, replay},
    fault::Strike,
    judge::Case,
    report::story::story,
    subject::{Limits, Subject},
};

use super::{Canary, TABLE, convict};
use crate::campaign::{self, Outcome};

/// How often one schedule is run to see that nothing in it is left to chance.
const RUNS: usize = 100;

/// Checks the number of turns of the counterexample against what the canary breaks, and runs it again.
pub(super) fn replay_shortest(canary: &Canary, outcome: &Outcome, turns: usize) {
    let case = outcome.cases.iter().find(|case| case.guarantee == canary.refuted);
    let case = case.expect("it is refuted");
    let Strike::Schedule(interleaving) = &case.evidence.strike else {
        panic!("it is refuted by {:?}", case.evidence.strike);
    };
    let made = &interleaving.schedule.turns;
    assert_eq!(made.len(), turns, "{made:?}\n{}", campaign::charges(outcome));
    assert_eq!(story(&run_again(canary, case)), story(case));
}

/// The one whose temporary files have names that differ from run to run, in two threads of one process: what can vary
/// does.
pub(super) fn is_the_same_a_hundred_times() {
    let canary = TABLE.iter().find(|canary| canary.name.ends_with("temp_per_process")).unwrap();
    let outcome = convict(canary);
    let case = outcome.cases.iter().find(|case| case.guarantee == canary.refuted).unwrap();
    for _ in 0..RUNS {
        let again = run_again(canary, case);
        assert_eq!(story(&again), story(case));
        assert_eq!(again.evidence.history, case.evidence.history);
        assert_eq!(again.evidence.strike, case.evidence.strike);
    }
}

/// Runs a counterexample with processes that are started for it.
fn run_again(canary: &Canary, case: &Case) -> Case {
    let subject = Subject::of_this_executable(canary.name).unwrap();
    let evidence = &case.evidence;
    let scenario = evidence.scenario.as_ref().clone();
    match replay(&subject, Limits::default(), scenario, &evidence.strike, case.guarantee) {
        Replayed::Reproduced(again) => *again,
        other => panic!("{other:?}:\n{}", story(case).join("\n")),
    }
}
