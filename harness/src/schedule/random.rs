//! A seeded random walk: at every step, anybody who can go, all equally likely.
//!
//! It finds what a few steps in the wrong order suffice for, soon; what needs one long turn after another, hardly
//! ever (that is what [`Pct`](super::Pct) is for).

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{Actor, Decision, Explorer, Run};
use crate::report::text;

/// An explorer of random schedules.
#[derive(Clone, Debug)]
pub struct Random {
    generator: Xoshiro256PlusPlus,
    runs: usize,
    runs_max: usize,
}

impl Random {
    /// Will try so many.
    pub fn new(seed: u64, runs_max: usize) -> Self {
        Self { generator: Xoshiro256PlusPlus::seed_from_u64(seed), runs: 0, runs_max }
    }
}

impl Explorer for Random {
    fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor> {
        Some(decision.enabled[self.generator.random_range(0..decision.enabled.len())])
    }

    fn learn(&mut self, _: &Run) -> bool {
        self.runs += 1;
        self.runs < self.runs_max
    }

    fn is_complete(&self) -> bool {
        false
    }

    fn bound(&self) -> String {
        text::count(self.runs, "random order")
    }
}
