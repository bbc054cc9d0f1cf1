//! Shrinking: a counterexample is reduced until nothing can be left out of it.
//!
//! Plants, set-up and workload operations are left out one by one, values are cut down to a byte, and after every step
//! the whole fault kind is explored anew for the one guarantee: the smallest case of that is the next one to
//! shrink. So the fault's place and what a power loss takes shrink along.

use std::sync::Arc;

use super::{
    sweep::{Sweep, Swept, Workplace},
    trial::TrialError,
};
use crate::{
    history::Invocation, judge::Case, scenario::Scenario, subject::Bytes, trace::Circumstance,
};

/// Scenarios that one shrinking may try, for subjects that are forked and for those that are started by exec.
const TRIES_MAX: [usize; 2] = [48, 4];
/// Trials after which no more is tried for a case that breaks no claim, where each takes a good part of a second.
const TRIALS_MAX: usize = 40;
/// Values up to this many bytes are told in full anyway.
const SMALL_VALUE_BYTES: usize = 1;

/// Reduces a case, with the effort of `sweep`, whose scenario does not matter. One that breaks no claim is worth less
/// time.
pub(super) fn shrink(
    case: &Case,
    is_claimed: bool,
    sweep: &Sweep<'_>,
    workplace: &mut Workplace<'_>,
) -> Result<Option<Case>, TrialError> {
    let faults = case.evidence.strike.explored_by();
    if case.evidence.strike.is_random() || case.trace.has(Circumstance::PastLimit) {
        // Where chance strikes, a smaller scenario that is not struck proves nothing; and what only a limit ends would
        // take that long each time.
        return Ok(None);
    }
    let mut smallest = case.clone();
    // Nobody has thought of a generated workload, so all in it that does not matter only confuses.
    let is_costly = !workplace.subject.is_forked() && !case.evidence.scenario.is_generated();
    let mut tries = TRIES_MAX[usize::from(is_costly)];
    let mut trials = 0;
    let mut skip = 0;
    loop {
        let scenario = &smallest.evidence.scenario;
        let Some(candidate) = candidates(scenario).nth(skip) else { break };
        let is_enough = is_costly && !is_claimed && trials >= TRIALS_MAX;
        if tries == 0 || is_enough || (sweep.is_over)() {
            break;
        }
        tries -= 1;
        let candidate = Arc::new(Scenario {
            faults: faults.clone(),
            judges: vec![case.guarantee],
            ..candidate
        });
        let mut swept = Swept::default();
        let explored = Sweep { scenario: &candidate, first_only: true, ..*sweep }.run(
            workplace,
            &mut swept,
            &mut |_| {},
        );
        trials += swept.totals.trials;
        match explored {
            Ok(()) | Err(TrialError::Diverged(_)) => {}
            Err(error) => return Err(error),
        }
        match swept.docket.case(case.guarantee, case.evidence.strike.model()) {
            // What is left out is left out for good; the next one has moved to its place.
            Some(found) if found.evidence.strike.kind() == case.evidence.strike.kind() => {
                smallest = found.clone();
            }
            _ => skip += 1,
        }
    }
    let is_smaller = smallest.evidence.scenario != case.evidence.scenario;
    Ok(is_smaller.then_some(smallest))
}

/// The scenarios that are smaller by one thing, those that save most first. An actor keeps one operation, and of
/// several actors two stay.
fn candidates(scenario: &Scenario) -> impl Iterator<Item = Scenario> + '_ {
    let without = |change: &dyn Fn(&mut Scenario)| {
        let mut smaller = scenario.clone();
        change(&mut smaller);
        smaller
    };
    let mut smaller = Vec::new();
    let actors = scenario.actors.len();
    if actors > 2 {
        smaller.extend((0..actors).map(|actor| without(&|it| drop(it.actors.remove(actor)))));
    }
    for (actor, length) in scenario.actors.iter().map(|actor| actor.operations.len()).enumerate() {
        if length > 1 {
            let all = 0..length;
            smaller.extend(
                all.map(|index| without(&|it| drop(it.actors[actor].operations.remove(index)))),
            );
        }
    }
    let set_up = 0..scenario.set_up.len();
    smaller.extend(set_up.map(|index| without(&|it| drop(it.set_up.remove(index)))));
    let plants = 0..scenario.plants.len();
    smaller.extend(plants.map(|index| without(&|it| drop(it.plants.remove(index)))));
    smaller.into_iter().chain(smaller_values(scenario))
}

/// The scenarios in which one value is cut down to a byte. Values stay apart from each other, but for those that
/// are the same: they stay so.
fn smaller_values(scenario: &Scenario) -> impl Iterator<Item = Scenario> + '_ {
    let values = operations(scenario).filter_map(|operation| match operation {
        Invocation::WriteFile { data, .. } => Some(data),
        _ => None,
    });
    let mut large: Vec<&Bytes> = Vec::new();
    for data in values.filter(|data| data.len() > SMALL_VALUE_BYTES) {
        if !large.contains(&data) {
            large.push(data);
        }
    }
    large.into_iter().enumerate().map(|(index, large)| {
        let mut smaller = scenario.clone();
        let set_up = smaller.set_up.iter_mut();
        let all = set_up.chain(smaller.actors.iter_mut().flat_map(|actor| &mut actor.operations));
        let taken = |letter: u8| {
            operations(scenario).any(|operation| {
                matches!(operation, Invocation::WriteFile { data, .. } if **data == [letter])
            })
        };
        let letters = (b'a'..=b'z').cycle().skip(index % 26).take(26);
        let letter = letters.clone().find(|letter| !taken(*letter)).unwrap_or(b'a');
        for operation in all {
            if let Invocation::WriteFile { data, .. } = operation
                && data == large
            {
                *data = Bytes::from(vec![letter]);
            }
        }
        smaller
    })
}

fn operations(scenario: &Scenario) -> impl Iterator<Item = &Invocation> {
    scenario.set_up.iter().chain(scenario.actors.iter().flat_map(|actor| &actor.operations))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Actor;

    fn write(path: &str, data: &str) -> Invocation {
        Invocation::WriteFile { path: path.into(), data: data.into() }
    }

    #[test]
    fn every_candidate_is_smaller_by_one_thing() {
        let scenario = Scenario {
            set_up: vec![write("a", "long")],
            actors: vec![Actor {
                name: "writer".into(),
                operations: vec![write("b", "x"), write("c", "longer")],
            }],
            ..Scenario::default()
        };
        let smaller: Vec<Scenario> = candidates(&scenario).collect();
        let size = |scenario: &Scenario| {
            let all = scenario.set_up.iter().chain(scenario.workload());
            let bytes = all.clone().map(|invocation| match invocation {
                Invocation::WriteFile { data, .. } => data.len(),
                _ => 0,
            });
            (all.count(), bytes.sum::<usize>())
        };
        let sizes: Vec<_> = smaller.iter().map(size).collect();
        assert_eq!(sizes, [(2, 10), (2, 5), (2, 7), (3, 8), (3, 6)]);
        let one = Scenario {
            actors: vec![Actor { name: "writer".into(), operations: vec![write("b", "x")] }],
            ..Scenario::default()
        };
        assert_eq!(candidates(&one).count(), 0);
    }
}
