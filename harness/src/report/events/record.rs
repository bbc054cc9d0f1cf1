//! One line of the stream, as it is written and read.
//!
//! Within schema 1 kinds of events and fields may be added, never changed or removed: a reader passes over those
//! that it does not know.

use crashworthy::Guarantee;
use serde::{Deserialize, Serialize};

use crate::{
    judge::{Case, Certificate, Counterexample, Rating},
    report::{story, tally::Tally},
};

/// The schema of event streams that this build reads and writes.
pub const EVENTS_SCHEMA: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// [`EVENTS_SCHEMA`]
    pub schema: u32,
    /// Milliseconds since the run began.
    pub ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run began: the first line.
    Started {
        /// When, in UTC, as RFC 3339.
        at: String,
        /// As the user called the subject.
        subject: String,
        /// Everything random derives from it.
        seed: u64,
        /// How many scenarios will be run.
        scenarios: usize,
        /// How many workloads will be generated besides.
        workloads: usize,
    },
    /// The subject has answered its first request.
    Greeted {
        /// As it calls itself.
        name: String,
        /// As it calls itself.
        version: String,
    },
    /// A scenario was run fault-free, and trials follow.
    Planned {
        /// Its name.
        scenario: String,
        /// How many.
        trials: usize,
    },
    /// More trials follow than were planned.
    More {
        /// How many.
        trials: usize,
    },
    /// Trials are over. It is told at most ten times a second, and before every other event.
    Trials {
        /// How many since the run began.
        done: usize,
    },
    /// A guarantee was refuted for the first time.
    Refuted {
        /// Which.
        guarantee: Guarantee,
        /// In which scenario.
        scenario: String,
        /// What was seen, in one line.
        summary: String,
        /// The counterexample's file, relative to the stream's; a smaller one may take its place.
        counterexample: String,
    },
    /// All is judged, and the certificate written: the last line.
    Finished {
        /// The overall answer.
        verdict: Rating,
        /// Whether the run was cut short.
        interrupted: bool,
        /// What the process exits with.
        exit_code: u8,
        /// How many claims have which verdict.
        claims: Claims,
        /// Trials that were run, generated ones included.
        trials: usize,
    },
    /// One that this build does not know.
    #[serde(other)]
    Other,
}

/// How many claims have which verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Compared, and never found broken.
    pub upheld: usize,
    /// Found broken.
    pub refuted: usize,
    /// Nothing was compared; never a pass.
    pub not_measured: usize,
    /// The harness is the suspect.
    pub harness_broken: usize,
}

impl Event {
    pub(super) fn refuted(case: &Case) -> Self {
        Self::Refuted {
            guarantee: case.guarantee,
            scenario: case.evidence.scenario.name.clone(),
            summary: story::summary(case),
            counterexample: Counterexample::path(case.guarantee),
        }
    }

    pub(super) fn finished(certificate: &Certificate) -> Self {
        let claims = Tally::of(certificate, true);
        Self::Finished {
            verdict: certificate.verdict,
            interrupted: certificate.interrupted,
            exit_code: certificate.exit_code(),
            claims: Claims {
                upheld: claims.upheld,
                refuted: claims.refuted,
                not_measured: claims.not_measured,
                harness_broken: claims.harness_broken,
            },
            trials: certificate.totals.trials,
        }
    }
}
