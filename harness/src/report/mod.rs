//! Reports: consumers of the engine's one stream of events, and pages for people.
//!
//! A new output is one file with one [`Reporter`].

pub mod badge;
pub mod baselines;
pub mod catalogue;
pub mod certificates;
pub mod comparison;
pub mod events;
pub mod explain;
mod failure;
pub mod files;
#[cfg(test)]
pub(crate) mod fixture;
pub mod github;
pub mod html;
pub mod junit;
pub mod runs;
pub mod shards;
pub mod sheet;
pub(crate) mod shell;
pub mod stopwatch;
pub mod story;
pub mod summary;
mod tally;
pub mod terminal;
pub mod text;
pub mod throughput;
mod versioned;
mod whole;

use crate::judge::{Case, Certificate, SubjectIdentity};

/// For whom an output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// People.
    #[default]
    Human,
    /// Programs.
    Json,
}

/// What the engine tells while it works, in this order.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The run begins.
    Started {
        /// As the user called the subject.
        subject: &'a str,
        /// Everything random derives from it.
        seed: u64,
        /// How many scenarios will be run.
        scenarios: usize,
        /// How many workloads will be generated besides; a soak is one of them.
        workloads: usize,
    },
    /// A subject has answered its first request.
    Greeted(&'a SubjectIdentity),
    /// A scenario was run fault-free, and this many trials follow.
    Planned {
        /// The scenario's name.
        scenario: &'a str,
        /// How many more trials it takes.
        trials: usize,
    },
    /// It turned out that this many trials more follow.
    More(usize),
    /// One more trial is over.
    Trial,
    /// A trial refuted a guarantee that nothing had refuted so far.
    Refuted(&'a Case),
    /// More is known: what would be said if the run ended here. Told at the beginning, when the subject is known, and
    /// with every refutation before that is told, so that outputs which write it leave no run without a report,
    /// whatever ends it.
    SoFar {
        /// It says `interrupted`, and nothing in it is upheld.
        certificate: &'a Certificate,
        /// The first case of every guarantee that was refuted.
        cases: &'a [&'a Case],
    },
    /// All is judged.
    Finished {
        /// The result.
        certificate: &'a Certificate,
        /// The smallest case of every refuted guarantee.
        cases: &'a [&'a Case],
    },
}

/// Turns the engine's events into an output. It does not stop a run: where it writes somewhere, it was made sure
/// before that it can, and what goes wrong later it says on stderr, and at the end.
pub trait Reporter: Send {
    /// Told once for each event.
    fn report(&mut self, progress: &Progress<'_>);

    /// Why not all that it was to write is there, if so.
    fn failure(&self) -> Option<&str> {
        None
    }
}

impl<R: Reporter + ?Sized> Reporter for Box<R> {
    fn report(&mut self, progress: &Progress<'_>) {
        (**self).report(progress);
    }

    fn failure(&self) -> Option<&str> {
        (**self).failure()
    }
}

impl<R: Reporter + ?Sized> Reporter for &mut R {
    fn report(&mut self, progress: &Progress<'_>) {
        (**self).report(progress);
    }

    fn failure(&self) -> Option<&str> {
        (**self).failure()
    }
}
