//! A counterexample: one trial that refutes one guarantee, as it happened and as a file that replays it.

use crashworthy::Guarantee;
use serde::{Deserialize, Serialize};

use super::{Sights, SubjectIdentity, Timeline};
use crate::{check::Finding, fault::Strike, history::Evidence, persist::Lost, trace::Trace};

/// The schema of counterexample files that this build reads and writes.
pub const COUNTEREXAMPLE_SCHEMA: u32 = 1;

/// What decides which of two cases is smaller.
pub(super) type Order<'a> = ((bool, bool), usize, &'a Strike, usize, &'a str);

/// An [`Order`] that outlives its case: the size of a case as it was found, before it was reduced. The smallest of
/// several cases is the smallest as found. So it is the same one whoever reduced what, and however well that went.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Size {
    chance: (bool, bool),
    operations: usize,
    strike: Strike,
    entries: usize,
    scenario: String,
}

impl Size {
    /// Of a case with this evidence.
    pub fn of(evidence: &Evidence) -> Self {
        let (chance, operations, strike, entries, scenario) = Case::size_of(evidence);
        Self { chance, operations, strike: strike.clone(), entries, scenario: scenario.to_owned() }
    }

    /// To compare it with others.
    pub(super) fn order(&self) -> Order<'_> {
        (self.chance, self.operations, &self.strike, self.entries, &self.scenario)
    }
}

/// A refuted guarantee, with all that was seen.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Case {
    /// Which guarantee.
    pub guarantee: Guarantee,
    /// What the checker said.
    pub finding: Finding,
    /// The trial.
    pub evidence: Evidence,
    /// The workload's events up to the strike (all of them, where nothing struck).
    pub trace: Trace,
    /// The events of the first `recover` after the crash, where that was traced.
    pub recovery: Trace,
    /// What a power loss took; empty where none struck.
    pub losses: Losses,
    /// What a re-enactment saw, for reports; empty where there was none.
    #[serde(default, with = "super::sights::pairs")]
    pub sights: Sights,
}

/// What a power loss took. Calls are numbered as the events of the trace are.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Losses {
    /// Of what the workload did.
    pub first: Vec<Lost>,
    /// Of what recovery did after that, where the power failed twice.
    pub second: Vec<Lost>,
}

impl Case {
    /// The size of a case with this evidence. Smaller cases explain more: no randomness first, then no generated
    /// workload, few plants and operations, then the earliest strike.
    pub(super) fn size_of(evidence: &Evidence) -> Order<'_> {
        let scenario = &evidence.scenario;
        let operations = scenario.plants.len()
            + scenario.set_up.len()
            + scenario.actors.iter().map(|actor| actor.operations.len()).sum::<usize>();
        let strike = &evidence.strike;
        let chance = (strike.is_random(), scenario.is_generated());
        (chance, operations, strike, evidence.history.len(), &scenario.name)
    }

    /// Whether operations overlapped in it, so that their order is part of what was seen.
    pub fn has_several_actors(&self) -> bool {
        self.evidence.history.iter().any(|entry| entry.span.is_some())
    }
}

/// The file form: enough to run the trial again, and the story for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// [`COUNTEREXAMPLE_SCHEMA`]
    pub schema: u32,
    /// Which guarantee it refutes.
    pub guarantee: Guarantee,
    /// Of whom.
    pub subject: SubjectIdentity,
    /// The program and its arguments, or null for a built-in backend (named in `subject.command`).
    pub command: Option<Vec<String>>,
    /// What the subject is given with every `open`; an object.
    pub options: serde_json::Value,
    /// The seed of the run that found it.
    pub seed: u64,
    /// The scenario, in its file format.
    pub scenario: String,
    /// What strikes it.
    pub strike: Strike,
    /// What was seen, in one line.
    pub summary: String,
    /// What happened, one line a step.
    pub story: Vec<String>,
    /// The same step by step, for reports; older files have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Timeline>,
}

impl Counterexample {
    /// Where a guarantee's counterexample is, relative to its certificate.
    pub fn path(guarantee: Guarantee) -> String {
        format!("counterexamples/{guarantee}.json")
    }

    /// Where its history is, if several actors were at work; in JSON Lines.
    pub fn history_path(guarantee: Guarantee) -> String {
        format!("counterexamples/{guarantee}.history.jsonl")
    }
}
