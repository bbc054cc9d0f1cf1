//! Where one of several actors may be killed: before every step of an operation, and inside every write.

use std::collections::BTreeSet;

use super::play::Kill;
use crate::{
    fault::prefixes,
    schedule::{Actor, Mode, Run},
};

/// A run with how many bytes each of its steps was to write.
pub(super) type Written = (Run, Vec<u64>);

/// Every kill in these runs, each with who makes the steps until then: what was done until the kill decides what comes
/// of it, so that each beginning is there once.
pub(super) fn kills(runs: &[Written], actors: usize) -> Vec<(Vec<Actor>, Kill)> {
    let mut known = BTreeSet::new();
    let mut kills = Vec::new();
    for (run, bytes) in runs {
        let order: Vec<Actor> = run.steps.iter().map(|step| step.actor).collect();
        for victim in 0..actors {
            let mut is_busy = false;
            for (at, step) in run.steps.iter().enumerate() {
                let mut places = Vec::new();
                if step.actor == victim {
                    places.extend(prefixes(bytes[at]).into_iter().map(Some));
                    let has = |mode| step.touches.iter().any(|touch| touch.mode == mode);
                    is_busy = (is_busy || has(Mode::Begin)) && !has(Mode::End);
                }
                places.extend(is_busy.then_some(None));
                for keep in places {
                    let beginning = order[..=at].to_vec();
                    if known.insert((beginning.clone(), victim, keep)) {
                        kills.push((beginning, Kill { victim, steps: at + 1, keep }));
                    }
                }
            }
        }
    }
    kills
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Object, Step, Touches};

    /// A run of two actors with one operation each: who makes a step, and how much it writes.
    fn run(steps: &[(Actor, u64)]) -> Written {
        let step = |(at, &(actor, _)): (usize, &(Actor, u64))| {
            let rest = |range: &[(Actor, u64)]| range.iter().any(|(other, _)| *other == actor);
            let mut touches = Touches::default();
            if !rest(&steps[..at]) {
                touches.add(Object::Clock("a".into()), Mode::Begin);
            }
            if !rest(&steps[at + 1..]) {
                touches.add(Object::Clock("a".into()), Mode::End);
            }
            Step { actor, enabled: vec![actor], touches }
        };
        let run = Run { steps: steps.iter().enumerate().map(step).collect(), ..Run::default() };
        (run, steps.iter().map(|(_, bytes)| *bytes).collect())
    }

    fn places(runs: &[Written]) -> Vec<(usize, Actor, Option<u64>)> {
        let kills = kills(runs, 2);
        kills.into_iter().map(|(_, kill)| (kill.steps, kill.victim, kill.keep)).collect()
    }

    #[test]
    fn whoever_is_in_an_operation_dies_between_any_two_steps() {
        let run = run(&[(0, 0), (1, 0), (0, 0), (1, 0)]);
        let expected = [(1, 0, None), (2, 0, None), (2, 1, None), (3, 1, None)];
        assert_eq!(places(&[run]), expected);
    }

    #[test]
    fn a_write_is_torn_also_where_it_is_all_that_is_done() {
        assert_eq!(places(&[run(&[(0, 2), (1, 0)])]), [(1, 0, Some(1))]);
    }

    #[test]
    fn what_begins_alike_is_there_once() {
        let [one, other] = [&[(0, 2), (0, 0), (1, 0)], &[(0, 2), (1, 0), (0, 0)]].map(|it| run(it));
        let expected = [(1, 0, Some(1)), (1, 0, None), (2, 0, None)];
        assert_eq!(places(&[one, other]), expected);
    }
}
