//! What can be asked for on the command line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use crashworthy::Guarantee;
use serde_json::Value;

use super::{completions::Completions, init::Init, man::Man};
use crate::{
    explore::Profile,
    report::{Format, runs::KEPT_RUNS},
    scenario::Partition,
};

/// Crash-test ratings for storage backends: which documented guarantees hold when the process is killed
/// at any system call?
#[derive(Debug, Parser)]
#[command(name = "crashworthy", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a backend through the scenarios and write its certificate
    Certify(Certify),
    /// Put the shards of one run together
    Merge(super::merge::Merge),
    /// Keep what a run found, for later runs to be measured against
    Baseline(super::baseline::Baseline),
    /// Show two certificates side by side
    Compare(super::compare::Compare),
    /// Run a counterexample again
    Replay(Replay),
    /// Explain a guarantee: what it means, how it is tested, how to keep it; or scenario files
    Explain(Explain),
    /// Tell what a run did, from the events that it left
    Events(super::events::Events),
    /// List guarantees, scenarios or backends
    List(List),
    /// Make the HTML report of a run again, from its files
    Report(super::report::Report),
    /// Write the files to begin with, for a backend of your own
    Init(Init),
    /// Print a script that completes this command line in a shell
    Completions(Completions),
    /// Print the manual page, or write all of them to a folder
    Man(Man),
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

    /// Only this scenario: a built-in's name or a TOML file, as `crashworthy explain scenario` has it
    /// (repeatable)
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) scenario: Vec<String>,

    /// Only this guarantee, or these with commas between them (repeatable)
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = guarantee_ids())]
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

    /// Derive the seed from the commit that is checked out: the first 16 digits of its hash
    #[arg(long, conflicts_with = "seed")]
    pub(super) seed_from_commit: bool,

    /// Do the Mth of N parts of the work, as in hash:1/3; `crashworthy merge` puts them together
    #[arg(long, value_name = "hash:M/N")]
    pub(super) partition: Option<Partition>,

    /// Fail where anything is worse than in this file, which `crashworthy baseline update` writes, and
    /// for nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "partition"])]
    pub(super) baseline: Option<PathBuf>,

    /// Start no further trial after this long, for example 60s or 2h; what could go on without end shares it
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) time_budget: Option<Duration>,

    /// Where certificate, counterexamples and all other files go [default: a folder of this run's own below
    /// reports/runs/SUBJECT, to which `latest` leads]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// How many runs of the subject are kept, the new one included
    #[arg(long, value_name = "N", default_value_t = KEPT_RUNS, conflicts_with = "out",
        value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) keep_runs: u16,

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

/// Least memory for a subject, in MiB: an interpreter that starts needs about as much, and a limit that nobody can
/// keep would accuse whom it strikes.
const MEMORY_MIB_MIN: u64 = 64;
/// Most memory, in MiB: a pebibyte, so that the limit in bytes is a number.
const MEMORY_MIB_MAX: u64 = 1 << 30;

#[derive(Debug, Args)]
pub(super) struct LimitArguments {
    /// A subject that takes longer for one operation has hung
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(super) operation_timeout: Duration,

    /// A subject that grows past this many MiB is ended
    #[arg(long, value_name = "MIB", default_value_t = 1024,
          value_parser = clap::value_parser!(u64).range(MEMORY_MIB_MIN..=MEMORY_MIB_MAX))]
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
    /// The guarantee; or `scenario`, for how a file of --scenario is written
    #[arg(value_name = "ID", value_parser = explained())]
    pub(super) what: String,
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

/// What is explained besides guarantees.
pub(super) const SCENARIO: &str = "scenario";

fn guarantee_ids() -> PossibleValuesParser {
    PossibleValuesParser::new(Guarantee::ALL.iter().map(|guarantee| guarantee.id()))
}

fn explained() -> PossibleValuesParser {
    let ids = Guarantee::ALL.iter().map(|guarantee| guarantee.id());
    PossibleValuesParser::new(ids.chain([SCENARIO]))
}

pub(super) fn options(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(options @ Value::Object(_)) => Ok(options),
        Ok(_) => Err("expected a JSON object, for example '{\"durability\":\"none\"}'".into()),
        Err(error) => Err(format!(
            "{error}; expected a JSON object, for example '{{\"durability\":\"none\"}}'"
        )),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("no time at all; expected for example 10s or 2h".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("expected a number with its unit, for example 500ms, 10s or 2h".to_owned()),
    }
}
