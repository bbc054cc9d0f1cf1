//! Pause: the writer is held before an event, another process recovers, and the writer goes on.
//!
//! Nobody is killed. It shows whether recovery takes away what a live writer still needs.

use super::{Fault, FaultKind, Strike};
use crate::trace::Trace;

/// See the module.
pub struct Pause;

impl Fault for Pause {
    fn kind(&self) -> FaultKind {
        FaultKind::Pause
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        (0..trace.events.len()).map(|event| Strike::Pause { event }).collect()
    }
}
