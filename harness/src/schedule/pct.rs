//! Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, *A randomized scheduler with
//! probabilistic guarantees of finding bugs*, 2010).
//!
//! Every actor has a random priority, and whoever has the highest of those that can go does. At a few random steps
//! whoever is about to go gets a priority below all others. A mistake that takes `d` steps to come in some order,
//! in runs of `k` steps of `n` actors, is met with a probability of at least `1 / (n * k^(d - 1))` in each run,
//! however long the turns are that lead to it: a random walk hardly ever makes long turns.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{Actor, Decision, Explorer, Run};
use crate::report::text;

/// How long a run is taken to be before there was one.
const STEPS_GUESS: usize = 32;

/// An explorer of random schedules with few changes of priority.
#[derive(Clone, Debug)]
pub struct Pct {
    generator: Xoshiro256PlusPlus,
    /// How many priorities are lowered in a run.
    changes: usize,
    runs: usize,
    runs_max: usize,
    /// The longest run.
    steps: usize,
    /// Of the present run, by actor; drawn when it is first seen.
    priorities: Vec<Option<usize>>,
    /// At which steps a priority is still to be lowered in the present run, the next one last.
    change_at: Vec<usize>,
}

impl Pct {
    /// Will try so many, each of which meets every order of `depth` steps with some probability.
    pub fn new(seed: u64, depth: usize, runs_max: usize) -> Self {
        let mut explorer = Self {
            generator: Xoshiro256PlusPlus::seed_from_u64(seed),
            changes: depth.saturating_sub(1),
            runs: 0,
            runs_max,
            steps: STEPS_GUESS,
            priorities: Vec::new(),
            change_at: Vec::new(),
        };
        explorer.draw();
        explorer
    }

    /// Draws where priorities change in the next run. The first step is no such place: it would change only which
    /// of the initial priorities is the highest.
    fn draw(&mut self) {
        let steps = self.steps.max(2);
        self.priorities.clear();
        self.change_at = (0..self.changes).map(|_| self.generator.random_range(1..steps)).collect();
        self.change_at.sort_unstable_by(|one, another| another.cmp(one));
    }

    fn priority(&mut self, actor: Actor) -> usize {
        if self.priorities.len() <= actor {
            self.priorities.resize(actor + 1, None);
        }
        // Those that are lowered are below all of these.
        let drawn = || self.generator.random_range(self.changes..usize::MAX);
        *self.priorities[actor].get_or_insert_with(drawn)
    }

    fn highest(&mut self, enabled: &[Actor]) -> Option<Actor> {
        enabled.iter().copied().max_by_key(|actor| self.priority(*actor))
    }
}

impl Explorer for Pct {
    fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor> {
        let mut actor = self.highest(decision.enabled)?;
        while self.change_at.pop_if(|at| *at <= decision.step()).is_some() {
            // The last one that is lowered is the lowest.
            self.priorities[actor] = Some(self.change_at.len());
            actor = self.highest(decision.enabled)?;
        }
        Some(actor)
    }

    fn learn(&mut self, run: &Run) -> bool {
        self.steps = if self.runs == 0 { run.steps.len() } else { self.steps.max(run.steps.len()) };
        self.runs += 1;
        self.draw();
        self.runs < self.runs_max
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn bound(&self) -> String {
        let changes = match self.changes {
            0 => "without a change of priority".to_owned(),
            1 => "with 1 change of priority".to_owned(),
            n => format!("with {} changes of priority", text::thousands(n)),
        };
        format!("{} {changes}", text::count(self.runs, "random order"))
    }
}
