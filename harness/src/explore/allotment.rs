//! The time that a scenario may take for what could go on without end, where a run has a time budget.

use std::time::{Duration, Instant};

/// From one moment to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allotment {
    since: Instant,
    until: Instant,
    ran_out: bool,
}

impl Allotment {
    /// Of the time that is left until `until`: an equal share for each of so many scenarios, this one among them, of
    /// which so many are explored at once.
    pub(crate) fn of(until: Instant, scenarios: usize, at_once: usize) -> Self {
        let since = Instant::now();
        let left = until.saturating_duration_since(since);
        let share = at_once as f64 / scenarios.max(1) as f64;
        Self { since, until: since + left.mul_f64(share.min(1.0)), ran_out: false }
    }

    /// Whether this part of it, 0 to 1, is over. Who asks would go on if it were not.
    pub(crate) fn has_run_out(&mut self, part: f64) -> bool {
        let is_over = self.end_of(part) <= Instant::now();
        self.ran_out |= is_over;
        is_over
    }

    /// Whether anybody was told that it has run out.
    pub(crate) fn ran_out(&self) -> bool {
        self.ran_out
    }

    pub(crate) fn first_half(self) -> Self {
        Self { until: self.end_of(0.5), ..self }
    }

    /// What is left of it now.
    pub(crate) fn rest(self) -> Self {
        Self { since: Instant::now().min(self.until), ..self }
    }

    fn end_of(&self, part: f64) -> Instant {
        self.since + self.time().mul_f64(part)
    }

    fn time(&self) -> Duration {
        self.until.saturating_duration_since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_secs(1000);

    #[test]
    fn shares_are_equal_and_never_more_than_there_is() {
        for (scenarios, at_once, share) in [(10, 2, 200.0), (10, 1, 100.0), (1, 2, 1000.0)] {
            let time = Allotment::of(Instant::now() + LEFT, scenarios, at_once).time();
            // What has gone by meanwhile is missing.
            assert!((share - 1.0..=share).contains(&time.as_secs_f64()), "{time:?}, not {share} s");
        }
        assert_eq!(Allotment::of(Instant::now(), 3, 2).time(), Duration::ZERO);
    }

    #[test]
    fn parts_lie_within_it() {
        let since = Instant::now();
        let mut all = Allotment { since, until: since + LEFT, ran_out: false };
        assert_eq!(all.end_of(0.25), since + LEFT / 4);
        assert_eq!(all.end_of(1.0), all.until);
        assert_eq!(all.first_half().until, since + LEFT / 2);
        let rest = all.rest();
        assert!(rest.since >= since && rest.until == all.until);
        assert!(!all.has_run_out(1.0) && !all.ran_out());
        assert!(all.has_run_out(0.0) && all.ran_out());
        let over = Allotment { until: since, ..all };
        assert_eq!(over.rest().time(), Duration::ZERO);
    }
}
