//! When the power may fail.

/// A moment at which the power may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// How many calls had returned.
    pub calls: usize,
    /// How many acknowledgements had been given.
    pub acknowledged: usize,
}
