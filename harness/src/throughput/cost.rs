//! The result of a bench, as people and programs get it.
//!
//! The JSON form is a stable schema, `reports/schema/bench-1.json`: fields may be added, never changed. All times are
//! nanoseconds for one operation of one client; with several clients they are what each of them waits.

use crashworthy::Category;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cell, Estimate};
use crate::judge::{Certificate, SubjectIdentity, Verdict};

/// The schema that this build writes.
pub const BENCH_SCHEMA: u32 = 1;

/// Some subjects side by side, measured in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`BENCH_SCHEMA`]
    pub schema: u32,
    /// The type of file system that was measured on, as `stat -f` names it, or its number.
    pub file_system: String,
    /// Whether it keeps its files in memory, where a sync costs nothing.
    pub in_memory: bool,
    /// Processors that this run could use.
    pub processors: usize,
    /// How long it took.
    pub seconds: f64,
    /// Whether it was cut short; what was measured until then stands.
    pub interrupted: bool,
    /// In the order in which they were asked for.
    pub subjects: Vec<SubjectCosts>,
}

/// What one subject keeps and costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubjectCosts {
    /// How it is told from the others: as the user called it, with its options.
    pub label: String,
    /// As it calls itself.
    pub subject: SubjectIdentity,
    /// What it was opened with.
    pub options: Value,
    /// Where the certificate came from that the standing was read from.
    pub certificate: Option<String>,
    /// When that was written, in RFC 3339; files of older builds do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certified_at: Option<String>,
    /// Files of its command that have changed since, so that the certificate may be of another program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_since: Vec<String>,
    /// What the certificate says of each group of guarantees; nothing without one.
    pub standing: Vec<Standing>,
    /// In the order of [`Cell::all`].
    pub costs: Vec<Cost>,
}

/// What a certificate says of one group of guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Which group.
    pub category: Category,
    /// How many were upheld, claimed or not.
    pub upheld: usize,
    /// How many were refuted, claimed or not.
    pub refuted: usize,
    /// How many were neither.
    pub not_measured: usize,
}

impl Standing {
    /// Of every group that the certificate has a row of.
    pub fn of(certificate: &Certificate) -> Vec<Self> {
        let mut standing: Vec<Self> = Vec::new();
        for row in &certificate.guarantees {
            if standing.last().is_none_or(|group| group.category != row.category) {
                let category = row.category;
                standing.push(Self { category, upheld: 0, refuted: 0, not_measured: 0 });
            }
            let group = standing.last_mut().expect("pushed just now");
            match row.verdict {
                Verdict::Upheld => group.upheld += 1,
                Verdict::Refuted => group.refuted += 1,
                Verdict::NotMeasured | Verdict::HarnessBroken => group.not_measured += 1,
            }
        }
        standing
    }
}

/// What one thing costs with one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// What was measured.
    #[serde(flatten)]
    pub cell: Cell,
    /// What came of it.
    #[serde(flatten)]
    pub measured: Measured,
}

/// What came of measuring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Measured {
    /// It costs that much beyond the protocol.
    Cost {
        /// An operation, less what the protocol takes of it.
        nanos: Estimate,
        /// The operation as it was timed.
        timed_nanos: Estimate,
        /// What the protocol takes of it.
        protocol_nanos: Estimate,
    },
    /// What is left beyond the protocol is smaller than the noise.
    BelowProtocol {
        /// What is left is less than that: the upper end of the difference, or how far the protocol's own cost is
        /// known, where that is less exact. Older files do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below_nanos: Option<f64>,
        /// The operation as it was timed.
        timed_nanos: Estimate,
        /// What the protocol takes of it.
        protocol_nanos: Estimate,
    },
    /// Nothing was measured.
    NotMeasured {
        /// Why.
        reason: String,
    },
}

impl Measured {
    /// Of the rounds of a cell, each an operation as it was timed and what the protocol takes of it.
    pub(super) fn of(rounds: &[(f64, f64)]) -> Option<Self> {
        let estimate = |part: fn(&(f64, f64)) -> f64| {
            Estimate::of(&rounds.iter().map(part).collect::<Vec<_>>())
        };
        // The difference within each round, so that what slows a whole round down is in neither.
        let nanos = estimate(|(timed, protocol)| timed - protocol)?;
        let timed_nanos = estimate(|(timed, _)| *timed)?;
        let protocol_nanos = estimate(|(_, protocol)| *protocol)?;
        Some(if nanos.low > 0.0 {
            Self::Cost { nanos, timed_nanos, protocol_nanos }
        } else {
            // Nobody can tell less than what the protocol's cost varies by; an operation that seems to take less than a
            // refused one least of all.
            let below = nanos.high.max(protocol_nanos.high - protocol_nanos.low);
            let below_nanos = Some(below).filter(|nanos| *nanos > 0.0);
            Self::BelowProtocol { below_nanos, timed_nanos, protocol_nanos }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remainder_within_the_noise_is_no_number() {
        let clear: Vec<_> = (0..9).map(|n| (100.0 + f64::from(n), 10.0)).collect();
        let Some(Measured::Cost { nanos, .. }) = Measured::of(&clear) else {
            panic!("it is clear")
        };
        assert_eq!((nanos.n, nanos.median.to_bits()), (9, 94.0_f64.to_bits()));
        let noisy: Vec<_> = (0..9).map(|n| (100.0, 97.0 + f64::from(n % 5))).collect();
        let Some(Measured::BelowProtocol { below_nanos, .. }) = Measured::of(&noisy) else {
            panic!("it is noise")
        };
        assert_eq!(below_nanos.map(f64::to_bits), Some(3.0_f64.to_bits()), "97 to 100 of 100");
        // Who seems faster than a refusal is known no better than the refusal.
        let faster: Vec<_> = (0..9).map(|n| (50.0, 97.0 + f64::from(n % 5))).collect();
        let Some(Measured::BelowProtocol { below_nanos, .. }) = Measured::of(&faster) else {
            panic!("it is less than nothing")
        };
        assert_eq!(
            below_nanos.map(f64::to_bits),
            Some(3.0_f64.to_bits()),
            "as far as 97 is from 100"
        );
        let exact = Measured::of(&[(50.0, 97.0); 9]);
        assert!(matches!(exact, Some(Measured::BelowProtocol { below_nanos: None, .. })));
        assert_eq!(Measured::of(&[]), None);
    }

    #[test]
    fn a_round_that_was_slow_as_a_whole_changes_nothing() {
        let mut rounds = vec![(100.0, 10.0); 9];
        let calm = Measured::of(&rounds);
        rounds[4] = (5_090.0, 5_000.0);
        let Some(Measured::Cost { nanos, .. }) = Measured::of(&rounds) else {
            panic!("it is clear")
        };
        let Some(Measured::Cost { nanos: before, .. }) = calm else { panic!("it is clear") };
        assert_eq!(nanos, before);
    }
}
