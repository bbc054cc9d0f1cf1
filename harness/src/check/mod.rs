//! Checkers: pure functions from the evidence of one trial to findings. No I/O here.
//!
//! A checker counts what it really compared. A guarantee is upheld only where that count is above
//! zero, so that a pass in which nothing was looked at cannot be mistaken for one.

use crashworthy::Guarantee;

use crate::history::Evidence;

/// Placeholder until the checkers land.
pub fn checker(_: Guarantee) -> Option<&'static dyn Checker> {
    None
}

/// Judges one guarantee.
pub trait Checker: Sync {
    /// Which guarantee.
    fn guarantee(&self) -> Guarantee;

    /// Compares one trial with what the guarantee allows.
    fn check(&self, evidence: &Evidence) -> Judgement;
}

/// What a checker made of one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// How many comparisons were made; 0 means that the trial says nothing about the guarantee.
    pub comparisons: usize,
    /// The comparisons that failed.
    pub findings: Vec<Finding>,
}

/// A comparison that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Index into the history of the operation that shows it, where one does.
    pub entry: Option<usize>,
    /// One sentence: who saw what, and what would have been right.
    pub summary: String,
}
