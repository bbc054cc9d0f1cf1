//! One clock for a whole history: when each operation began and ended, whoever did it.
//!
//! Operations without a span follow each other. Those with one stand on the clock of their schedule, which begins when
//! what came before has ended.

use super::{Entry, Outcome};

/// When an operation began, and when its end was known: its answer, or that there will be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// When it began.
    pub invoked: u64,
    /// When it had ended. Without an answer, this is after all operations of its schedule.
    pub ended: u64,
}

/// The interval of each entry. No two moments are equal.
pub fn intervals(history: &[Entry]) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let mut now = 0;
    for group in history.chunk_by(|one, next| one.span.is_some() && next.span.is_some()) {
        let start = now;
        let spans = || group.iter().filter_map(|entry| entry.span);
        let last = spans().map(|span| span.returned.unwrap_or(0).max(span.invoked)).max();
        now = last.map_or(start, |last| start + last + 1);
        for entry in group {
            let returned =
                entry.span.map(|span| span.returned.filter(|_| entry.outcome.is_answer()));
            let interval = match (entry.span, returned.flatten()) {
                (Some(span), Some(returned)) => {
                    Interval { invoked: start + span.invoked, ended: start + returned }
                }
                (Some(span), None) => {
                    now += 1;
                    Interval { invoked: start + span.invoked, ended: now - 1 }
                }
                (None, _) => {
                    now += 2;
                    Interval { invoked: now - 2, ended: now - 1 }
                }
            };
            intervals.push(interval);
        }
    }
    intervals
}

impl Outcome {
    /// Whether the subject said how it ended.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Ok(_) | Self::Fail { .. })
    }
}
