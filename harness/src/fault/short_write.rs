//! Short write: a write takes fewer bytes than it was asked to, and says so.
//!
//! Legal at any time (write(2)): a full disk, a signal, a quota. The bytes that it took are stored, and its
//! caller has to go on with the rest.

use super::{Fault, FaultKind, Strike, torn::prefixes};
use crate::trace::Trace;

/// See the module.
pub struct ShortWrite;

impl Fault for ShortWrite {
    fn kind(&self) -> FaultKind {
        FaultKind::ShortWrite
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        let tearable = trace.events.iter().enumerate().filter(|(_, event)| event.is_tearable());
        tearable
            .flat_map(|(event, call)| {
                let lengths = prefixes(call.bytes.unwrap_or(0));
                lengths.into_iter().map(move |keep| Strike::Short { event, keep })
            })
            .collect()
    }
}
