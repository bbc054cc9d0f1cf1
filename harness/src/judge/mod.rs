//! From findings to verdicts: counts what was compared, keeps the smallest counterexample of each
//! guarantee, and writes the certificate. No I/O here.

mod baseline;
mod certificate;
mod comparison;
mod counterexample;
mod docket;
mod ratchet;
mod shard;
mod sights;
mod so_far;
#[cfg(test)]
mod tests;
mod timeline;
mod verdict;

pub use baseline::{BASELINE_SCHEMA, Baseline, Known, KnownModel, NoBaseline};
pub use certificate::{
    CERTIFICATE_SCHEMA, Certificate, Coverage, GuaranteeResult, ModelResult, Rating, SoakTotals,
    SubjectIdentity, Totals, Verdict,
};
pub use comparison::{COMPARISON_SCHEMA, Comparison, Finding, Line, compare};
pub use counterexample::{COUNTEREXAMPLE_SCHEMA, Case, Counterexample, Losses, Size};
pub use docket::{Docket, Entry, Ruling, rule, rule_or_doubt};
pub use ratchet::{Ratchet, TRIALS_LOST_PERCENT_MAX, ratchet};
pub use shard::{MergeError, Merged, Run, SHARD_SCHEMA, Shard, merge};
pub use sights::{Instant, Sight, Sights};
pub use so_far::SoFar;
pub use timeline::{Answer, Item, Step, StepKind, Timeline};
pub use verdict::{Frame, certificate, deciding};
