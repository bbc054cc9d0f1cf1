//! Where a test runs: on the processor that the fewest others have, with everything that it starts.
//!
//! A tracer and its tracees hand over to each other at every call, and stay on one processor for it. Two of them on one
//! processor wait for each other's time slices at every such step: that takes ten times as long, and not twice.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crashworthy_harness::trace::pin;
use nix::{
    sched::{CpuSet, sched_setaffinity},
    unistd::Pid,
};

/// A processor while a test has it.
pub(crate) struct Place(usize);

impl Place {
    /// Each processor and how many tests have it.
    fn all() -> MutexGuard<'static, Vec<(usize, usize)>> {
        static ALL: OnceLock<Mutex<Vec<(usize, usize)>>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let mut processors = pin::processors();
            // A runner with one process a test has each begin here; process ids differ.
            let first = std::process::id() as usize % processors.len().max(1);
            processors.rotate_left(first);
            Mutex::new(processors.into_iter().map(|processor| (processor, 0)).collect())
        });
        all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ties the calling thread, and whatever it starts, to a processor.
    pub(crate) fn take() -> Option<Self> {
        let mut all = Self::all();
        let (processor, users) = all.iter_mut().min_by_key(|(_, users)| *users)?;
        *users += 1;
        pin::pin_to(*processor);
        Some(Self(*processor))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = Self::all();
        let own = all.iter_mut().find(|(processor, _)| *processor == self.0);
        own.expect("it was taken from here").1 -= 1;
    }
}

/// Lets the calling thread use every processor again, for work that is divided.
pub(crate) fn everywhere() {
    let mut set = CpuSet::new();
    for (processor, _) in Place::all().iter() {
        let _ = set.set(*processor);
    }
    // Where the system refuses, the work takes longer.
    let _ = sched_setaffinity(Pid::from_raw(0), &set);
}
