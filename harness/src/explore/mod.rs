//! Exploring: running a subject through scenarios, fault by fault, with real processes.
//!
//! `campaign` spreads scenarios over threads, `sweep` makes the trials of one scenario: a `rehearsal` without
//! any fault, then one `trial` a strike. `power` loses power by model. `arena` is the place where it happens, `observe`
//! looks at what is left, `soak` has clients run free, `generate` thinks up further workloads, `shrink` leaves out of a
//! counterexample what it does not need.

mod allotment;
mod arena;
mod bit_rot;
mod campaign;
pub mod crash_state;
mod generate;
mod io_fault;
pub mod kill_point;
mod observe;
mod power;
mod profile;
mod rehearsal;
mod replay;
pub mod schedules;
mod shrink;
mod soak;
mod stored;
mod sweep;
mod trial;

pub use campaign::{Campaign, Failure, Outcome, is_cut_short, told};
pub(crate) use generate::regressions;
pub use profile::{Effort, Profile};
pub use replay::{Replayed, replay};
