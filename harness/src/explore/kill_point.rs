//! The bare parts of a trial, for benches: one kill and nothing after it, one operation and nothing else.

use std::{io, path::PathBuf, sync::Arc};

use super::arena::{Arena, Scratch};
use crate::{
    fault::Strike,
    history::{Invocation, Outcome},
    scenario::Scenario,
    subject::{Launcher, Limits, Plain, Progress, Subject},
    trace::{Trace, pin},
};

/// Kills a subject at places of one scenario's workload, without looking at what is left.
pub struct KillPoints {
    subject: Subject,
    scenario: Arc<Scenario>,
    launcher: Launcher,
    scratch: Scratch,
}

impl KillPoints {
    /// Starts nothing yet, but pins the calling thread to the first processor, as a campaign does.
    pub fn new(subject: Subject, scenario: Scenario) -> io::Result<Self> {
        if let Some(&processor) = pin::processors().first() {
            pin::pin_to(processor);
        }
        let launcher = Launcher::new(&Arc::new(subject.clone()), Limits::default())?;
        Ok(Self { subject, scenario: Arc::new(scenario), launcher, scratch: Scratch::new()? })
    }

    /// One process in a fresh root, struck; its trace, up to the strike.
    ///
    /// # Errors
    /// Where the subject does not work, in words.
    pub fn strike(&mut self, strike: &Strike) -> io::Result<Trace> {
        let arena = self.scratch.arena()?;
        let mut process = self.launcher.traced.start()?;
        process.greet(&arena.root(), &self.subject.options).map_err(io::Error::other)?;
        process.aim(strike.clone());
        for invocation in self.scenario.workload() {
            if let Progress::Ended(Outcome::Killed) = process.call(invocation) {
                break;
            }
        }
        process.die()?;
        Ok(process.take_trace())
    }

    /// Runs the whole workload `rounds` times in one process, traced or not.
    ///
    /// # Errors
    /// Where the subject does not work, in words.
    pub fn run(&mut self, rounds: usize, traced: bool) -> io::Result<()> {
        let arena = self.scratch.arena()?;
        let root = arena.root();
        if traced {
            let mut process = self.launcher.traced.start()?;
            process.greet(&root, &self.subject.options).map_err(io::Error::other)?;
            for invocation in (0..rounds).flat_map(|_| self.scenario.workload()) {
                process.call(invocation);
            }
            process.die()
        } else {
            let mut process = self.launcher.plain.start()?;
            process.greet(&root, &self.subject.options).map_err(io::Error::other)?;
            run_plain(&mut process, self.scenario.workload(), rounds);
            self.launcher.bury(&process)
        }
    }

    /// A fresh root that lives as long as the second part, for a process that something else starts.
    ///
    /// # Errors
    /// Where no directory can be made.
    pub fn fresh_root(&mut self) -> io::Result<(PathBuf, impl Drop + use<>)> {
        let arena: Arena = self.scratch.arena()?;
        Ok((arena.root(), arena))
    }
}

fn run_plain(process: &mut Plain, workload: &[Invocation], rounds: usize) {
    for invocation in (0..rounds).flat_map(|_| workload) {
        process.call(invocation);
    }
}
