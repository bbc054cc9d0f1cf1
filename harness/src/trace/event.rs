//! One file-system event of a subject, and the sequence of them: the places where a fault can strike.

use std::collections::BTreeSet;

/// A system call that can change what is stored, or its order, below the subject's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Name of the system call.
    pub call: &'static str,
    /// Path below the root that it is about; empty for the root itself.
    pub path: String,
    /// The second path, for calls that have two (rename, link).
    pub to: Option<String>,
    /// Bytes that it asked to write, for calls that write.
    pub bytes: Option<u64>,
    /// Index of the actor that made it, from 0.
    pub actor: usize,
    /// When it was made, on the clock of the history; 0 where one actor has none.
    pub clock: u64,
    /// Index of the actor's operation during which it happened, from 0.
    pub operation: usize,
}

impl Event {
    /// Whether a prefix of its bytes can arrive alone.
    pub fn is_tearable(&self) -> bool {
        self.bytes.is_some_and(|bytes| bytes > 0)
    }
}

/// The events of a workload in the order in which the kernel saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// In order.
    pub events: Vec<Event>,
    /// How many operations the workload acknowledged.
    pub operations: usize,
    /// When one of several actors was killed, on the clock of the history.
    pub killed_at: Option<u64>,
    /// Why events may be missing, one reason each; empty when everything was seen.
    pub blind_spots: BTreeSet<String>,
    /// Whether something that would not end was ended at a limit of time, calls, threads or memory.
    pub past_limit: bool,
    /// Whether one of several actors had to let others go first, after many calls in one operation.
    pub made_way: bool,
    /// Whether one of several actors waited by the clock while another one was in the middle of an operation.
    pub waited_by_clock: bool,
    /// Whether it asked for input and output that bypasses system calls (`io_uring`) and was refused.
    pub bypass_refused: bool,
}
