//! What the threads of one process share an instance with.

pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
