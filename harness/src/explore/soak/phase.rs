//! A phase of a soak: clients at full speed on one root, each with a process of its own, until the time is over or
//! something is suspect.
//!
//! Where clients are killed, each process lives for a random time, and the next one takes its place at once. Those that
//! live at the end may finish, which takes as long as the limit for an operation if they hang. What ended by itself is
//! not started again: that ends the phase.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    key::Told,
    ledger::{CLIENTS, Ledger},
};
use crate::{
    explore::{arena::Arena, trial::TrialError},
    history::Outcome,
    subject::{Launcher, Limits, Plain, Subject, watchdog},
};

/// From one kill to the next, on average, for processes that are forked and for those that are started by exec, which
/// takes them some 60 ms.
const KILL_EVERY: [Duration; 2] = [Duration::from_millis(30), Duration::from_millis(200)];

/// What becomes of the clients' processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explore) enum Sort {
    /// They live as long as the phase.
    Steady,
    /// They are started and ended as often as those that are killed, but between operations. That takes turns as kills
    /// do, so what goes wrong here is not for the kills.
    Restarting,
    /// They are killed at random instants.
    Killing,
}

/// See the module.
pub(super) struct Phase<'a> {
    pub(super) subject: &'a Subject,
    pub(super) limits: Limits,
    pub(super) arena: &'a Arena,
    pub(super) seed: u64,
    pub(super) sort: Sort,
    /// Nothing is begun after that.
    pub(super) until: Instant,
    /// Whatever is not done by then is killed.
    pub(super) gone_by: Option<Instant>,
    pub(super) is_over: &'a (dyn Fn() -> bool + Sync),
}

impl Phase<'_> {
    /// Runs it; what was seen is in the ledger.
    pub(super) fn run(&self, ledger: &Mutex<Ledger>) -> Result<(), TrialError> {
        thread::scope(|scope| {
            let client = |client| {
                scope.spawn(move || {
                    let driven = self.drive(client, ledger);
                    if driven.is_err() {
                        lock(ledger).is_over = true;
                    }
                    driven
                })
            };
            let clients: Vec<_> = (0..CLIENTS).map(client).collect();
            let results = clients.into_iter().map(|client| {
                let panicked = |_| std::io::Error::other("a client of the soak panicked");
                client.join().map_err(panicked)?
            });
            results.collect::<Vec<_>>().into_iter().collect()
        })
    }

    /// What one client does.
    fn drive(&self, client: usize, ledger: &Mutex<Ledger>) -> Result<(), TrialError> {
        let mut launcher = Launcher::new(&Arc::new(self.subject.clone()), self.limits)?;
        let seed = self.seed.wrapping_mul(CLIENTS as u64).wrapping_add(client as u64);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut is_first = true;
        loop {
            let mut process = launcher.plain.start()?;
            process.kill_at = self.gone_by;
            let opened = process.greet(&self.arena.root(), &self.subject.options);
            let goes_on = match opened {
                Err(why) if is_first => Err(TrialError::Subject(self.arena.anonymous_text(&why))),
                Err(_) if self.is_too_late() => Ok(false),
                opened => {
                    let end = self.end(&mut random);
                    if self.sort == Sort::Killing {
                        process.kill_at = end.or(self.gone_by);
                    }
                    let opened = opened
                        .map(|_| ())
                        .map_err(|why| format!("a fresh process could not open the root: {why}"));
                    let (process, random) = (&mut process, &mut random);
                    self.call(client, process, &opened, end, random, ledger)
                }
            };
            is_first = false;
            launcher.bury(&process)?;
            if watchdog::is_interrupted() {
                return Err(TrialError::Interrupted);
            }
            if !goes_on? {
                return Ok(());
            }
        }
    }

    /// Calls one operation after the other; whether another process is to take this one's place. One that could not be
    /// opened answers everything with that reason.
    fn call(
        &self,
        client: usize,
        process: &mut Plain,
        opened: &Result<(), String>,
        end: Option<Instant>,
        random: &mut Xoshiro256PlusPlus,
        ledger: &Mutex<Ledger>,
    ) -> Result<bool, TrialError> {
        loop {
            if self.sort == Sort::Restarting && end.is_some_and(|end| end <= Instant::now()) {
                process.finish()?;
                return Ok(true);
            }
            let is_over = self.until <= Instant::now() || (self.is_over)();
            let task = {
                let mut ledger = lock(ledger);
                ledger.is_over |= is_over;
                ledger.begin(client, random)
            };
            let Some(task) = task else { return Ok(false) };
            let outcome = match opened {
                Ok(()) => process.call(&task.invocation()),
                Err(why) => Outcome::Broken(why.clone()),
            };
            // Processes that were ended by Ctrl-C look like processes that died.
            if watchdog::is_interrupted() {
                return Err(TrialError::Interrupted);
            }
            let (was_killed, answered) = (outcome == Outcome::Killed, outcome.is_answer());
            let told = Told::of(self.arena.anonymous(outcome));
            lock(ledger).end(client, told);
            if !answered {
                return Ok(was_killed && !self.is_too_late());
            }
        }
    }

    /// When the process that starts now is to end, if it is before all of them do.
    fn end(&self, random: &mut Xoshiro256PlusPlus) -> Option<Instant> {
        if self.sort == Sort::Steady {
            return None;
        }
        // Each of them lives so much longer than it takes until one of all is killed; twice that at most.
        let every = KILL_EVERY[usize::from(!self.subject.is_forked())] * CLIENTS as u32;
        let at = Instant::now() + every.mul_f64(2.0 * random.random::<f64>());
        // The last ones are left alone: whether they wait for the dead for ever shows only then.
        (at < self.until).then_some(at)
    }

    fn is_too_late(&self) -> bool {
        self.gone_by.is_some_and(|gone_by| gone_by <= Instant::now())
    }
}

pub(super) fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
