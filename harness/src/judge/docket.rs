//! The docket: what the checkers said of every trial so far, by guarantee.

use std::collections::{BTreeMap, BTreeSet};

use crashworthy::Guarantee;

use super::Case;
use crate::{check, fault::FaultKind, history::Evidence, trace::Trace};

/// What is known of one guarantee so far.
#[derive(Debug, Default)]
pub struct Entry {
    /// Trials in which something was compared. Kills at random instants do not count: what they hit
    /// differs from run to run, and a certificate must not.
    pub trials: usize,
    /// Kills at random instants in scenarios that judge it.
    pub random_kills: usize,
    /// The scenarios in which something was compared.
    pub scenarios: BTreeSet<String>,
    /// The kinds of fault after which something was compared.
    pub faults: BTreeSet<FaultKind>,
    /// The smallest trial with a finding.
    pub case: Option<Box<Case>>,
    /// Why the absence of findings says nothing, one reason each.
    pub doubts: BTreeSet<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Docket {
    entries: BTreeMap<Guarantee, Entry>,
}

impl Docket {
    /// Lets the checkers that the scenario asks for judge one trial; the guarantees that it refutes.
    pub fn judge(
        &mut self,
        evidence: &Evidence,
        trace: &Trace,
        recovery: &Trace,
    ) -> Vec<Guarantee> {
        let mut refuted = Vec::new();
        for &guarantee in &evidence.scenario.judges {
            let Some(checker) = check::checker(guarantee) else { continue };
            let judgement = checker.check(evidence);
            let entry = self.entries.entry(guarantee).or_default();
            if evidence.strike.is_random() {
                entry.random_kills += 1;
            } else if judgement.comparisons > 0 {
                entry.trials += 1;
                entry.faults.extend(evidence.strike.kind());
                entry.scenarios.insert(evidence.scenario.name.clone());
            }
            let Some(finding) = judgement.findings.into_iter().next() else { continue };
            refuted.push(guarantee);
            entry.keep(Box::new(Case {
                guarantee,
                finding,
                evidence: evidence.clone(),
                trace: trace.clone(),
                recovery: recovery.clone(),
            }));
        }
        refuted
    }

    /// Notes why finding nothing against `guarantee` would prove nothing.
    pub fn doubt(&mut self, guarantee: Guarantee, reason: &str) {
        self.entries.entry(guarantee).or_default().doubts.insert(reason.to_owned());
    }

    /// Adds what another docket knows.
    pub fn merge(&mut self, other: Self) {
        for (guarantee, theirs) in other.entries {
            let ours = self.entries.entry(guarantee).or_default();
            ours.trials += theirs.trials;
            ours.random_kills += theirs.random_kills;
            ours.scenarios.extend(theirs.scenarios);
            ours.faults.extend(theirs.faults);
            ours.doubts.extend(theirs.doubts);
            if let Some(case) = theirs.case {
                ours.keep(case);
            }
        }
    }

    /// What is known of `guarantee`, if it was ever up for judgement.
    pub fn entry(&self, guarantee: Guarantee) -> Option<&Entry> {
        self.entries.get(&guarantee)
    }

    /// The smallest case against `guarantee`.
    pub fn case(&self, guarantee: Guarantee) -> Option<&Case> {
        self.entries.get(&guarantee)?.case.as_deref()
    }

    /// Every refuted guarantee's smallest case, in catalogue order.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.entries.values().filter_map(|entry| entry.case.as_deref())
    }
}

impl Entry {
    fn keep(&mut self, case: Box<Case>) {
        if self.case.as_ref().is_none_or(|smallest| case.size() < smallest.size()) {
            self.case = Some(case);
        }
    }
}
