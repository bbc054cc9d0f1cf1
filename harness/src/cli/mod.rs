//! The command line: options, plan, run, report, exit code.
//!
//! Exit codes: 0 every claim upheld; 1 a claim refuted (or a counterexample reproduced); 2 usage; 3 a claimed
//! guarantee was not measured; 70 the harness is the suspect.

mod args;
mod baseline;
mod bench;
mod certify;
mod compare;
mod completions;
mod events;
mod exit;
mod explain;
mod help;
mod init;
mod list;
mod man;
mod merge;
mod parse;
mod print;
mod program;
mod ratchet;
mod regressions;
mod replay;
mod report;
mod seed;
mod separator;
mod test_target;

use std::process::ExitCode;

use miette::Report;

use crate::subject;

/// Why a command did not do its work.
#[derive(Debug)]
enum Stop {
    /// The user can mend it: exit 2.
    Usage(Report),
    /// The harness is the suspect: exit 70.
    Harness(Report),
}

impl Stop {
    fn usage(message: impl std::fmt::Display) -> Self {
        Self::Usage(miette::miette!("{message}"))
    }

    fn harness(message: impl std::fmt::Display) -> Self {
        Self::Harness(miette::miette!("{message}"))
    }
}

pub use test_target::certify_backends;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // Before anything else: this process may be a worker that was re-executed.
    subject::become_worker_if_asked(&subject::backends());
    let done = match parse::arguments().command {
        args::Command::Certify(arguments) => certify::certify(&arguments),
        args::Command::Merge(arguments) => merge::merge(&arguments),
        args::Command::Baseline(arguments) => baseline::baseline(&arguments),
        args::Command::Compare(arguments) => compare::compare(&arguments),
        args::Command::Replay(arguments) => replay::replay(&arguments),
        args::Command::Explain(arguments) => explain::explain(&arguments),
        args::Command::Events(arguments) => events::events(&arguments),
        args::Command::List(arguments) => list::list(&arguments),
        args::Command::Report(arguments) => report::report(&arguments),
        args::Command::Init(arguments) => init::init(&arguments),
        args::Command::Completions(arguments) => completions::completions(&arguments),
        args::Command::Man(arguments) => man::man(&arguments),
        args::Command::Bench(arguments) => bench::bench(&arguments),
    };
    ended(done)
}

/// Says what stopped a command, if anything did.
fn ended(done: Result<u8, Stop>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(Stop::Usage(report)) => {
            eprintln!("{report:?}");
            ExitCode::from(exit::USAGE)
        }
        Err(Stop::Harness(report)) => {
            eprintln!("{report:?}");
            ExitCode::from(exit::HARNESS)
        }
    }
}
