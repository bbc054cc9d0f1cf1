//! A trial in which a call fails, a write is short or the disk is full, and nobody is killed.
//!
//! The fault lasts as long as the operation that it strikes. Then a fresh process looks, the process that it
//! happened to does the operation once more, and a fresh one looks again.

use std::path::Path;

use crashworthy::ErrorKind;
use serde_json::Value;

use super::{
    observe::{Notes, observe},
    trial::{Record, Stage, TrialError, diverged, known_results, subject_failed},
};
use crate::{
    fault::Strike,
    history::{Invocation, Moment, Outcome, Phase},
    subject::{Launcher, Plain, protocol},
    trace::Trace,
};

impl Stage<'_> {
    /// One trial under a strike that makes a call fail.
    pub(super) fn strike_call(
        &mut self,
        strike: &Strike,
        rehearsal: &Trace,
    ) -> Result<Record, TrialError> {
        let mut notes = self.notes()?;
        let (hello, trace) = self.run_failing(strike, rehearsal, &mut notes)?;
        let strike = match *strike {
            // Nothing of the operation asked for room after it, so nobody was told that there is none.
            Strike::DiskFull { event, keep } if !has_failed_after(&trace, event) => {
                Strike::Short { event, keep }
            }
            _ => strike.clone(),
        };
        self.record(notes, strike, &hello, trace, Trace::default())
    }

    fn run_failing(
        &mut self,
        strike: &Strike,
        rehearsal: &Trace,
        notes: &mut Notes,
    ) -> Result<(protocol::Hello, Trace), TrialError> {
        let Launcher { traced, plain } = &mut *self.launcher;
        let mut process = traced.start()?;
        let root = notes.arena.root();
        let hello = process
            .greet(&root, &self.subject.options)
            .map_err(|why| subject_failed(notes, &why))?;
        for invocation in &self.scenario.set_up {
            notes.run(Phase::SetUp, &mut process, invocation);
        }
        process.aim(strike.clone());
        let mut workload = self.scenario.workload().iter();
        let struck = workload.find(|invocation| {
            notes.run(Phase::Workload, &mut process, invocation);
            process.is_struck()
        });
        process.disarm();
        let Some(struck) = struck else {
            process.die()?;
            return Err(TrialError::Diverged("the call that was to fail was not made".into()));
        };
        let trace = process.take_trace();
        let event = match strike {
            Strike::Error { event, .. }
            | Strike::Short { event, .. }
            | Strike::DiskFull { event, .. } => *event,
            _ => 0,
        };
        // What it does about the error is its own.
        if let Some(why) = diverged(&trace, rehearsal, event + 1) {
            process.die()?;
            return Err(TrialError::Diverged(why));
        }
        notes.look(Moment::Faulted)?;
        let mut readers = Vec::new();
        for (phase, repeat) in [(Phase::Faulted, false), (Phase::Repeated, true)] {
            if repeat {
                notes.run(Phase::Repeat, &mut process, struck);
            }
            let mut reader = plain.start()?;
            if let Err(why) = open(&mut reader, &root, &self.subject.options) {
                for path in self.scenario.paths() {
                    let read = Invocation::ReadFile { path: path.to_owned() };
                    notes.note(phase, &read, why.clone());
                }
            } else {
                observe(notes, self.scenario, phase, &mut reader, &[]);
            }
            reader.kill();
            readers.push(reader);
        }
        process.die()?;
        drop(process);
        for reader in readers {
            self.launcher.bury(&reader)?;
        }
        let known = known_results(strike, event);
        Ok((hello, trace.ended_as(rehearsal, known)))
    }
}

fn has_failed_after(trace: &Trace, event: usize) -> bool {
    trace.events.iter().skip(event + 1).any(|later| later.failed.is_some())
}

/// Opens the root in a fresh process; the error is what every read of it gives.
fn open(reader: &mut Plain, root: &Path, options: &Value) -> Result<(), Outcome> {
    let broken =
        |why: &str| Outcome::Broken(format!("a fresh process could not open the root: {why}"));
    reader.hello().map_err(|why| broken(&why))?;
    match reader.open(root, options) {
        Outcome::Ok(_) => Ok(()),
        refused @ Outcome::Fail { kind: ErrorKind::Conflict, .. } => Err(refused),
        Outcome::Fail { kind, message } => Err(broken(&format!("{kind}: {message}"))),
        Outcome::Broken(why) => Err(broken(&why)),
        Outcome::Killed => Err(broken("it was killed")),
    }
}
