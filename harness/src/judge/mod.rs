//! From findings to verdicts: counts what was compared, keeps the smallest counterexample of each
//! guarantee, and writes the certificate. No I/O here.

mod certificate;
mod counterexample;
mod docket;
mod sights;
mod timeline;
mod verdict;

pub use certificate::{
    CERTIFICATE_SCHEMA, Certificate, GuaranteeResult, ModelResult, Rating, SoakTotals,
    SubjectIdentity, Totals, Verdict,
};
pub use counterexample::{COUNTEREXAMPLE_SCHEMA, Case, Counterexample, Losses};
pub use docket::{Docket, Ruling, rule, rule_or_doubt};
pub use sights::{Instant, Sight, Sights};
pub use timeline::{Answer, Item, Step, StepKind, Timeline};
pub use verdict::{Frame, certificate, deciding};
