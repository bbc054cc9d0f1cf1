//! Tracing: every file-system event that a subject causes under its root, as the kernel saw it.
//!
//! This folder knows nothing of guarantees.

mod event;

pub use event::{Event, Trace};
