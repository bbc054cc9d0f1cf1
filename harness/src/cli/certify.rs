//! `crashworthy certify`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crashworthy::{Claims, Guarantee};
use miette::{NamedSource, SourceSpan};

use super::{
    Stop,
    args::{Certify, LimitArguments},
    regressions,
};
use crate::{
    explore::{Campaign, Outcome},
    report::{Progress, Reporter, files::RunFiles, terminal::TerminalReporter},
    scenario::{self, Scenario},
    subject::{self, Limits, Subject, watchdog},
    trace::pin,
};

/// Where runs go, below the working directory.
const RUNS: &str = "reports/runs";

pub(super) fn certify(arguments: &Certify) -> Result<u8, Stop> {
    let (subject, claims) = subject_and_claims(arguments)?;
    let mut scenarios = scenarios(&arguments.scenario)?;
    if arguments.scenario.is_empty() {
        scenarios.splice(..0, regressions::load(arguments.regressions.as_deref())?);
    }
    let only = guarantees(&arguments.guarantee);
    let directory = arguments.out.clone().unwrap_or_else(|| run_directory(&subject));
    let files = RunFiles::create(&directory).map_err(Stop::usage)?.of(&subject);
    let terminal = TerminalReporter::new(arguments.format, &directory);
    // The terminal last: what it names must be there.
    let mut reporters = Reporters(vec![Box::new(files), Box::new(terminal)]);
    end_subjects_on_interrupt()?;
    let campaign = Campaign {
        subject,
        claims,
        scenarios,
        profile: arguments.profile,
        generate: arguments.scenario.is_empty(),
        shrink: true,
        seed: arguments.seed,
        jobs: arguments.jobs.map_or_else(|| pin::processors().len().max(1), usize::from),
        limits: limits(&arguments.limits),
        time_budget: arguments.time_budget,
        only,
    };
    let outcome = campaign.run(&mut reporters).map_err(Stop::harness)?;
    keep_regressions(&outcome, &directory)?;
    Ok(outcome.certificate.verdict.exit_code())
}

/// All outputs of a run, told the same one after the other.
struct Reporters(Vec<Box<dyn Reporter>>);

impl Reporter for Reporters {
    fn report(&mut self, progress: &Progress<'_>) {
        for reporter in &mut self.0 {
            reporter.report(progress);
        }
    }
}

/// Where the files of a run go by default.
pub(super) fn run_directory(subject: &Subject) -> PathBuf {
    let words = subject.label.split(|letter: char| !letter.is_ascii_alphanumeric());
    let name: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    Path::new(RUNS).join(name.join("-"))
}

/// What shrank out of generated workloads is written as scenarios to keep.
fn keep_regressions(outcome: &Outcome, directory: &Path) -> Result<(), Stop> {
    let folder = directory.join("regressions");
    for scenario in &outcome.regressions {
        let file = folder.join(format!("{}.toml", scenario.name));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&file, scenario::to_toml(scenario)))
            .map_err(|error| {
                Stop::harness(format!("failed to write {}: {error}", file.display()))
            })?;
        anstream::eprintln!(
            "a generated workload that refutes a guarantee is kept as {}; run it alone with --scenario",
            file.display()
        );
    }
    Ok(())
}

pub(super) fn limits(arguments: &LimitArguments) -> Limits {
    Limits {
        operation: arguments.operation_timeout,
        memory_bytes: arguments.memory_limit << 20,
        ..Limits::default()
    }
}

/// The subject as asked for, and what it documents.
fn subject_and_claims(arguments: &Certify) -> Result<(Subject, Option<Claims>), Stop> {
    let own = arguments.claims.as_ref().map(claims_file).transpose()?;
    let (mut subject, claims) = if let Some((program, rest)) = arguments.program.split_first() {
        let subject = Subject::command(program, rest).map_err(|error| {
            Stop::usage(format!(
                "failed to find the program {}: {error}; name one that is on the PATH, or a path to it",
                program.display()
            ))
        })?;
        (subject, own)
    } else {
        let mut backends = subject::backends().into_iter();
        let Some(backend) = backends.find(|backend| backend.name() == arguments.subject) else {
            return Err(Stop::usage(format!(
                "there is no built-in backend {:?}; `crashworthy list backends` shows them, and a \
                 program of your own goes after `--`",
                arguments.subject
            )));
        };
        let subject = Subject::of_this_executable(backend.name()).map_err(Stop::harness)?;
        (subject, Some(own.unwrap_or_else(|| backend.claims_with(&arguments.options))))
    };
    subject.options = arguments.options.clone();
    if arguments.no_fork_server {
        subject = subject.without_fork_server();
    }
    Ok((subject, claims))
}

/// A mistake in a claims file, shown with its line.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
struct ClaimsMistake {
    message: String,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("here")]
    place: Option<SourceSpan>,
}

fn claims_file(path: &PathBuf) -> Result<Claims, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Stop::usage(format!("failed to read the claims file {}: {error}", path.display()))
    })?;
    Claims::from_toml(&text).map_err(|error| {
        Stop::Usage(
            ClaimsMistake {
                message: error.to_string(),
                place: error.span().map(SourceSpan::from),
                source_code: NamedSource::new(path.display().to_string(), text),
            }
            .into(),
        )
    })
}

/// The scenarios asked for, by name or file; all built-in ones where none is.
fn scenarios(wanted: &[String]) -> Result<Vec<Arc<Scenario>>, Stop> {
    let builtin = scenario::builtin::all();
    if wanted.is_empty() {
        return Ok(builtin);
    }
    let find = |wanted: &String| {
        if let Some(scenario) = builtin.iter().find(|scenario| scenario.name == *wanted) {
            return Ok(Arc::clone(scenario));
        }
        let path = PathBuf::from(wanted);
        if path.extension().is_some_and(|extension| extension == "toml") || path.exists() {
            return scenario::load::from_file(&path)
                .map(Arc::new)
                .map_err(|error| Stop::Usage(error.into()));
        }
        Err(Stop::usage(format!(
            "there is no built-in scenario {wanted:?}; `crashworthy list scenarios` shows them, and a \
             file of your own ends in .toml"
        )))
    };
    wanted.iter().map(find).collect()
}

fn guarantees(wanted: &[String]) -> Option<Vec<Guarantee>> {
    let parse = |id: &String| id.parse().expect("the command line accepts known ids only");
    (!wanted.is_empty()).then(|| wanted.iter().map(parse).collect())
}

/// Ctrl-C ends the subjects; what was judged so far is still written. A second one ends everything.
pub(super) fn end_subjects_on_interrupt() -> Result<(), Stop> {
    ctrlc::set_handler(|| {
        if watchdog::is_interrupted() {
            std::process::exit(130);
        }
        watchdog::interrupt();
    })
    .map_err(Stop::harness)
}
