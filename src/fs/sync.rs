//! What the threads of one process share an instance with: the standard library's, or loom's, which tries every
//! interleaving.
//!
//! Two things are shared in memory, `Settled` and `Kept`, and both are modelled. Temporary names and locks are
//! the system's business: names are its random numbers, and every operation locks a file that it has opened for
//! itself, so that threads exclude each other exactly as processes do.

pub(super) use std::sync::PoisonError;
#[cfg(not(loom))]
pub(super) use std::sync::{Arc, Mutex, MutexGuard};

#[cfg(loom)]
pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
