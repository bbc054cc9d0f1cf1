//! The engine behind `crashworthy`: it drives a storage backend in real processes, strikes it at every
//! file-system call, looks at what is left, and says which documented guarantees hold.
//!
//! One pipeline: (subject, scenario, seed) -> trials -> history and trace -> findings -> verdicts ->
//! certificate. `ARCHITECTURE.md` has the map.

pub mod check;
pub mod cli;
pub mod explore;
pub mod fault;
pub mod history;
pub mod judge;
pub mod persist;
pub mod report;
pub mod scenario;
pub mod schedule;
pub mod subject;
pub mod throughput;
pub mod trace;

#[cfg(test)]
mod tidy;
