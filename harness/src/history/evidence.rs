//! All that one trial observed: the checkers' only input.

use std::{collections::BTreeSet, sync::Arc};

use crashworthy::ErrorKind;

use super::{History, Invocation, Moment, Tree};
use crate::{fault::Strike, scenario::Scenario};

/// What a scenario leaves on disk when nothing strikes it.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Baseline {
    /// Every file seen on disk at a quiet moment (settled, and after each acknowledgement).
    pub files: BTreeSet<String>,
    /// Indices of the workload's operations, from 0, that were not acknowledged.
    pub failed: BTreeSet<usize>,
    /// Directories of the scenario that exist, by the subject's word, when all of it has been done. Only known
    /// where the power fails.
    pub directories: BTreeSet<String>,
    /// How the subject says that a file is missing, where it was asked beforehand: the contract leaves the kind of
    /// that error open.
    pub missing: Option<ErrorKind>,
    /// What the subject refuses as well where one actor runs after the other.
    pub refused: Vec<Invocation>,
    /// The trees that two fault-free runs in two fresh roots left at the end, where names are judged.
    pub twins: Option<Box<(Tree, Tree)>>,
    /// The trees after a fault-free run and one recovery, and after another one, where left-overs are looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Box<(Tree, Tree)>>,
}

/// The record of one trial.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// What was run.
    pub scenario: Arc<Scenario>,
    /// What struck it.
    pub strike: Strike,
    /// Whether the subject offers `recover`.
    pub recovers: bool,
    /// The fault-free run of the same scenario.
    pub baseline: Arc<Baseline>,
    /// Every operation, in order of invocation.
    pub history: History,
    /// The root as it lay on disk at some moments.
    pub trees: Vec<(Moment, Tree)>,
    /// What changed outside the root, one line each; empty when all is well.
    pub outside: Vec<String>,
}

impl Evidence {
    /// The tree at `moment`, if it was looked at.
    pub fn tree(&self, moment: Moment) -> Option<&Tree> {
        self.trees.iter().find(|(at, _)| *at == moment).map(|(_, tree)| tree)
    }
}
