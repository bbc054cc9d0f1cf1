//! A schedule becomes simpler for as long as it still shows what it is to show.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::toy::{Call, Outcome, Program, program};
use crate::schedule::{Actor, Random, Reduction, Replay, Schedule, Turn};

fn outcome(program: &Program, schedule: &Schedule) -> Outcome {
    program.run(&mut Replay::new(schedule)).outcome
}

fn reduced(schedule: Schedule, mut shows: impl FnMut(&Schedule) -> bool) -> Schedule {
    let mut reduction = Reduction::new(schedule, usize::MAX);
    while let Some(proposal) = reduction.next() {
        if shows(&proposal) {
            reduction.keep(proposal);
        }
    }
    reduction.best().clone()
}

fn turns<const N: usize>(turns: [(Actor, usize, bool); N]) -> Schedule {
    let turns = turns.map(|(actor, steps, killed)| Turn { actor, steps, killed, keep: None });
    Schedule { turns: turns.to_vec() }
}

#[test]
fn what_one_preemption_shows_needs_no_more() {
    // The reader sees the first write and not the second one.
    let program = Program::new([
        &[Call::Read(1), Call::Write(0), Call::Read(1), Call::Write(0), Call::Read(1)][..],
        &[Call::Read(1), Call::Read(2), Call::Read(0), Call::Read(1)],
        &[Call::Read(1), Call::Read(2)],
    ]);
    let schedule = Schedule::of_steps([2, 0, 1, 0, 1, 0, 1, 2, 1, 0, 0]);
    let wanted = outcome(&program, &schedule);
    let best = reduced(schedule, |proposal| outcome(&program, proposal) == wanted);
    assert_eq!(best, turns([(0, 2, false), (1, 1, false)]));
}

#[test]
fn what_needs_no_order_needs_no_turn() {
    let schedule = Schedule::of_steps([0, 1, 2, 0, 1, 2]);
    assert_eq!(reduced(schedule, |_| true), Schedule::default());
}

#[test]
fn whoever_is_killed_is_killed_after_as_many_steps() {
    let schedule =
        turns([(1, 2, false), (0, 3, false), (1, 2, true), (0, 1, false), (2, 4, false)]);
    let best = reduced(schedule, |proposal| {
        let steps: usize =
            proposal.turns.iter().filter(|turn| turn.actor == 1).map(|turn| turn.steps).sum();
        assert_eq!((steps, proposal.is_killing()), (4, true), "{proposal:?}");
        true
    });
    assert_eq!(best, turns([(1, 4, true)]));
}

#[test]
fn what_is_not_simpler_is_not_kept() {
    let simple = Schedule::of_steps([0, 1]);
    let mut reduction = Reduction::new(simple.clone(), 10);
    reduction.keep(Schedule::of_steps([0, 1, 0]));
    assert_eq!(*reduction.best(), simple);
}

#[test]
fn so_many_are_proposed_at_most() {
    let schedule = Schedule::of_steps([0, 1, 0, 1, 0, 1]);
    assert_eq!(Reduction::new(schedule.clone(), 5).count(), 5);
    assert_eq!(Reduction::new(schedule, 0).count(), 0);
}

proptest! {
    #[test]
    fn every_proposal_is_simpler_and_comes_once(program in program(u64::MAX), seed: u64) {
        let ran = program.run(&mut Random::new(seed, 1));
        let mut reduction = Reduction::new(ran.schedule(), usize::MAX);
        let mut proposed = BTreeMap::new();
        while let Some(proposal) = reduction.next() {
            prop_assert!(proposal < *reduction.best());
            prop_assert!(proposal.turns.windows(2).all(|pair| pair[0].actor != pair[1].actor));
            let shows = outcome(&program, &proposal) == ran.outcome;
            prop_assert_eq!(proposed.insert(proposal.clone(), shows), None);
            if shows {
                reduction.keep(proposal);
            }
        }
        let best = reduction.best();
        prop_assert_eq!(outcome(&program, best), ran.outcome);
        // Nothing simpler was seen to do.
        prop_assert!(proposed.iter().filter(|(_, shows)| **shows).all(|(other, _)| best <= other));
    }
}
