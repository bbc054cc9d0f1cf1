//! Depth first: every schedule once, fewest preemptions first.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::toy::{Call, Program, Ran, program};
use crate::schedule::{Actor, Decision, DepthFirst, Explorer, Run, Schedule, estimate};

fn schedules(all: &[Ran]) -> BTreeSet<Schedule> {
    all.iter().map(Ran::schedule).collect()
}

fn writers<const N: usize>(steps: [usize; N]) -> Program {
    let calls = [Call::Write(0); 8];
    Program::new(steps.map(|steps| &calls[..steps]))
}

#[test]
fn there_are_as_many_schedules_as_there_are_orders() {
    for steps in [[1, 1, 1], [2, 2, 0], [5, 5, 0], [3, 3, 3], [4, 1, 2]] {
        let mut explorer = DepthFirst::exhaustive();
        let (all, abandoned) = writers(steps).explore(&mut explorer);
        assert_eq!(all.len() as u64, estimate(steps), "{steps:?}");
        assert_eq!(schedules(&all).len(), all.len(), "{steps:?}");
        assert_eq!(abandoned, 0);
        assert!(explorer.is_complete());
        assert_eq!(explorer.bound(), "every order of their calls");
    }
}

/// Every schedule, by going from step to step without an explorer's memory.
fn brute_force(program: &Program) -> Vec<Ran> {
    /// Follows `steps`, and then tells who could go.
    struct Probe(Vec<Actor>, Vec<Actor>);
    impl Explorer for Probe {
        fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor> {
            let wanted = *self.0.get(decision.step()).unwrap_or(&decision.enabled[0]);
            if decision.step() == self.0.len() && self.1.is_empty() {
                self.1 = decision.enabled.to_vec();
            }
            decision.enabled.contains(&wanted).then_some(wanted)
        }
        fn learn(&mut self, _: &Run) -> bool {
            false
        }
        fn is_complete(&self) -> bool {
            false
        }
        fn bound(&self) -> String {
            String::new()
        }
    }
    let mut all = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(steps) = open.pop() {
        let mut probe = Probe(steps, Vec::new());
        let ran = program.run(&mut probe);
        let Probe(steps, enabled) = probe;
        if !ran
            .run
            .steps
            .iter()
            .map(|step| step.actor)
            .zip(&steps)
            .all(|(made, step)| made == *step)
            || ran.run.steps.len() < steps.len()
        {
            continue;
        }
        if ran.run.steps.len() == steps.len() {
            all.push(ran);
            continue;
        }
        open.extend(enabled.into_iter().map(|actor| [&steps[..], &[actor]].concat()));
    }
    all
}

proptest! {
    #[test]
    fn every_schedule_is_run_once(program in program(300)) {
        let mut explorer = DepthFirst::exhaustive();
        let (all, _) = program.explore(&mut explorer);
        prop_assert_eq!(schedules(&all).len(), all.len());
        prop_assert_eq!(schedules(&all), schedules(&brute_force(&program)));
        prop_assert!(explorer.is_complete());
        prop_assert_eq!(explorer.complete_to(), None);
    }

    #[test]
    fn every_schedule_with_few_preemptions_is_run_once(program in program(300), max in 0..4_usize) {
        let mut explorer = DepthFirst::preempting(max);
        let (all, _) = program.explore(&mut explorer);
        prop_assert!(all.is_sorted_by_key(|ran| ran.preemptions));
        prop_assert_eq!(schedules(&all).len(), all.len());
        let every = brute_force(&program);
        let few: BTreeSet<_> =
            every.iter().filter(|ran| ran.preemptions <= max).map(Ran::schedule).collect();
        // Whoever only seems to preempt, but would have to wait, may pass for an order that was left out.
        let says_all = explorer.bound() == "every order of their calls";
        prop_assert!(!says_all || few.len() == every.len());
        prop_assert!(says_all || !program.knows_who_waits || few.len() < every.len());
        prop_assert_eq!(schedules(&all), few);
        prop_assert!(explorer.is_complete());
    }
}

#[test]
fn the_bound_says_how_far_it_went() {
    let program = writers([3, 3]);
    let mut explorer = DepthFirst::preempting(1);
    let mut bounds = vec![explorer.bound()];
    loop {
        let ran = program.run(&mut explorer);
        let goes_on = explorer.learn(&ran.run);
        bounds.push(explorer.bound());
        if !goes_on {
            break;
        }
    }
    assert_eq!(
        bounds,
        [
            "0 orders of their calls",
            "1 order of their calls",
            "every order without a preemption",
            "every order without a preemption and 1 with 1",
            "every order without a preemption and 2 with 1",
            "every order without a preemption and 3 with 1",
            "every order with at most 1 preemption",
        ]
    );
    assert_eq!(explorer.complete_to(), Some(1));
}

#[test]
fn a_subject_that_does_something_else_each_time_is_given_up() {
    let mut explorer = DepthFirst::exhaustive();
    let mut runs = 0;
    loop {
        runs += 1;
        let steps = if runs == 1 { [3, 3] } else { [2, 0] };
        let ran = writers(steps).run(&mut explorer);
        if !explorer.learn(&ran.run) {
            break;
        }
        assert!(runs < 100);
    }
    assert!(explorer.has_diverged() && !explorer.is_complete());
    assert_eq!(explorer.bound(), "1 order of their calls");
}
