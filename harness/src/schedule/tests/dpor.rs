//! Partial-order reduction finds what every schedule finds, and runs no two that amount to the same.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::toy::{Call, Outcome, Program, Ran, program};
use crate::schedule::{Actor, DepthFirst, Dpor, Explorer};

/// What distinguishes a run from others that differ in independent steps only: which step was made before which
/// other one that it conflicts with, and how many each actor made.
type Class = (BTreeSet<((Actor, usize), (Actor, usize))>, Vec<usize>);

fn class(ran: &Ran) -> Class {
    let steps = &ran.run.steps;
    let mut counts = vec![0; steps.iter().map(|step| step.actor + 1).max().unwrap_or(0)];
    let numbered: Vec<_> = steps
        .iter()
        .map(|step| {
            counts[step.actor] += 1;
            ((step.actor, counts[step.actor]), &step.touches)
        })
        .collect();
    let mut order = BTreeSet::new();
    for (i, (later, theirs)) in numbered.iter().enumerate() {
        for (earlier, ours) in &numbered[..i] {
            if earlier.0 != later.0 && ours.conflict(theirs) {
                order.insert((*earlier, *later));
            }
        }
    }
    (order, counts)
}

fn classes(all: &[Ran]) -> BTreeSet<Class> {
    all.iter().map(class).collect()
}

fn outcomes(all: &[Ran]) -> BTreeSet<Outcome> {
    all.iter().map(|ran| ran.outcome.clone()).collect()
}

proptest! {
    #[test]
    fn it_runs_one_schedule_of_each_kind(program in program(2000)) {
        let (all, _) = program.explore(&mut DepthFirst::exhaustive());
        let mut explorer = Dpor::new();
        let (some, _) = program.explore(&mut explorer);
        prop_assert!(explorer.is_complete());
        prop_assert_eq!(outcomes(&some), outcomes(&all));
        prop_assert_eq!(classes(&some), classes(&all));
        prop_assert_eq!(some.len(), classes(&all).len(), "some were run twice");
    }
}

#[test]
fn a_conflict_that_is_forgotten_is_noticed() {
    let mut program = Program::new([&[Call::Write(0)], &[Call::Read(0)]]);
    let found = |program: &Program| outcomes(&program.explore(&mut Dpor::new()).0).len();
    assert_eq!(found(&program), 2);
    program.forgets = true;
    assert_eq!(found(&program), 1);
}

#[test]
fn what_a_sleeper_would_have_done_is_looked_for() {
    // The first actor sleeps when it would read what the third one writes, and wakes to read something else.
    let program = Program::new([
        &[Call::Follow(2)][..],
        &[Call::Read(0), Call::Follow(0), Call::Write(2)],
        &[Call::Write(0)],
    ]);
    let (all, _) = program.explore(&mut DepthFirst::exhaustive());
    let (some, _) = program.explore(&mut Dpor::new());
    assert_eq!(classes(&some), classes(&all));
}

#[test]
fn a_deadlock_is_found_and_nothing_is_run_in_vain() {
    let one = [Call::Lock(0), Call::Lock(1), Call::Unlock(1), Call::Unlock(0)];
    let other = [Call::Lock(1), Call::Lock(0), Call::Unlock(0), Call::Unlock(1)];
    for knows_who_waits in [false, true] {
        let mut program = Program::new([&one, &other]);
        program.knows_who_waits = knows_who_waits;
        let (some, _) = program.explore(&mut Dpor::new());
        assert_eq!(some.len(), 3);
        assert_eq!(some.iter().filter(|ran| ran.run.stuck.len() == 2).count(), 1);
    }
}

#[test]
fn the_bound_says_how_far_it_went() {
    let program = Program::new([&[Call::Write(0)], &[Call::Read(0)], &[Call::Read(1)]]);
    let mut explorer = Dpor::new();
    let ran = program.run(&mut explorer);
    assert!(explorer.learn(&ran.run));
    assert_eq!(explorer.bound(), "1 order that differs in more than independent calls");
    assert!(!explorer.is_complete());
    let ran = program.run(&mut explorer);
    assert!(!explorer.learn(&ran.run));
    assert_eq!(explorer.bound(), "every order that differs in more than independent calls");
    assert!(explorer.is_complete());
}
