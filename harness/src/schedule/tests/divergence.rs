//! Subjects that do something else from run to run: explorers come to an end, and claim nothing.

use proptest::{prelude::*, sample::Index};

use super::toy::{Call, Program, program};
use crate::schedule::{DepthFirst, Dpor, Explorer, Run};

/// Enough for all that these programs can be made to do.
const RUNS_MAX: usize = 100_000;

/// Explores a subject that follows one program after the other, and is reported wrongly now and then.
fn explore(programs: &[Program], faults: &[Option<(Index, bool)>], explorer: &mut impl Explorer) {
    for i in 0..RUNS_MAX {
        let mut run = programs[i % programs.len()].run(explorer).run;
        let fault = faults.get(i % faults.len().max(1)).copied().flatten();
        if let Some((at, cuts)) = fault.filter(|_| !run.steps.is_empty()) {
            spoil(&mut run, at, cuts);
        }
        if !explorer.learn(&run) {
            return;
        }
    }
    panic!("the explorer does not come to an end");
}

fn spoil(run: &mut Run, at: Index, cuts: bool) {
    let at = at.index(run.steps.len());
    if cuts {
        run.steps.truncate(at);
    } else {
        run.steps[at].actor = run.steps[0].actor;
    }
}

proptest! {
    #[test]
    fn every_explorer_comes_to_an_end(
        programs in proptest::collection::vec(program(200), 1..4),
        faults in proptest::collection::vec(any::<Option<(Index, bool)>>(), 0..4),
    ) {
        explore(&programs, &faults, &mut DepthFirst::exhaustive());
        explore(&programs, &faults, &mut DepthFirst::preempting(2));
        explore(&programs, &faults, &mut Dpor::new());
    }
}

#[test]
fn a_subject_that_cannot_be_led_again_is_not_explored_completely() {
    let long = Program::new([&[Call::Write(0); 3], &[Call::Write(0); 3]]);
    let short = Program::new([&[Call::Write(0)], &[Call::Write(0)]]);
    let programs = [long, short];
    let mut dpor = Dpor::new();
    explore(&programs, &[], &mut dpor);
    assert!(dpor.has_diverged() && !dpor.is_complete());
    let mut depth_first = DepthFirst::exhaustive();
    explore(&programs, &[], &mut depth_first);
    assert!(depth_first.has_diverged() && !depth_first.is_complete());
}

#[test]
fn a_subject_that_touches_something_else_is_explored_but_not_completely() {
    let programs =
        [0, 1].map(|r| Program::new([&[Call::Read(r), Call::Write(2)], &[Call::Write(2); 2]]));
    let mut explorer = Dpor::new();
    explore(&programs, &[], &mut explorer);
    assert!(explorer.has_diverged() && !explorer.is_complete());
    assert_eq!(explorer.bound(), "3 orders that differ in more than independent calls");
}

#[test]
fn a_run_that_ends_where_it_was_to_leave_the_last_one_is_missed() {
    fn second_run_is_cut(mut explorer: impl Explorer) {
        let program = Program::new([&[Call::Write(0)], &[Call::Write(0)]]);
        let run = program.run(&mut explorer).run;
        assert!(explorer.learn(&run));
        assert!(!explorer.learn(&Run::default()));
        assert!(!explorer.is_complete());
    }
    second_run_is_cut(Dpor::new());
    second_run_is_cut(DepthFirst::exhaustive());
    second_run_is_cut(DepthFirst::preempting(0));
}
