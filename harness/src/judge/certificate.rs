//! The certificate: guarantees, verdicts, bounds, counts and seed, as people and CI keep it.
//!
//! The JSON form is a stable schema: fields may be added, never changed. Everything but the time in it, and what
//! is counted by it, is a function of subject, scenarios and seed.

use crashworthy::{Category, Guarantee, PersistenceModel};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::Display;

use super::Ratchet;
use crate::scenario::Partition;

/// The schema of certificates that this build writes.
pub const CERTIFICATE_SCHEMA: u32 = 1;

/// What is known of one guarantee.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// Compared, and never found broken.
    Upheld,
    /// Found broken, with a counterexample.
    Refuted,
    /// Nothing was compared; never a pass.
    NotMeasured,
    /// The harness itself is the suspect; nobody is accused.
    HarnessBroken,
}

/// What is known of all claims together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Rating {
    /// Every claim was upheld.
    Certified,
    /// A claim was refuted.
    Refuted,
    /// A claim was not measured.
    Inconclusive,
    /// The harness itself is the suspect.
    HarnessBroken,
}

impl Rating {
    /// The exit code of `crashworthy certify`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Certified => 0,
            Self::Refuted => 1,
            Self::Inconclusive => 3,
            Self::HarnessBroken => 70,
        }
    }
}

/// Who was certified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectIdentity {
    /// As it calls itself.
    pub name: String,
    /// As it calls itself.
    pub version: String,
    /// As the user called it: a built-in's name, or the command line.
    pub command: String,
    /// What it was opened with: with other options it keeps other guarantees.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
}

impl SubjectIdentity {
    /// Name and version, as it calls itself; before it has said anything, what the user called it.
    pub fn in_words(&self) -> String {
        let name = if self.name.is_empty() { &self.command } else { &self.name };
        format!("{name} {}", self.version).trim().to_owned()
    }

    /// What it was opened with, as JSON; `None` without options.
    pub fn options_in_words(&self) -> Option<String> {
        let text = || serde_json::to_string(&self.options).expect("options are plain data");
        (!self.options.is_empty()).then(text)
    }

    /// The same opened with these options.
    #[must_use]
    pub fn with(self, options: &Value) -> Self {
        Self { options: options.as_object().cloned().unwrap_or_default(), ..self }
    }
}

/// One row of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuaranteeResult {
    /// Which guarantee.
    pub id: Guarantee,
    /// Its group.
    pub category: Category,
    /// Whether the subject documents it (or documents nothing at all, and is read strictly).
    pub claimed: bool,
    /// The documented sentence, where there is one.
    pub claim: Option<String>,
    /// What was found.
    pub verdict: Verdict,
    /// How many trials compared something.
    pub trials: usize,
    /// How far the search went, in words.
    pub bound: String,
    /// Why nothing was measured, or why the harness is the suspect.
    pub reason: Option<String>,
    /// Path of the counterexample's file, relative to the certificate.
    pub counterexample: Option<String>,
    /// What was seen, in one line.
    pub summary: Option<String>,
    /// For what a power loss leaves: the verdict under each persistence model. The row's own verdict is that of
    /// the file system which the claim names, or else `strict`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelResult>,
    /// How far the evidence reaches. Certificates of the first versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
}

/// How far a row's evidence reaches, for programs that compare it with another run's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The scenarios in which something was compared.
    pub scenarios: Vec<String>,
    /// How many generated workloads did so besides.
    pub generated: usize,
    /// How many of the row's trials were theirs.
    pub generated_trials: usize,
    /// Whether nothing was left out where there is a bound: all crash states, every order of calls.
    pub exhaustive: bool,
    /// Whether more orders of calls would have been tried if the time budget had had time for them: how many there are
    /// among the trials is of the machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed: bool,
    /// Where it is refuted: the kinds of counterexample that were seen, as `FAULT in FAMILY`. What only chance shows
    /// (kills at random instants, a soak) has none.
    pub kinds: Vec<String>,
    /// How many workloads that judge it are other shards'. Until they are merged, the row is not upheld.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub elsewhere: usize,
    /// For how many reasons of its own the search proves nothing, whatever others find.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub doubts: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// What was found under one persistence model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelResult {
    /// Which model.
    pub model: PersistenceModel,
    /// What was found.
    pub verdict: Verdict,
    /// How many crash states gave something to compare.
    pub crash_states: usize,
    /// What was seen, in one line, where it is refuted.
    pub summary: Option<String>,
}

/// How much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Runs of a scenario, struck or not.
    pub trials: usize,
    /// Processes killed with SIGKILL at a place that a strike named, inside writes included.
    pub kills: usize,
    /// Of these, inside a write.
    pub torn_writes: usize,
    /// System calls made to fail.
    pub errors_injected: usize,
    /// Crash states that a persistence model allowed and a subject opened: in each scenario those that differ, however
    /// many moments and models allow one. A row counts it at each moment under its own model.
    pub crash_states: usize,
    /// Orders of several processes' events.
    pub schedules: usize,
    /// Wall time in seconds. It differs between two runs with one seed.
    pub wall_seconds: f64,
    /// What a soak did, where there was one. It differs, too: clients that run free do what time allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<SoakTotals>,
}

/// How much a soak did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SoakTotals {
    /// Operations that clients called at full speed.
    pub operations: u64,
    /// Clients killed at random instants, inside an operation.
    pub kills: u64,
    /// Paths whose history was given up because it was too hard to judge.
    pub undecided: u64,
    /// How long it took.
    pub seconds: f64,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`CERTIFICATE_SCHEMA`]
    pub schema: u32,
    /// The version of crashworthy that certified. Certificates of the first versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness: Option<String>,
    /// Who was certified.
    pub subject: SubjectIdentity,
    /// How thoroughly: quick, full or nightly.
    pub profile: String,
    /// Everything random derives from it.
    pub seed: u64,
    /// The overall answer.
    pub verdict: Rating,
    /// Whether the subject brought no claims, so that every guarantee counts as claimed.
    pub claims_assumed: bool,
    /// Whether the run was cut short; what was judged until then stands.
    pub interrupted: bool,
    /// Where it is of one of several machines that share the work: which part of it. It says nothing for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
    /// In catalogue order.
    pub guarantees: Vec<GuaranteeResult>,
    /// How much was done.
    pub totals: Totals,
    /// What is worse and better than in the baseline that it was measured by; that decides about the exit code then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Ratchet>,
}

impl Certificate {
    /// The exit code of `crashworthy certify`. With a baseline it fails for what is worse, and for nothing else.
    pub fn exit_code(&self) -> u8 {
        let own = self.exit_code_by_itself();
        match &self.measured {
            None => own,
            Some(measured) if measured.worse.is_empty() => 0,
            Some(_) if self.interrupted => own.max(Rating::Refuted.exit_code()),
            Some(_) => Rating::Refuted.exit_code(),
        }
    }

    /// Whether it is a claim that is refuted, and not only as a baseline knows it.
    pub fn is_charged(&self, row: &GuaranteeResult) -> bool {
        let is_known = |measured: &Ratchet| measured.known.contains(&row.id);
        row.claimed
            && row.verdict == Verdict::Refuted
            && !self.measured.as_ref().is_some_and(is_known)
    }

    /// A shard answers for what it was to do itself: it does not fail for what is left to others, and passing it is no
    /// pass before all are merged.
    fn exit_code_by_itself(&self) -> u8 {
        let own = |row: &GuaranteeResult| {
            let is_left = |of: &Coverage| of.elsewhere > 0 && of.doubts == 0;
            row.claimed && !row.coverage.as_ref().is_some_and(is_left)
        };
        let is_clear = self.partition.is_some()
            && self.verdict == Rating::Inconclusive
            && !self.interrupted
            && self.guarantees.iter().any(|row| row.claimed)
            && self
                .guarantees
                .iter()
                .filter(|row| own(row))
                .all(|row| row.verdict == Verdict::Upheld);
        if is_clear { Rating::Certified.exit_code() } else { self.verdict.exit_code() }
    }
}

impl Totals {
    /// Adds what others did. Time is not added: some of it was the same.
    pub fn add(&mut self, other: &Self) {
        let Self { trials, kills, torn_writes, errors_injected, crash_states, schedules, .. } =
            other;
        self.trials += trials;
        self.kills += kills;
        self.torn_writes += torn_writes;
        self.errors_injected += errors_injected;
        self.crash_states += crash_states;
        self.schedules += schedules;
    }
}

impl SoakTotals {
    /// Adds what others did.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.kills += other.kills;
        self.undecided += other.undecided;
        self.seconds += other.seconds;
    }
}
