//! Process kill: SIGKILL before and after every event, and after every acknowledgement.
//!
//! The page cache survives, so what a reader sees afterwards is what the calls did up to that point.

use super::{Fault, FaultKind, Side, Strike};
use crate::trace::Trace;

/// See the module.
pub struct Kill;

impl Fault for Kill {
    fn kind(&self) -> FaultKind {
        FaultKind::Kill
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        let at_events = (0..trace.events.len())
            .flat_map(|event| [Side::Before, Side::After].map(|side| Strike::Kill { event, side }));
        let after_acks = (0..trace.operations).map(|operation| Strike::KillAfterAck { operation });
        at_events.chain(after_acks).collect()
    }
}
