//! Short write: a write takes fewer bytes than it was asked to, and says so.
//!
//! Legal at any time (write(2)): a full disk, a signal, a quota. The bytes that it took are stored, and its
//! caller has to go on with the rest.

use super::{Fault, FaultKind, Strike, torn::inside_writes};
use crate::trace::Trace;

/// See the module.
pub struct ShortWrite;

impl Fault for ShortWrite {
    fn kind(&self) -> FaultKind {
        FaultKind::ShortWrite
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        inside_writes(trace, |event, keep| Strike::Short { event, keep })
    }
}
