//! Whether anything moves in a process with several threads: read from `/proc`, never guessed from time.
//!
//! A thread that is woken is runnable before whoever woke it goes on (`try_to_wake_up` of the kernel), so when all threads
//! are seen asleep or held, twice and with no news in between, nothing moves until somebody outside moves it.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::trace::Tid;

/// How long a process may take to come to rest after one call. Runtimes with thread pools need well under a
/// millisecond.
const REST_WAIT_MAX: Duration = Duration::from_secs(2);

/// Whether these threads are all asleep, gone, or among those that are `held`. One that the kernel has stopped and that
/// nobody knows of yet has news to tell.
pub(super) fn are_quiet(threads: &[Tid], held: &[Tid]) -> bool {
    threads.iter().all(|tid| held.contains(tid) || is_asleep(*tid))
}

fn is_asleep(tid: Tid) -> bool {
    let Ok(stat) = fs::read(format!("/proc/{tid}/stat")) else { return true };
    // The name before the state is in parentheses and may contain any.
    let end = stat.iter().rposition(|&byte| byte == b')').unwrap_or(0);
    stat.get(end + 2).is_none_or(|state| matches!(state, b'S' | b'T' | b'Z' | b'X'))
}

/// What a thread is called (`/proc/TID/comm`).
pub(super) fn thread_name(tid: Tid) -> Option<String> {
    fs::read_to_string(format!("/proc/{tid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// Gives way to others, up to a limit.
pub(super) struct Patience {
    until: Instant,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + REST_WAIT_MAX }
    }

    /// Lets others run; false once the limit is reached.
    pub(super) fn wait(&mut self) -> bool {
        thread::yield_now();
        Instant::now() < self.until
    }
}
