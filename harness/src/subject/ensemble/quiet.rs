//! Whether anything moves in a process with several threads: read from `/proc`, never guessed from time.
//!
//! A thread that is woken is runnable before whoever woke it goes on (`try_to_wake_up` of the kernel), so when all
//! threads are seen asleep or held, twice and with no news in between, nothing moves until somebody outside moves it.

use std::{
    collections::HashMap,
    fs::{self, File},
    os::unix::fs::FileExt,
    thread,
    time::{Duration, Instant},
};

use crate::trace::Tid;

/// Processor time that a process may take to come to rest after one call. Runtimes with thread pools need well under a
/// millisecond. It is not the time that passes: on a busy machine a process that does nothing wrong waits for its turn.
const REST_PROCESSOR_TIME_MAX: Duration = Duration::from_secs(2);
/// How long to wait for a process all the same; the watchdog is there before that.
const REST_WAIT_MAX: Duration = Duration::from_secs(120);
/// Looks at a process that follow each other at once. After that each one lets others run first.
const LOOKS_AT_ONCE: u32 = 64;
/// How long others are let run then.
const PAUSE: Duration = Duration::from_micros(100);
/// Pauses after which processor time is asked for, which costs as much as a look.
const PAUSES_PER_READING: u32 = 64;
/// As much of a thread's `stat` as its number, its name (of up to 15 bytes) and its state can take.
const STAT_START_BYTES: usize = 64;
/// Files that are kept open.
const FILES_MAX: usize = 64;

/// Threads whose state is looked at again and again, by the files that tell it.
#[derive(Default)]
pub(in crate::subject) struct States(HashMap<Tid, File>);

impl States {
    /// Whether these threads are all asleep, gone, or among those that are `held`. One that the kernel has stopped and
    /// that nobody knows of yet has news to tell.
    pub(in crate::subject) fn are_quiet(&mut self, threads: &[Tid], held: &[Tid]) -> bool {
        threads.iter().all(|tid| held.contains(tid) || self.is_asleep(*tid))
    }

    fn is_asleep(&mut self, tid: Tid) -> bool {
        let mut start = [0; STAT_START_BYTES];
        let mut known = self.0.get(&tid).and_then(|file| file.read_at(&mut start, 0).ok());
        if known.is_none() {
            // A file is of one thread for ever; its number may have gone to another one.
            self.0.remove(&tid);
            let Ok(file) = File::open(format!("/proc/{tid}/stat")) else { return true };
            known = file.read_at(&mut start, 0).ok();
            if self.0.len() >= FILES_MAX {
                self.0.clear();
            }
            self.0.insert(tid, file);
        }
        let start = &start[..known.unwrap_or(0)];
        // The name before the state is in parentheses and may contain any.
        let end = start.iter().rposition(|&byte| byte == b')').unwrap_or(0);
        start.get(end + 2).is_none_or(|state| matches!(state, b'S' | b'T' | b'Z' | b'X'))
    }
}

/// What a thread is called (`/proc/TID/comm`).
pub(super) fn thread_name(tid: Tid) -> Option<String> {
    fs::read_to_string(format!("/proc/{tid}/comm")).ok().map(|name| name.trim_end().to_owned())
}

/// Processor time of these threads so far (`/proc/TID/schedstat`, its first number, in nanoseconds).
fn processor_time(threads: &[Tid]) -> Duration {
    let of = |tid: &Tid| -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/{tid}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(threads.iter().filter_map(of).sum())
}

/// Gives way to others, up to a limit.
pub(in crate::subject) struct Patience {
    looks: u32,
    since: Instant,
    /// Processor time when it was asked for first.
    spent: Option<Duration>,
}

impl Patience {
    pub(in crate::subject) fn new() -> Self {
        Self { looks: 0, since: Instant::now(), spent: None }
    }

    /// Lets others run; false once these threads have had more than anybody needs to come to rest.
    pub(in crate::subject) fn wait(&mut self, threads: &[Tid]) -> bool {
        self.looks += 1;
        if self.looks < LOOKS_AT_ONCE {
            thread::yield_now();
            return true;
        }
        // There is no event to wait for: a thread that falls asleep tells nobody.
        thread::sleep(PAUSE);
        if !self.looks.is_multiple_of(PAUSES_PER_READING) {
            return true;
        }
        let now = processor_time(threads);
        let spent = now.saturating_sub(*self.spent.get_or_insert(now));
        spent < REST_PROCESSOR_TIME_MAX && self.since.elapsed() < REST_WAIT_MAX
    }
}
