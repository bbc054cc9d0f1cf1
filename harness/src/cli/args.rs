//! What can be asked for on the command line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use crashworthy::Guarantee;
use serde_json::Value;

use crate::{explore::Profile, report::Format};

/// Crash-test ratings for storage backends: which documented guarantees hold when the process is killed
/// at any system call?
#[derive(Debug, Parser)]
#[command(name = "crashworthy", version, max_term_width = 100, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  crashworthy certify                                   the reference backend
  crashworthy certify fs:documented                     the same, as its specification documents it
  crashworthy certify --claims my.claims.toml -- node my_backend.mjs
  crashworthy certify --guarantee kill-atomic-write -- ./my-backend --flag
  crashworthy replay reports/runs/fs-documented/counterexamples/path-fidelity.json
  crashworthy explain kill-atomic-write

Exit codes: 0 every claim upheld, 1 a claim refuted, 2 usage, 3 a claim not measured,
70 the harness is the suspect.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a backend through the scenarios and write its certificate
    Certify(Certify),
    /// Run a counterexample again
    Replay(Replay),
    /// Explain a guarantee: what it means, how it is tested, how to keep it
    Explain(Explain),
    /// List guarantees, scenarios or backends
    List(List),
    /// Measure what operations cost, beside what is kept
    Bench(super::bench::BenchArguments),
}

#[derive(Debug, Args)]
pub(super) struct Certify {
    /// A built-in backend (see `crashworthy list backends`)
    #[arg(default_value = "fs", conflicts_with = "program")]
    pub(super) subject: String,

    /// Any program that speaks the protocol, after `--`
    #[arg(last = true, value_name = "CMD")]
    pub(super) program: Vec<OsString>,

    /// How thorough
    #[arg(long, value_enum, default_value_t)]
    pub(super) profile: Profile,

    /// Only this scenario: a built-in's name or a TOML file (repeatable)
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) scenario: Vec<String>,

    /// Only this guarantee (repeatable)
    #[arg(long, value_name = "ID", value_parser = guarantee_ids())]
    pub(super) guarantee: Vec<String>,

    /// Scenarios and counterexamples to explore before all others [default: scenarios/regressions,
    /// where there is one]
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    pub(super) regressions: Option<PathBuf>,

    /// What the subject documents, as a TOML file; without it, a program is read strictly: every
    /// guarantee counts as claimed
    #[arg(long, value_name = "FILE")]
    pub(super) claims: Option<PathBuf>,

    /// Passed to the subject with every `open`
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = options)]
    pub(super) options: Value,

    /// Everything random derives from it
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,

    /// Start no further trial after this long, for example 60s or 2h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) time_budget: Option<Duration>,

    /// Where certificate and counterexamples go [default: reports/runs/SUBJECT]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// How many threads; each has its own subject processes [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,

    #[command(flatten)]
    pub(super) limits: LimitArguments,

    /// Start every process of a built-in backend by exec instead of forking it
    #[arg(long)]
    pub(super) no_fork_server: bool,
}

#[derive(Debug, Args)]
pub(super) struct LimitArguments {
    /// A subject that takes longer for one operation has hung
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(super) operation_timeout: Duration,

    /// A subject that grows past this many MiB is ended
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub(super) memory_limit: u64,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A counterexample's file
    pub(super) file: PathBuf,

    /// Another program to run it against, after `--` [default: the one it was found with]
    #[arg(last = true, value_name = "CMD")]
    pub(super) program: Vec<OsString>,

    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The guarantee
    #[arg(value_name = "ID", value_parser = guarantee_ids())]
    pub(super) guarantee: String,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// What to list
    #[arg(value_enum)]
    pub(super) what: What,

    /// How
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// What can be claimed and judged.
    Guarantees,
    /// The built-in scenarios.
    Scenarios,
    /// The built-in backends.
    Backends,
}

fn guarantee_ids() -> PossibleValuesParser {
    PossibleValuesParser::new(Guarantee::ALL.iter().map(|guarantee| guarantee.id()))
}

pub(super) fn options(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(options @ Value::Object(_)) => Ok(options),
        Ok(_) => Err("expected a JSON object, for example '{\"durability\":\"none\"}'".into()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}
