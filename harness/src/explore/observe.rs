//! Looking at what a trial left: the operations that somebody runs afterwards, noted with their outcomes.
//!
//! Whoever looks only needs to answer operations. A process that could not open the root answers too, with
//! that reason to everything, so that it counts as what it is: a reader who got nothing.

use std::io;

use crashworthy::Operation;

use super::{arena::Arena, trial::TrialError};
use crate::{
    history::{Entry, History, Invocation, Moment, Outcome, Phase, Tree},
    scenario::Scenario,
    subject::{Plain, Progress, Traced},
};

/// Something that answers operations.
pub(super) trait Client {
    fn run(&mut self, invocation: &Invocation) -> Outcome;
}

impl Client for Plain {
    fn run(&mut self, invocation: &Invocation) -> Outcome {
        self.call(invocation)
    }
}

impl Client for Traced<'_> {
    fn run(&mut self, invocation: &Invocation) -> Outcome {
        match self.call(invocation) {
            Progress::Ended(outcome) => outcome,
            Progress::Held => Outcome::Broken("it is held".into()),
        }
    }
}

/// A process that could not be opened on a crash state: it answers nothing, and says why.
pub(super) struct Unopened(pub(super) String);

impl Client for Unopened {
    fn run(&mut self, _: &Invocation) -> Outcome {
        Outcome::Broken(self.0.clone())
    }
}

/// What one trial collects as it goes.
pub(super) struct Notes {
    pub(super) arena: Arena,
    pub(super) history: History,
    pub(super) trees: Vec<(Moment, Tree)>,
}

impl Notes {
    pub(super) fn run(
        &mut self,
        phase: Phase,
        client: &mut dyn Client,
        invocation: &Invocation,
    ) -> &Outcome {
        let outcome = client.run(&self.arena.aimed(invocation));
        self.note(phase, invocation, outcome)
    }

    pub(super) fn note(
        &mut self,
        phase: Phase,
        invocation: &Invocation,
        outcome: Outcome,
    ) -> &Outcome {
        let outcome = self.arena.anonymous(outcome);
        self.history.push(Entry { phase, invocation: invocation.clone(), outcome, span: None });
        &self.history[self.history.len() - 1].outcome
    }

    pub(super) fn look(&mut self, moment: Moment) -> io::Result<&Tree> {
        let tree = self.arena.tree()?;
        self.trees.push((moment, tree));
        Ok(&self.trees[self.trees.len() - 1].1)
    }
}

/// Recovery, where there is any, and the interrupted operation once more; looks after each.
pub(super) fn repair(
    notes: &mut Notes,
    scenario: &Scenario,
    recovers: bool,
    process: &mut dyn Client,
    left_overs: &[String],
) -> Result<(), TrialError> {
    if recovers {
        notes.run(Phase::Recovery, process, &Invocation::Recover);
        notes.look(Moment::Recovered)?;
        observe(notes, scenario, Phase::Recovered, process, left_overs);
    }
    retry(notes, scenario, process);
    Ok(())
}

/// Reads everything that the scenario names, and looks for the left-overs by name.
pub(super) fn observe(
    notes: &mut Notes,
    scenario: &Scenario,
    phase: Phase,
    process: &mut dyn Client,
    left_overs: &[String],
) {
    for look in looks(scenario, left_overs) {
        notes.run(phase, process, &look);
    }
}

/// What [`observe`] asks for, in order.
pub(super) fn looks(scenario: &Scenario, left_overs: &[String]) -> Vec<Invocation> {
    let paths = scenario.paths().into_iter().chain(left_overs.iter().map(String::as_str));
    let files = paths.flat_map(|path| {
        let path = path.to_owned();
        [Invocation::ReadFile { path: path.clone() }, Invocation::Exists { path }]
    });
    let directories = scenario.directories().into_iter();
    let lists =
        directories.map(|directory| Invocation::ListFiles { directory: directory.to_owned() });
    files.chain(lists).collect()
}

/// The interrupted operation again, or the last change where none was interrupted, or the first where none was begun; a
/// write follows where that was not one, because only a write shows that the path is healthy.
pub(super) fn retry(notes: &mut Notes, scenario: &Scenario, process: &mut dyn Client) {
    let workload = || {
        notes
            .history
            .iter()
            .filter(|entry| entry.phase == Phase::Workload && entry.invocation.is_change())
    };
    let interrupted = workload().find(|entry| entry.outcome == Outcome::Killed);
    let last = interrupted.or_else(|| workload().next_back()).map(|entry| &entry.invocation);
    let first = || scenario.workload().iter().find(|invocation| invocation.is_change());
    let Some(again) = last.or_else(first).cloned() else { return };
    let write = match again.operation() {
        Operation::DeleteFile => Some(again.path().to_owned()),
        Operation::CreateDirectory => Some(format!("{}/{RETRY_FILE}", again.path())),
        _ => None,
    };
    notes.run(Phase::Retry, process, &again);
    if let Some(path) = write {
        let data = RETRY_CONTENT.into();
        notes.run(Phase::Retry, process, &Invocation::WriteFile { path, data });
    }
    observe(notes, scenario, Phase::Retried, process, &[]);
}

/// Written into a directory whose creation was interrupted.
pub(super) const RETRY_FILE: &str = "retry.bin";
/// Content of a write that the scenario does not have.
pub(super) const RETRY_CONTENT: &str = "written after the crash";
