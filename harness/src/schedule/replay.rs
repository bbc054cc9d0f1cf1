//! Follows one schedule, once.
//!
//! Whose turn it is can be somebody who cannot go: the subject makes other calls than it did when the schedule
//! was recorded, or the schedule was made up. The run goes on by default all the same, since what it shows
//! counts, and the replay says that it was not what was asked for. Kills are carried out by whoever runs it.

use super::{Actor, Decision, Explorer, Run, Schedule};

/// An explorer of a single schedule.
#[derive(Clone, Debug)]
pub struct Replay {
    actors: Vec<Actor>,
    was_left: bool,
    is_over: bool,
}

impl Replay {
    /// Will follow this one.
    pub fn new(schedule: &Schedule) -> Self {
        Self { actors: schedule.steps().collect(), was_left: false, is_over: false }
    }

    /// Whether the run made every step of the schedule, in its order, before any other.
    pub fn was_followed(&self) -> bool {
        self.is_over && !self.was_left
    }
}

impl Explorer for Replay {
    fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor> {
        let wanted = self.actors.get(decision.step()).filter(|_| !self.was_left);
        let Some(wanted) = wanted else { return Some(decision.default_choice()) };
        if decision.enabled.contains(wanted) {
            return Some(*wanted);
        }
        self.was_left = true;
        Some(decision.default_choice())
    }

    fn learn(&mut self, run: &Run) -> bool {
        let made = run.steps.iter().map(|step| step.actor);
        self.was_left |= !made.take(self.actors.len()).eq(self.actors.iter().copied());
        self.is_over = true;
        false
    }

    fn is_complete(&self) -> bool {
        self.was_followed()
    }

    fn bound(&self) -> String {
        "one order of their calls".to_owned()
    }
}
