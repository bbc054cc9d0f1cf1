//! How much of a run's time its outputs take: a reporter around another one, with a clock.
//!
//! Reporters are told under a lock, so that whoever has something to tell waits for whoever tells. What they take
//! together is thus an upper bound of what they cost a thread.

use std::time::{Duration, Instant};

use super::{Progress, Reporter};

/// See the module.
pub struct Stopwatch<R> {
    inner: R,
    spent: Duration,
}

impl<R: Reporter> Stopwatch<R> {
    /// Around `inner`, with nothing spent.
    pub fn new(inner: R) -> Self {
        Self { inner, spent: Duration::ZERO }
    }

    /// The time that `inner` has taken.
    pub fn spent(&self) -> Duration {
        self.spent
    }
}

impl<R: Reporter> Reporter for Stopwatch<R> {
    fn report(&mut self, progress: &Progress<'_>) {
        let started = Instant::now();
        self.inner.report(progress);
        self.spent += started.elapsed();
    }
}
