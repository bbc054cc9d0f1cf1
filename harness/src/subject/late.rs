//! Calls that are made as late as possible: each is held back for as long as anybody else of the subject goes on
//! without it, and of several the last one goes first.
//!
//! The system may run threads and processes in that order, too. Whoever waits for a call notices nothing. What nobody
//! waits for, because somebody forgot to, comes after what should have come after it.

use super::ensemble::quiet::{Patience, States};
use crate::trace::{HeldCall, Tid, Tracer};

/// See the module.
#[derive(Default)]
pub(super) struct Late {
    held: Vec<HeldCall>,
    states: States,
    patience: Option<Patience>,
    /// Whether everybody was asleep at the last look, and nothing has happened since.
    was_quiet: bool,
    /// Whether somebody never came to rest: nothing more is held back then.
    gave_up: bool,
}

impl Late {
    /// Holds a call back; gives it back where that is no use.
    pub(super) fn hold(&mut self, call: HeldCall) -> Option<HeldCall> {
        if self.gave_up {
            return Some(call);
        }
        self.held.push(call);
        None
    }

    /// Whether any is held back.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Something has happened.
    pub(super) fn stir(&mut self) {
        (self.was_quiet, self.patience) = (false, None);
    }

    /// The call that is to be made now, if nobody goes on without it.
    pub(super) fn due(&mut self, tracer: &Tracer) -> Option<HeldCall> {
        let threads = tracer.threads_of(|_| true);
        let held: Vec<Tid> = self.held.iter().map(|call| call.tid).collect();
        let is_quiet = self.states.are_quiet(&threads, &held);
        let is_still = std::mem::replace(&mut self.was_quiet, is_quiet) && is_quiet;
        if !is_still && !self.gave_up {
            self.gave_up = !self.patience.get_or_insert_with(Patience::new).wait(&threads);
            return None;
        }
        self.stir();
        self.held.pop()
    }

    /// All that is held back, in the order of arrival.
    pub(super) fn take(&mut self) -> Vec<HeldCall> {
        std::mem::take(&mut self.held)
    }
}
