//! Random priorities are a function of their seed, and make long turns.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::toy::{Call, Program, Ran, program};
use crate::schedule::{Explorer, Pct, Random, Schedule};

fn schedules(program: &Program, mut explorer: impl Explorer) -> Vec<Schedule> {
    program.explore(&mut explorer).0.iter().map(Ran::schedule).collect()
}

fn two(steps: usize) -> Program {
    let calls = vec![Call::Read(0); steps];
    Program::new([&calls, &calls])
}

#[test]
fn a_seed_gives_the_same_schedules_again_and_another_one_others() {
    let some = |seed| schedules(&two(5), Pct::new(seed, 3, 50));
    assert_eq!(some(1).len(), 50);
    assert_eq!(some(1), some(1));
    assert_ne!(some(1), some(2));
}

#[test]
fn without_changes_an_actor_goes_to_its_end() {
    let found: BTreeSet<_> = schedules(&two(5), Pct::new(0, 1, 50)).into_iter().collect();
    let turns = [[0; 5], [1; 5]];
    assert_eq!(
        found,
        [turns.concat(), [turns[1], turns[0]].concat()].map(Schedule::of_steps).into()
    );
}

#[test]
fn it_comes_by_long_turns_that_a_random_walk_misses() {
    let wanted = Schedule::of_steps([vec![0; 7], vec![1; 12], vec![0; 5]].concat());
    let program = two(12);
    assert!(schedules(&program, Pct::new(0, 2, 300)).contains(&wanted));
    assert!(!schedules(&program, Random::new(0, 300)).contains(&wanted));
}

#[test]
fn every_place_for_a_change_is_drawn() {
    let found: BTreeSet<_> = schedules(&two(4), Pct::new(0, 2, 300)).into_iter().collect();
    for (one, other) in [(0, 1), (1, 0)] {
        for at in 1..4 {
            let steps = [vec![one; at], vec![other; 4], vec![one; 4 - at]].concat();
            assert!(found.contains(&Schedule::of_steps(steps)), "{one} at {at}");
        }
    }
}

proptest! {
    #[test]
    fn there_are_few_preemptions(program in program(u64::MAX), seed: u64, depth in 0..5_usize) {
        let mut explorer = Pct::new(seed, depth, 20);
        let (all, abandoned) = program.explore(&mut explorer);
        prop_assert_eq!((all.len(), abandoned), (20, 0));
        for ran in &all {
            // Whoever need not wait any longer may preempt as well.
            let waits = program.actors.iter().flatten().filter(|action| {
                matches!(action.call, Call::Lock(_) | Call::LockShared(_) | Call::Await(_))
            });
            prop_assert!(ran.preemptions < depth.max(1) + waits.count());
        }
    }
}

#[test]
fn the_bound_says_how_far_it_went() {
    let mut explorer = Pct::new(0, 3, 40);
    assert_eq!(explorer.bound(), "0 random orders with 2 changes of priority");
    two(2).explore(&mut explorer);
    assert_eq!(explorer.bound(), "40 random orders with 2 changes of priority");
    assert!(!explorer.is_complete());
}
