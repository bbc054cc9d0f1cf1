//! The docket: what the checkers said of every trial so far, by guarantee and persistence model.
//!
//! A trial without a power loss belongs to the model that decides where a claim names no file system.

use std::collections::{BTreeMap, BTreeSet};

use crashworthy::{Guarantee, PersistenceModel};
use serde::{Deserialize, Serialize};

use super::{Case, Losses, Sights, Size, counterexample::Order};
use crate::{
    check::{self, Finding, Trial},
    fault::FaultKind,
    history::Evidence,
    scenario::{Scenario, is_generated},
    trace::Trace,
};

/// What is known of one guarantee so far, under one model.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Trials in which something was compared. Kills at random instants do not count: what they hit
    /// differs from run to run, and a certificate must not.
    pub trials: usize,
    /// Of these, in generated workloads.
    pub generated_trials: usize,
    /// Kills at random instants in scenarios that judge it.
    pub random_kills: usize,
    /// The scenarios in which something was compared.
    pub scenarios: BTreeSet<String>,
    /// The kinds of fault after which something was compared.
    pub faults: BTreeSet<FaultKind>,
    /// How far the search went in crash states and orders of calls, in words, where that is not plain.
    pub bounds: BTreeSet<String>,
    /// Whether that leaves anything out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// Whether more orders of calls would have been tried if there had been time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed: bool,
    /// Whether a soak looked for a refutation.
    pub soaked: bool,
    /// Which kinds of counterexample there are, kills at random instants and soaks left out: `FAULT in FAMILY`. The
    /// family is the scenario, or `generated`, since a generated workload is another one for another seed.
    pub kinds: BTreeSet<String>,
    /// The smallest trial with a finding, reduced.
    pub case: Option<Box<Case>>,
    /// How large that was when it was found.
    pub found: Option<Size>,
    /// Why the absence of findings says nothing, one reason each.
    pub doubts: BTreeSet<String>,
}

/// See the module.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(Guarantee, PersistenceModel, Entry)>")]
#[serde(into = "Vec<(Guarantee, PersistenceModel, Entry)>")]
pub struct Docket {
    entries: BTreeMap<(Guarantee, PersistenceModel), Entry>,
}

/// The name of a kind's fault, where nothing struck.
const NO_FAULT: &str = "no fault";
/// The family of the kinds that generated workloads showed.
const GENERATED: &str = "generated";

/// Whether a kind of counterexample (see [`Entry::kinds`]) was shown by a generated workload.
pub(super) fn is_kind_of_generated(kind: &str) -> bool {
    kind.rsplit_once(" in ").is_some_and(|(_, family)| family == GENERATED)
}

impl Entry {
    fn keep_kind(&mut self, evidence: &Evidence) {
        if evidence.strike.is_random() {
            return;
        }
        let fault = evidence.strike.kind().map_or(NO_FAULT.to_owned(), |kind| kind.to_string());
        let scenario = &evidence.scenario;
        let family = if scenario.is_generated() { GENERATED } else { scenario.name.as_str() };
        self.kinds.insert(format!("{fault} in {family}"));
    }

    fn is_smallest(&self, size: Order<'_>) -> bool {
        self.found.as_ref().is_none_or(|smallest| size < smallest.order())
    }
}

/// What all checkers that a scenario asks for made of one trial.
pub type Ruling = Vec<(Guarantee, Option<Finding>)>;

/// Lets the checkers that the scenario asks for judge one trial; left out are those with nothing to compare.
pub fn rule(evidence: &Evidence) -> Ruling {
    rule_or_doubt(evidence).0
}

/// [`rule`], and what the checkers could not decide.
pub fn rule_or_doubt(evidence: &Evidence) -> (Ruling, Vec<(Guarantee, String)>) {
    let trial = Trial::new(evidence);
    let checkers = evidence.scenario.judges.iter().map(|guarantee| check::checker(*guarantee));
    let (mut ruling, mut doubts) = (Ruling::new(), Vec::new());
    for checker in checkers {
        let judgement = checker.check(&trial);
        if judgement.comparisons > 0 || !judgement.findings.is_empty() {
            ruling.push((checker.guarantee(), judgement.findings.into_iter().next()));
        }
        doubts.extend(judgement.doubt.map(|doubt| (checker.guarantee(), doubt)));
    }
    (ruling, doubts)
}

impl Docket {
    /// Judges one trial; the guarantees that it refutes.
    pub fn judge(
        &mut self,
        evidence: &Evidence,
        trace: &Trace,
        recovery: &Trace,
    ) -> Vec<Guarantee> {
        let (ruling, doubts) = rule_or_doubt(evidence);
        for (guarantee, doubt) in doubts {
            self.doubt(guarantee, &doubt);
        }
        for &guarantee in &evidence.scenario.judges {
            let entry = self.entry_of(guarantee, evidence.strike.model());
            entry.random_kills += usize::from(evidence.strike.is_random());
        }
        if !evidence.strike.is_random() {
            let kind = evidence.strike.kind();
            self.count(&ruling, evidence.strike.model(), kind, &evidence.scenario);
        }
        self.keep(&ruling, evidence, trace, recovery, &Losses::default())
    }

    /// Counts a trial that was ruled on; whether it refutes anything.
    pub fn count(
        &mut self,
        ruling: &Ruling,
        model: PersistenceModel,
        kind: Option<FaultKind>,
        scenario: &Scenario,
    ) -> bool {
        for (guarantee, _) in ruling {
            let entry = self.entry_of(*guarantee, model);
            entry.trials += 1;
            entry.generated_trials += usize::from(is_generated(&scenario.name));
            entry.faults.extend(kind);
            if !entry.scenarios.contains(&scenario.name) {
                entry.scenarios.insert(scenario.name.clone());
            }
        }
        ruling.iter().any(|(_, finding)| finding.is_some())
    }

    /// Whether [`Self::keep`] would keep the trial for something that it refutes.
    pub fn wants(&self, ruling: &Ruling, evidence: &Evidence) -> bool {
        let refuted = ruling.iter().filter(|(_, finding)| finding.is_some());
        refuted.into_iter().any(|(guarantee, _)| {
            let known = self.entry(*guarantee, evidence.strike.model());
            known.is_none_or(|entry| entry.is_smallest(Case::size_of(evidence)))
        })
    }

    /// Keeps a trial that was ruled on, where it is the smallest case; the guarantees that it refutes.
    pub fn keep(
        &mut self,
        ruling: &Ruling,
        evidence: &Evidence,
        trace: &Trace,
        recovery: &Trace,
        losses: &Losses,
    ) -> Vec<Guarantee> {
        let mut refuted = Vec::new();
        for (guarantee, finding) in ruling {
            let Some(finding) = finding else { continue };
            refuted.push(*guarantee);
            let entry = self.entry_of(*guarantee, evidence.strike.model());
            entry.keep_kind(evidence);
            if entry.is_smallest(Case::size_of(evidence)) {
                entry.found = Some(Size::of(evidence));
                entry.case = Some(Box::new(Case {
                    guarantee: *guarantee,
                    finding: finding.clone(),
                    evidence: evidence.clone(),
                    trace: trace.clone(),
                    recovery: recovery.clone(),
                    losses: losses.clone(),
                    sights: Sights::new(),
                }));
            }
        }
        refuted
    }

    /// Notes why finding nothing against `guarantee` would prove nothing, under any model.
    pub fn doubt(&mut self, guarantee: Guarantee, reason: &str) {
        self.entry_of(guarantee, PersistenceModel::default()).doubts.insert(reason.to_owned());
    }

    /// Notes that not everything was looked at, and what was.
    pub fn bound(&mut self, guarantee: Guarantee, model: PersistenceModel, bound: &str) {
        self.reach(guarantee, model, bound, false);
    }

    /// Notes what was looked at, and whether that is `all`.
    pub fn reach(&mut self, guarantee: Guarantee, model: PersistenceModel, what: &str, all: bool) {
        let entry = self.entry_of(guarantee, model);
        entry.bounds.insert(what.to_owned());
        entry.left_out |= !all;
    }

    /// Notes that no more orders of calls were tried because a time budget had no more time for them.
    pub fn ran_out_of_time(&mut self, guarantee: Guarantee) {
        self.entry_of(guarantee, PersistenceModel::default()).timed = true;
    }

    /// Notes that a soak looked for a refutation. That is no trial: nobody can say what it compared.
    pub fn soaked(&mut self, guarantee: Guarantee) {
        self.entry_of(guarantee, PersistenceModel::default()).soaked = true;
    }

    /// Puts a case that was reduced in the place of the one that it was made of.
    pub fn replace(&mut self, case: Case) {
        let entry = self.entry_of(case.guarantee, case.evidence.strike.model());
        entry.case = Some(Box::new(case));
    }

    /// Adds what another docket knows.
    pub fn merge(&mut self, other: Self) {
        for (key, theirs) in other.entries {
            let ours = self.entries.entry(key).or_default();
            ours.trials += theirs.trials;
            ours.generated_trials += theirs.generated_trials;
            ours.random_kills += theirs.random_kills;
            ours.scenarios.extend(theirs.scenarios);
            ours.faults.extend(theirs.faults);
            ours.timed |= theirs.timed;
            ours.soaked |= theirs.soaked;
            ours.bounds.extend(theirs.bounds);
            ours.left_out |= theirs.left_out;
            ours.doubts.extend(theirs.doubts);
            ours.kinds.extend(theirs.kinds);
            if let Some(found) = theirs.found
                && ours.is_smallest(found.order())
            {
                ours.found = Some(found);
                ours.case = theirs.case;
            }
        }
    }

    /// What is known of `guarantee` under a model, if it was ever up for judgement.
    pub fn entry(&self, guarantee: Guarantee, model: PersistenceModel) -> Option<&Entry> {
        self.entries.get(&(guarantee, model))
    }

    /// Why finding nothing against `guarantee` proves nothing, one reason each.
    pub fn doubts(&self, guarantee: Guarantee) -> impl Iterator<Item = &str> {
        let entry = self.entry(guarantee, PersistenceModel::default());
        entry.into_iter().flat_map(|entry| entry.doubts.iter().map(String::as_str))
    }

    /// The smallest case against `guarantee` under a model.
    pub fn case(&self, guarantee: Guarantee, model: PersistenceModel) -> Option<&Case> {
        self.entry(guarantee, model)?.case.as_deref()
    }

    /// Every refuted guarantee's smallest case under the model that decides it, in catalogue order.
    pub fn cases<'a>(
        &'a self,
        deciding: impl Fn(Guarantee) -> PersistenceModel + 'a,
    ) -> impl Iterator<Item = &'a Case> {
        let decided = self
            .entries
            .iter()
            .filter(move |((guarantee, model), _)| deciding(*guarantee) == *model);
        decided.filter_map(|(_, entry)| entry.case.as_deref())
    }

    fn entry_of(&mut self, guarantee: Guarantee, model: PersistenceModel) -> &mut Entry {
        self.entries.entry((guarantee, model)).or_default()
    }
}

impl From<Vec<(Guarantee, PersistenceModel, Entry)>> for Docket {
    fn from(entries: Vec<(Guarantee, PersistenceModel, Entry)>) -> Self {
        let keyed = |(guarantee, model, entry)| ((guarantee, model), entry);
        Self { entries: entries.into_iter().map(keyed).collect() }
    }
}

impl From<Docket> for Vec<(Guarantee, PersistenceModel, Entry)> {
    fn from(docket: Docket) -> Self {
        let flat = |((guarantee, model), entry)| (guarantee, model, entry);
        docket.entries.into_iter().map(flat).collect()
    }
}
