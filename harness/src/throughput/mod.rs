//! What operations cost, measured through the protocol and without the protocol's own cost.
//!
//! All subjects take turns in short rounds, so that whatever else the machine does hits all alike. In each round a
//! subject does a *slice* of real operations and, in the same processes and with the same bytes, a slice of *refused*
//! ones: the same operation on the empty path, which every backend refuses before it touches what it stores. The
//! difference of the two is what the operation costs; the median over all rounds is reported, with an interval that
//! holds it with 95 % confidence, whatever the distribution. Where that interval reaches down to nothing, the result
//! is *below the protocol's cost*: no number, and how much it may be at most.
//!
//! A refused read carries no content back. What carrying it takes at least, the built-in `memory` tells, which stores
//! nothing either: its reads, less its refused ones, are added to what the protocol costs. What a subject's own
//! encoding takes beyond that counts as the subject's.

mod bench;
mod clients;
mod cost;
mod plan;
mod statistics;

pub use bench::{Bench, BenchError};
pub use cost::{BENCH_SCHEMA, Comparison, Cost, Measured, Standing, SubjectCosts};
pub use plan::{CLIENTS, Cell, SIZES, Work};
pub use statistics::Estimate;
