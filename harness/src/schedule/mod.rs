//! Schedules: in which order several processes make their file-system calls, as data, and who chooses it.
//!
//! Pure: nothing here runs anything. Whoever runs the processes stops each of them before every call that
//! another one could notice, asks an [`Explorer`] who goes next, and tells it what came of the run. A *step*
//! is one such call, with everything that its process does until its next one; the first step of an
//! operation includes its invocation, and the last one its answer.

mod depth_first;
mod dpor;
mod estimate;
mod pct;
mod random;
mod reduce;
mod replay;
#[cfg(test)]
mod tests;
mod touch;

pub use depth_first::DepthFirst;
pub use dpor::Dpor;
pub use estimate::estimate;
pub use pct::Pct;
pub use random::Random;
pub use reduce::Reduction;
pub use replay::Replay;
use serde::{Deserialize, Serialize};
pub use touch::{Inode, Mode, Object, Touch, Touches};

/// Index of an actor of the scenario, from 0.
pub type Actor = usize;

/// Some steps of one actor in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Whose.
    pub actor: Actor,
    /// How many; may be 0 only where the actor is killed.
    pub steps: usize,
    /// Whether its process is then killed, where it is held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub killed: bool,
    /// Where it is killed inside a write, the last of these steps: how many bytes of it arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<u64>,
}

/// The order in which the actors make their steps. What it does not say (its end is reached, or an actor has
/// no step left) is: whoever went last goes on as long as it can, then the first actor that can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schedule {
    /// Neighbours are of different actors.
    pub turns: Vec<Turn>,
}

impl Schedule {
    /// The schedule that makes these steps, one actor each.
    pub fn of_steps(steps: impl IntoIterator<Item = Actor>) -> Self {
        let mut schedule = Self::default();
        for actor in steps {
            schedule.push(actor);
        }
        schedule
    }

    /// Adds one step.
    pub fn push(&mut self, actor: Actor) {
        match self.turns.last_mut() {
            Some(last) if last.actor == actor && !last.killed => last.steps += 1,
            _ => self.turns.push(Turn { actor, steps: 1, killed: false, keep: None }),
        }
    }

    /// Kills an actor after the last step so far, or inside it, when it has written `keep` bytes.
    pub fn kill(&mut self, actor: Actor, keep: Option<u64>) {
        match self.turns.last_mut() {
            Some(last) if last.actor == actor && !last.killed => {
                last.killed = true;
                last.keep = keep;
            }
            _ => self.turns.push(Turn { actor, steps: 0, killed: true, keep }),
        }
    }

    /// Who makes each of its steps.
    pub fn steps(&self) -> impl Iterator<Item = Actor> {
        self.turns.iter().flat_map(|turn| std::iter::repeat_n(turn.actor, turn.steps))
    }

    /// The number of its steps.
    pub fn len(&self) -> usize {
        self.turns.iter().map(|turn| turn.steps).sum()
    }

    /// Whether it has no turn.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Whether it kills somebody.
    pub fn is_killing(&self) -> bool {
        self.turns.iter().any(|turn| turn.killed)
    }
}

impl Ord for Schedule {
    /// Simpler schedules come first: fewer turns, then fewer steps.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |schedule: &Self| {
            let turns = schedule.turns.iter();
            let turns = turns.map(|turn| (turn.actor, turn.steps, turn.killed, turn.keep));
            (schedule.turns.len(), schedule.len(), turns.collect::<Vec<_>>())
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Schedule {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A point in a run at which somebody has to go next.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The steps that were made so far, with all that they touched: which ones are worth making next depends
    /// on it.
    pub made: &'a [Step],
    /// Who can go, ascending; never empty. An actor that waits for a lock is not among them, nor one that has
    /// finished. Asked again at the same step, with fewer actors, where the chosen one turned out to wait.
    pub enabled: &'a [Actor],
}

impl Decision<'_> {
    /// How many steps were made so far.
    pub fn step(&self) -> usize {
        self.made.len()
    }

    /// Who made the last step.
    pub fn previous(&self) -> Option<Actor> {
        self.made.last().map(|step| step.actor)
    }

    /// Who goes next where nobody else is wanted: whoever went last, or else the first.
    pub fn default_choice(&self) -> Actor {
        self.previous()
            .filter(|previous| self.enabled.contains(previous))
            .unwrap_or(self.enabled[0])
    }
}

/// A step that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who made it.
    pub actor: Actor,
    /// Who could have gone instead, itself included, ascending; without those that turned out to wait.
    pub enabled: Vec<Actor>,
    /// What it read and changed. The same step of another run is to call the same things by the same names,
    /// whatever random names and new inodes the subject came up with in either.
    pub touches: Touches,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// In order.
    pub steps: Vec<Step>,
    /// Actors that never came to make their next step, because they waited for others to the end (also to the
    /// end of a run that was given up), with what that step would have touched.
    pub stuck: Vec<(Actor, Touches)>,
    /// Whether the explorer gave it up.
    pub abandoned: bool,
}

impl Run {
    /// The schedule that makes the same steps.
    pub fn schedule(&self) -> Schedule {
        Schedule::of_steps(self.steps.iter().map(|step| step.actor))
    }
}

/// Chooses schedules. A run with the same choices makes the same steps. Where it does not, the explorer gives
/// that run up, goes on with others, and is never complete.
pub trait Explorer {
    /// Who goes next; `None` where the rest of this run is of no interest.
    fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor>;

    /// The run is over; whether another one is to be made.
    fn learn(&mut self, run: &Run) -> bool;

    /// Whether there is no schedule left that it was to try, and none was left out.
    fn is_complete(&self) -> bool;

    /// Which schedules were tried so far, in words that go after "tried".
    fn bound(&self) -> String;
}
