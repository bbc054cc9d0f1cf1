//! The watchdog: ends subjects that hang past their deadline, grow past their limit, or outlive Ctrl-C.
//!
//! A tracer waits for its tracees and for nothing else, so somebody else has to look at the clock. One
//! thread for the whole process samples all subjects; killing wakes whoever waits for them.

use std::{
    collections::HashMap,
    fs,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Time between two looks at all subjects. A deadline is met this late at worst.
const TICK: Duration = Duration::from_millis(25);
/// Size of a page in bytes on x86-64, the unit of `/proc/PID/statm`.
const PAGE_BYTES: u64 = 4096;

/// What a subject may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from a request to its answer.
    pub operation: Duration,
    /// Resident memory in bytes.
    pub memory_bytes: u64,
    /// Longest answer line in bytes; an answer larger than this is growth without bound.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { operation: Duration::from_secs(10), memory_bytes: 1 << 30, line_bytes: 128 << 20 }
    }
}

/// Why the watchdog ended a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bite {
    Deadline,
    Memory,
    Interrupt,
}

struct Ward {
    pid: i32,
    pidfd: OwnedFd,
    deadline: Option<Instant>,
    memory_bytes_max: u64,
    bite: Option<Bite>,
}

#[derive(Default)]
struct Kennel {
    wards: HashMap<u64, Ward>,
    next: u64,
}

static KENNEL: OnceLock<Mutex<Kennel>> = OnceLock::new();
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Ends every subject within one tick, and those that start later as well.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Whether [`interrupt`] was called.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Keeps one process under watch until dropped.
pub(crate) struct Guard {
    key: u64,
}

/// Puts a process under watch; `None` when it is already gone.
pub(crate) fn guard(pid: i32, limits: &Limits) -> Option<Guard> {
    let pidfd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    let mut kennel = kennel();
    let key = kennel.next;
    kennel.next += 1;
    let ward =
        Ward { pid, pidfd, deadline: None, memory_bytes_max: limits.memory_bytes, bite: None };
    kennel.wards.insert(key, ward);
    Some(Guard { key })
}

impl Guard {
    /// The process must have answered by then; `None` stops the clock.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        if let Some(ward) = kennel().wards.get_mut(&self.key) {
            ward.deadline = deadline;
        }
    }

    /// Whether the process has ended, collected or not.
    pub(crate) fn has_ended(&self) -> bool {
        // The descriptor of a process is readable from its end on.
        kennel().wards.get(&self.key).is_some_and(|ward| {
            let mut polled = [PollFd::new(ward.pidfd.as_fd(), PollFlags::POLLIN)];
            poll(&mut polled, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
        })
    }

    /// Why the watchdog ended the process, if it did.
    pub(crate) fn bite(&self) -> Option<Bite> {
        kennel().wards.get(&self.key).and_then(|ward| ward.bite)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        kennel().wards.remove(&self.key);
    }
}

fn kennel() -> std::sync::MutexGuard<'static, Kennel> {
    let kennel = KENNEL.get_or_init(|| {
        thread::Builder::new()
            .name("watchdog".into())
            .spawn(patrol)
            .expect("the system can start one thread");
        Mutex::default()
    });
    kennel.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn patrol() {
    loop {
        thread::sleep(TICK);
        let Some(kennel) = KENNEL.get() else { continue };
        let mut kennel = kennel.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for ward in kennel.wards.values_mut().filter(|ward| ward.bite.is_none()) {
            let bite = if is_interrupted() {
                Bite::Interrupt
            } else if ward.deadline.is_some_and(|deadline| deadline < Instant::now()) {
                Bite::Deadline
            } else if resident_bytes(ward.pid) > ward.memory_bytes_max {
                Bite::Memory
            } else {
                continue;
            };
            ward.bite = Some(bite);
            // The descriptor names this very process, even if its number is in use again.
            let _ = pidfd_send_signal(&ward.pidfd, Signal::KILL);
        }
    }
}

fn resident_bytes(pid: i32) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/statm"))
        .ok()
        .and_then(|statm| statm.split(' ').nth(1)?.parse::<u64>().ok())
        .map_or(0, |pages| pages * PAGE_BYTES)
}
