//! A value that the first thread in need of it makes, that all share, and that is made anew when it has turned
//! out to be dead: the handle on a directory of temporary files.

use std::io;

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// At most one living value.
#[derive(Debug)]
pub(super) struct Kept<T>(Mutex<Option<Arc<T>>>);

impl<T> Kept<T> {
    /// The value, made by `make` where there is none. Whoever comes meanwhile waits for it.
    pub(super) fn get(&self, make: impl FnOnce() -> io::Result<T>) -> io::Result<Arc<T>> {
        let mut held = self.held();
        if let Some(value) = held.as_ref() {
            return Ok(Arc::clone(value));
        }
        Ok(Arc::clone(held.insert(Arc::new(make()?))))
    }

    /// Whether nobody has the value at the moment. Somebody may a moment later.
    pub(super) fn is_idle(&self) -> bool {
        self.held().as_ref().is_none_or(|value| Arc::strong_count(value) == 1)
    }

    /// Drops the value if it is `dead`; one that somebody else has made since then stays.
    pub(super) fn forget(&self, dead: &Arc<T>) {
        let mut held = self.held();
        if held.as_ref().is_some_and(|value| Arc::ptr_eq(value, dead)) {
            *held = None;
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

#[cfg(all(test, loom))]
mod models;
