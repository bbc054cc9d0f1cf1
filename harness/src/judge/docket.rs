//! The docket: what the checkers said of every trial so far, by guarantee.

use std::collections::BTreeMap;

use crashworthy::Guarantee;

use super::Case;
use crate::{check, history::Evidence, trace::Trace};

/// What is known of one guarantee so far.
#[derive(Debug, Default)]
pub struct Entry {
    /// Trials in which something was compared.
    pub trials: usize,
    /// Trials with a finding.
    pub convictions: usize,
    /// The smallest trial with a finding.
    pub case: Option<Box<Case>>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Docket {
    entries: BTreeMap<Guarantee, Entry>,
}

impl Docket {
    /// Lets every checker that the scenario asks for judge one trial; the guarantees found broken.
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
            if judgement.comparisons == 0 && judgement.findings.is_empty() {
                continue;
            }
            let entry = self.entries.entry(guarantee).or_default();
            entry.trials += 1;
            let Some(finding) = judgement.findings.into_iter().next() else { continue };
            refuted.push(guarantee);
            entry.convictions += 1;
            let case = Case {
                guarantee,
                finding,
                evidence: evidence.clone(),
                trace: trace.clone(),
                recovery: recovery.clone(),
            };
            if entry.case.as_ref().is_none_or(|smallest| case.size() < smallest.size()) {
                entry.case = Some(Box::new(case));
            }
        }
        refuted
    }

    /// Adds what another docket knows.
    pub fn merge(&mut self, other: Self) {
        for (guarantee, theirs) in other.entries {
            let ours = self.entries.entry(guarantee).or_default();
            ours.trials += theirs.trials;
            ours.convictions += theirs.convictions;
            if let Some(case) = theirs.case
                && ours.case.as_ref().is_none_or(|smallest| case.size() < smallest.size())
            {
                ours.case = Some(case);
            }
        }
    }

    /// What is known of `guarantee`, if anything was compared.
    pub fn entry(&self, guarantee: Guarantee) -> Option<&Entry> {
        self.entries.get(&guarantee)
    }

    /// Every refuted guarantee's smallest case.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.entries.values().filter_map(|entry| entry.case.as_deref())
    }
}
