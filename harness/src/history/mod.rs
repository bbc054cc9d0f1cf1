//! What clients saw: operations with their outcomes, in Jepsen's sense (ok / fail / info), and what
//! lay on disk at the moments that matter.
//!
//! A trial produces one [`Evidence`]; checkers are pure functions of it. Everything here is plain
//! data: no I/O.

pub mod clock;
mod evidence;
mod invocation;
pub mod lines;
mod tree;

use crashworthy::ErrorKind;
pub use evidence::{Baseline, Evidence};
pub use invocation::Invocation;
pub use tree::{Attributes, Moment, Node, Tree};

use crate::subject::Bytes;

/// Where in a trial an operation was called.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::Display,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Phase {
    /// Before anything is struck; all of it acknowledged, or the trial is void.
    SetUp,
    /// The scenario's operations: the part that a fault strikes.
    Workload,
    /// Reads after a fault-free workload, by the process that ran it.
    Finished,
    /// Reads by a fresh process after the crash, before anything is repaired.
    Crashed,
    /// `recover` by a fresh process.
    Recovery,
    /// Reads after recovery.
    Recovered,
    /// The interrupted operation once more (a delete is followed by a write of the same path).
    Retry,
    /// Reads after the retry.
    Retried,
    /// Reads by a fresh process after an operation in which a call failed, the fault being gone.
    Faulted,
    /// The operation in which a call failed once more, by the process that it happened to.
    Repeat,
    /// Reads by a fresh process after the repetition.
    Repeated,
    /// Reads by a fresh process after the workload, when the process that ran it has ended.
    Undamaged,
    /// The same reads by another process, after a stored file has changed.
    Damaged,
    /// `recover` by a second process while the writer is held inside the workload.
    BesideWriter,
    /// Reads by a fresh process when all of several actors have finished.
    Quiet,
}

impl Phase {
    /// Whether a process has been killed before this phase began.
    pub fn is_after_crash(self) -> bool {
        matches!(
            self,
            Self::Crashed | Self::Recovery | Self::Recovered | Self::Retry | Self::Retried
        )
    }
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Reply {
    /// Acknowledged; there is nothing to return.
    Done,
    /// The content of a file.
    Data(Bytes),
    /// Names of files, sorted bytewise; duplicates are kept.
    Names(Vec<String>),
    /// The answer of `exists`.
    Truth(bool),
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Outcome {
    /// Acknowledged.
    Ok(Reply),
    /// Refused with an error: it says that it did not happen.
    Fail {
        /// The kind of the contract.
        kind: ErrorKind,
        /// The subject's own words.
        message: String,
    },
    /// Never answered, and the harness killed the process: it may or may not have happened.
    Killed,
    /// Never answered properly, and nobody killed the process: it died, hung past a limit, or
    /// answered nonsense. The text says which, with what the process last said on stderr.
    Broken(String),
}

impl Outcome {
    /// Whether the operation was acknowledged.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }
}

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// Where in the trial.
    pub phase: Phase,
    /// What was asked.
    pub invocation: Invocation,
    /// How it ended.
    pub outcome: Outcome,
    /// By whom and when, where several clients were at work.
    pub span: Option<Span>,
}

/// Whose operation it was, and when it began and ended, on the logical clock of the schedule: no two moments
/// of a history are equal, and an operation that returned before another was invoked has the smaller one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Span {
    /// Index of the scenario's actor.
    pub actor: usize,
    /// When it was invoked.
    pub invoked: u64,
    /// When it returned; `None` where it never did.
    pub returned: Option<u64>,
}

/// All operations of a trial, in the order of their invocation.
pub type History = Vec<Entry>;
