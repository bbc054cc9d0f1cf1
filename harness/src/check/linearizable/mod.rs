//! Linearizability of one register that a file is: written, deleted, read, and asked for.
//!
//! A history is linearizable (Herlihy and Wing, 1990) if every operation can be given one moment between its
//! invocation and its response so that, in the order of these moments, every answer is right. Paths do not
//! depend on each other, so each is a history of its own. To decide it is NP-hard in general; the search here has a
//! limit, and beyond it the answer is [`Answer::Unknown`], never a guess. The limit counts configurations and not
//! time, so that two runs agree.

mod distinct;
#[cfg(test)]
mod properties;
mod register;
mod search;
#[cfg(test)]
mod tests;
mod watch;

pub use register::{Action, End, Operation, State, Value};
pub use watch::{Limits, Watch};

/// Whether a history is linearizable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Some order explains every answer.
    Linearizable,
    /// No order does.
    NotLinearizable,
    /// It was not decided within the limit.
    Unknown,
}

/// Decides whether some order of `operations` (given in any order) on a register that holds `initial` explains all
/// answers, looking at `configurations_max` configurations at most.
pub fn check(operations: &[Operation], initial: State, configurations_max: usize) -> Answer {
    match distinct::decide(operations, initial) {
        Some(true) => Answer::Linearizable,
        Some(false) => Answer::NotLinearizable,
        None => search::decide(operations, initial, configurations_max),
    }
}
