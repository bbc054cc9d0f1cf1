//! One file-system event of a subject, and the sequence of them: the places where a fault can strike.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Deserializer, de::Error};

use super::syscall;

/// The tables' own copy of a call's name. (An alias, because serde would borrow what it sees to be a reference.)
pub type CallName = &'static str;

/// A system call that can change what is stored, or its order, below the subject's root.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct Event {
    /// Name of the system call.
    #[serde(deserialize_with = "known_call")]
    pub call: CallName,
    /// Path below the root that it is about; empty for the root itself.
    pub path: String,
    /// The second path, for calls that have two (rename, link).
    pub to: Option<String>,
    /// Bytes that it asked to write, for calls that write.
    pub bytes: Option<u64>,
    /// The number of the error with which it failed, where it is known to have failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i32>,
    /// Index of the actor that made it, from 0.
    pub actor: usize,
    /// When it was made, on the clock of the history; 0 where one actor has none.
    pub clock: u64,
    /// Index of the actor's operation during which it happened, from 0.
    pub operation: usize,
}

/// The name of a call that this build traces: what was stored elsewhere may say anything.
fn known_call<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    let name = Cow::<'de, str>::deserialize(from)?;
    syscall::named(&name).ok_or_else(|| {
        D::Error::custom(format!("the system call {name:?} is none that this build traces"))
    })
}

impl Event {
    /// The name of the error with which it failed, as the manual pages give it.
    pub fn error_name(&self) -> Option<String> {
        match nix::errno::Errno::from_raw(self.failed?) {
            nix::errno::Errno::UnknownErrno => None,
            errno => Some(format!("{errno:?}")),
        }
    }

    /// Whether a prefix of its bytes can arrive alone.
    pub fn is_tearable(&self) -> bool {
        self.bytes.is_some_and(|bytes| bytes > 0)
    }
}

/// What a workload did besides its calls, and what was done to it, that bears on what its events prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, Deserialize)]
pub enum Circumstance {
    /// It would not end, and was ended at a limit of time, calls, threads or memory.
    PastLimit,
    /// One of several actors had to let others go first, after many calls in one operation.
    MadeWay,
    /// One of several actors waited by the clock while another one was in the middle of an operation.
    WaitedByClock,
    /// It asked for input and output that bypasses system calls (`io_uring`) and was refused.
    BypassRefused,
    /// It changed a file outside its root that may outlive it.
    KeptOutside,
}

/// The events of a workload in the order in which the kernel saw them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct Trace {
    /// In order.
    pub events: Vec<Event>,
    /// How many of them are of `open`, where the run was recorded from there.
    #[serde(default, skip_serializing_if = "is_none")]
    pub opened: usize,
    /// How many operations the workload acknowledged.
    pub operations: usize,
    /// When one of several actors was killed, on the clock of the history.
    pub killed_at: Option<u64>,
    /// Why events may be missing, one reason each; empty when everything was seen.
    pub blind_spots: BTreeSet<String>,
    /// What else bears on what the events prove.
    pub circumstances: BTreeSet<Circumstance>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The error number in what a call has returned.
pub(crate) fn failure(result: i64) -> Option<i32> {
    if result < 0 { i32::try_from(-result).ok() } else { None }
}

impl Trace {
    /// Appends the trace of a process that came after, whose operations are counted from `operations` on.
    pub(crate) fn follow(&mut self, later: Self, operations: usize) {
        let events = later.events.into_iter();
        self.events
            .extend(events.map(|event| Event { operation: event.operation + operations, ..event }));
        self.operations = operations + later.operations;
        self.blind_spots.extend(later.blind_spots);
        self.circumstances.extend(later.circumstances);
    }

    /// Takes over from the same calls of another run how the first `events` of them ended.
    #[must_use]
    pub(crate) fn ended_as(mut self, other: &Self, events: usize) -> Self {
        for (event, other) in self.events.iter_mut().zip(&other.events).take(events) {
            event.failed = other.failed;
        }
        self
    }

    /// Whether it came about like that.
    pub fn has(&self, circumstance: Circumstance) -> bool {
        self.circumstances.contains(&circumstance)
    }
}
