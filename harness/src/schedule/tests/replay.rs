//! A schedule leads to the run that it was taken from, or says that it did not.

use proptest::prelude::*;

use super::toy::{Call, Program, program};
use crate::schedule::{Explorer, Random, Replay, Schedule};

proptest! {
    #[test]
    fn the_schedule_of_a_run_leads_to_the_same_run(program in program(u64::MAX), seed: u64) {
        let ran = program.run(&mut Random::new(seed, 1));
        let mut replay = Replay::new(&ran.schedule());
        let again = program.run(&mut replay);
        prop_assert!(!replay.learn(&again.run));
        prop_assert!(replay.was_followed());
        prop_assert_eq!(ran.schedule(), again.schedule());
        prop_assert_eq!(ran.outcome, again.outcome);
    }

    #[test]
    fn any_schedule_leads_to_a_run(program in program(u64::MAX), steps in proptest::collection::vec(0..5_usize, 0..30)) {
        let schedule = Schedule::of_steps(steps);
        let mut replay = Replay::new(&schedule);
        let ran = program.run(&mut replay);
        prop_assert!(!replay.learn(&ran.run));
        let made: Vec<_> = ran.schedule().steps().take(schedule.len()).collect();
        prop_assert_eq!(replay.was_followed(), made == schedule.steps().collect::<Vec<_>>());
    }
}

#[test]
fn what_a_schedule_does_not_say_goes_on_by_default() {
    let program = Program::new([&[Call::Read(0); 3], &[Call::Write(0); 3]]);
    let replayed = |steps: &[usize]| {
        let mut replay = Replay::new(&Schedule::of_steps(steps.iter().copied()));
        let run = program.run(&mut replay).run;
        replay.learn(&run);
        (run.schedule().steps().collect::<Vec<_>>(), replay.was_followed())
    };
    assert_eq!(replayed(&[]), (vec![0, 0, 0, 1, 1, 1], true));
    assert_eq!(replayed(&[0, 1]), (vec![0, 1, 1, 1, 0, 0], true));
    assert_eq!(replayed(&[1, 1, 1, 1, 0, 1]), (vec![1, 1, 1, 0, 0, 0], false));
    assert_eq!(replayed(&[0, 0, 0, 1, 1, 1, 1]), (vec![0, 0, 0, 1, 1, 1], false));
}

#[test]
fn a_replay_is_not_followed_before_it_is_over() {
    assert!(!Replay::new(&Schedule::default()).was_followed());
}
