//! Which step happens before which: in the order of its actor, or because of a chain of conflicts.

use std::sync::Arc;

use crate::schedule::{Actor, Touches};

/// By actor, how many of its first steps happen before something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock(Vec<usize>);

impl Clock {
    fn of(&self, actor: Actor) -> usize {
        self.0.get(actor).copied().unwrap_or(0)
    }

    fn raise(&mut self, actor: Actor, steps: usize) {
        if self.0.len() <= actor {
            self.0.resize(actor + 1, 0);
        }
        self.0[actor] = self.0[actor].max(steps);
    }

    fn join(&mut self, other: &Self) {
        for (actor, steps) in other.0.iter().enumerate() {
            self.raise(actor, *steps);
        }
    }
}

/// A step that was made, in its place.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) actor: Actor,
    pub(super) touches: Arc<Touches>,
    /// It is the how manyth step of its actor, from 1.
    number: usize,
    /// What happens before it, and itself.
    clock: Clock,
}

impl Event {
    /// Whether it happens before whatever the clock belongs to, or is that.
    fn is_before(&self, clock: &Clock) -> bool {
        clock.of(self.actor) >= self.number
    }
}

/// Two steps in conflict that nothing keeps in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Race {
    /// Which event the later step could have come before.
    pub(super) at: usize,
    /// Whoever can be the first to go if that event is put off until after the later step.
    pub(super) instead: Vec<Actor>,
}

/// The next step of an actor after these events, and its races with them, latest first.
pub(super) fn look_back(
    events: &[Event],
    actor: Actor,
    touches: Arc<Touches>,
) -> (Event, Vec<Race>) {
    let own = events.iter().rev().find(|event| event.actor == actor);
    let before = own.map(|event| event.clock.clone()).unwrap_or_default();
    let number = own.map_or(0, |event| event.number) + 1;
    let mut clock = before.clone();
    // A step that may have to wait perhaps could not come just before one that it conflicts with, but before an
    // earlier one: who releases a lock is not in a race with who takes it next, but who took it is.
    let may_wait = touches.may_wait();
    let mut settled = before;
    let mut found = Vec::new();
    for (at, event) in events.iter().enumerate().rev() {
        if event.is_before(&settled) || !event.touches.conflict(&touches) {
            continue;
        }
        clock.join(&event.clock);
        if !may_wait {
            settled.join(&event.clock);
        }
        found.push(at);
    }
    clock.raise(actor, number);
    let step = Event { actor, touches, number, clock };
    let races = found
        .into_iter()
        .map(|at| {
            let first = &events[at];
            let after = &events[at + 1..];
            let apart = after.iter().filter(|event| !first.is_before(&event.clock));
            Race { at, instead: initials(apart, &step) }
        })
        .collect();
    (step, races)
}

/// The races that a step of an actor would have had with the later ones, had it been made at `at`. Only what does
/// not depend on it is known to come as it did.
pub(super) fn look_ahead(
    events: &[Event],
    at: usize,
    actor: Actor,
    touches: &Touches,
) -> Vec<Race> {
    let mut races = Vec::new();
    let mut apart: Vec<&Event> = Vec::new();
    let mut dependent: Vec<&Event> = Vec::new();
    for event in &events[at..] {
        let is_dependent = dependent.iter().any(|earlier| earlier.is_before(&event.clock));
        let conflicts = event.actor != actor && event.touches.conflict(touches);
        if conflicts && !is_dependent {
            races.push(Race { at, instead: initials(apart.iter().copied(), event) });
        }
        if conflicts || is_dependent || event.actor == actor {
            dependent.push(event);
        } else {
            apart.push(event);
        }
    }
    races
}

/// Whose first event is after none of the others, of these and the last one.
fn initials<'a>(events: impl Iterator<Item = &'a Event>, last: &'a Event) -> Vec<Actor> {
    let mut firsts: Vec<&Event> = Vec::new();
    let mut initials = Vec::new();
    for event in events.chain([last]) {
        if firsts.iter().any(|first| first.actor == event.actor) {
            continue;
        }
        if !firsts.iter().any(|first| first.is_before(&event.clock)) {
            initials.push(event.actor);
        }
        firsts.push(event);
    }
    initials
}
