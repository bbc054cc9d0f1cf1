//! The baseline: what a run is known to give, kept in a repository, so that a later run fails where anything got worse.
//!
//! It knows verdicts, claims and coverage, and neither figures that differ from run to run nor stories: its changes are
//! to be read in review. A kind of counterexample is `FAULT in FAMILY`: the fault that struck, and the scenario in
//! which it did (`generated` for all generated workloads). Smallest counterexamples move about; kinds stay.

use std::collections::BTreeMap;

use crashworthy::PersistenceModel;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Certificate, GuaranteeResult, Rating, Verdict};

/// The schema of baselines that this build reads and writes.
pub const BASELINE_SCHEMA: u32 = 1;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// [`BASELINE_SCHEMA`]
    pub schema: u32,
    /// The subject, as it calls itself.
    pub subject: String,
    /// What it was opened with: with other options it keeps other guarantees. A baseline of an older build does not
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Map<String, Value>>,
    /// Name of the profile: another one tries more, or less.
    pub profile: String,
    /// Another seed makes other workloads, so that what they show is compared for the same one only.
    pub seed: u64,
    /// By id; one that this build does not know has vanished.
    pub guarantees: BTreeMap<String, Known>,
}

/// What is known of one guarantee. What an older certificate did not say is unknown, and never held against a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Whether it is documented.
    pub claimed: bool,
    /// What was found.
    pub verdict: Verdict,
    /// Trials that compared something, without those of generated workloads.
    pub trials: usize,
    /// Whether nothing was left out where there is a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhaustive: Option<bool>,
    /// Whether how many trials there are is of the machine, which had no time for more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed: bool,
    /// Whether generated workloads gave evidence, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<bool>,
    /// The scenarios that gave evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<Vec<String>>,
    /// The kinds of counterexample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    /// What was found under each persistence model, where that matters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<PersistenceModel, KnownModel>,
}

/// What is known under one persistence model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownModel {
    /// What was found.
    pub verdict: Verdict,
    /// Crash states that gave something to compare.
    pub crash_states: usize,
}

/// Why a certificate makes no baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBaseline {
    /// It is of a run that was ended.
    #[error("it is of a run that was interrupted; certify again to the end")]
    Interrupted,
    /// It is of one shard.
    #[error("it is of one shard alone; `crashworthy merge` makes one certificate of all")]
    Shard,
    /// Nothing of it was ever started.
    #[error("its subject did not start, so that it says nothing; make it start, and certify again")]
    Nameless,
    /// The harness is the suspect.
    #[error("the harness itself was the suspect; certify again")]
    Broken,
}

impl Baseline {
    /// What a certificate says that is to be kept.
    ///
    /// # Errors
    /// Where it does not say what the subject gives.
    pub fn of(certificate: &Certificate) -> Result<Self, NoBaseline> {
        if certificate.interrupted {
            return Err(NoBaseline::Interrupted);
        }
        if certificate.partition.is_some() {
            return Err(NoBaseline::Shard);
        }
        if certificate.subject.name.is_empty() {
            return Err(NoBaseline::Nameless);
        }
        let is_broken = |row: &GuaranteeResult| row.verdict == Verdict::HarnessBroken;
        if certificate.verdict == Rating::HarnessBroken
            || certificate.guarantees.iter().any(is_broken)
        {
            return Err(NoBaseline::Broken);
        }
        let rows = certificate.guarantees.iter();
        Ok(Self {
            schema: BASELINE_SCHEMA,
            subject: certificate.subject.name.clone(),
            options: Some(certificate.subject.options.clone()),
            profile: certificate.profile.clone(),
            seed: certificate.seed,
            guarantees: rows.map(|row| (row.id.to_string(), Known::of(row))).collect(),
        })
    }

    /// The options that it is of, where they are not these.
    pub fn other_options(&self, options: &Map<String, Value>) -> Option<&Map<String, Value>> {
        self.options.as_ref().filter(|known| *known != options)
    }

    /// How many claims are known to have this verdict.
    pub fn claims(&self, verdict: Verdict) -> usize {
        let known = self.guarantees.values();
        known.filter(|known| known.claimed && known.verdict == verdict).count()
    }
}

impl Known {
    pub(super) fn of(row: &GuaranteeResult) -> Self {
        let coverage = row.coverage.as_ref();
        let models = row.models.iter().map(|under| {
            let (verdict, crash_states) = (under.verdict, under.crash_states);
            (under.model, KnownModel { verdict, crash_states })
        });
        Self {
            claimed: row.claimed,
            verdict: row.verdict,
            trials: row.trials.saturating_sub(coverage.map_or(0, |of| of.generated_trials)),
            exhaustive: coverage.map(|of| of.exhaustive),
            timed: coverage.is_some_and(|of| of.timed),
            generated: coverage.map(|of| of.generated > 0),
            scenarios: coverage.map(|of| of.scenarios.clone()),
            kinds: coverage.map(|of| of.kinds.clone()),
            models: models.collect(),
        }
    }
}
