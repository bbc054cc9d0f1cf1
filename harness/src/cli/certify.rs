//! `crashworthy certify`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crashworthy::{Claims, Guarantee};
use miette::{NamedSource, SourceSpan};

use super::{
    Stop,
    args::{Certify, LimitArguments},
    exit, program,
    ratchet::{self, Measure},
    regressions, seed,
};
use crate::{
    explore::Campaign,
    report::{
        Format, Progress, Reporter, badge,
        events::Events,
        files::RunFiles,
        github::GitHub,
        html::HtmlReporter,
        junit,
        runs::{self, RunFolder},
        shards,
        sheet::Sheet,
        summary,
        terminal::TerminalReporter,
    },
    scenario::{self, Scenario},
    subject::{self, Limits, Subject, watchdog},
    trace::pin,
};

/// Where runs go, below the working directory.
pub(super) const RUNS: &str = "reports/runs";

pub(super) fn certify(arguments: &Certify) -> Result<u8, Stop> {
    let (subject, claims) = subject_and_claims(arguments)?;
    let mut scenarios = scenarios(&arguments.scenario)?;
    if arguments.scenario.is_empty() {
        scenarios.splice(..0, regressions::load(arguments.regressions.as_deref())?);
    }
    let only = guarantees(&arguments.guarantee);
    let baseline = arguments.baseline.as_deref().map(ratchet::load).transpose()?;
    if let Some(baseline) = &baseline {
        let name = arguments.program.is_empty().then_some(arguments.subject.as_str());
        let options = arguments.options.as_object().expect("they are parsed as an object");
        baseline.suits(&arguments.profile.to_string(), name, options)?;
    }
    let seed = if arguments.seed_from_commit { seed::from_commit()? } else { arguments.seed };
    let (directory, _run) = output(arguments, &subject)?;
    shards::spare(&directory, arguments.partition).map_err(Stop::usage)?;
    let files = RunFiles::create(&directory).map_err(Stop::usage)?.of(&subject);
    let events = Events::create(&directory).map_err(Stop::usage)?;
    let mut reporters = Reporters::of(files, events, &directory, arguments.format)
        .measured_by(baseline.clone(), only.clone());
    shards::remove(&directory).map_err(Stop::usage)?;
    end_subjects_on_interrupt()?;
    let campaign = Campaign {
        subject,
        claims,
        scenarios,
        profile: arguments.profile,
        generate: arguments.scenario.is_empty(),
        shrink: true,
        seed,
        jobs: arguments.jobs.map_or_else(|| pin::processors().len().max(1), usize::from),
        limits: limits(&arguments.limits),
        time_budget: arguments.time_budget,
        only,
        partition: arguments.partition,
    };
    let outcome = campaign.run(&mut reporters).map_err(Stop::harness)?;
    if let Some(shard) = &outcome.shard {
        shards::write(&directory, shard).map_err(Stop::harness)?;
    }
    keep_regressions(&outcome.regressions, &directory)?;
    reporters.all_written(&directory)?;
    let (certificate, asked) = (&outcome.certificate, campaign.only.as_deref());
    ratchet::exit_code(baseline.as_ref(), certificate, asked, arguments.format)
}

/// All outputs of a run, told the same one after the other.
pub(super) struct Reporters {
    all: Vec<Box<dyn Reporter>>,
    /// By what the run is measured, and which guarantees it is asked for, where not for all.
    measure: Option<Measure>,
    asked: Option<Vec<Guarantee>>,
}

impl Reporters {
    /// Everything that is made of a run in `directory`.
    pub(super) fn of(files: RunFiles, events: Events, directory: &Path, format: Format) -> Self {
        let mut all: Vec<Box<dyn Reporter>> = vec![
            Box::new(files),
            Box::new(HtmlReporter::new(directory)),
            Box::new(Sheet::new(directory, junit::FILE, junit::render)),
            Box::new(Sheet::new(directory, summary::FILE, summary::render)),
            Box::new(Sheet::new(directory, badge::FILE, badge::render)),
            Box::new(events),
        ];
        // What the terminal names must be there; annotations are to stand below it.
        all.push(Box::new(TerminalReporter::new(format, directory)));
        if let Some(github) = GitHub::here(format, directory) {
            all.push(Box::new(github));
        }
        Self { all, measure: None, asked: None }
    }

    /// Has all outputs say what is worse and better than in a baseline.
    #[must_use]
    pub(super) fn measured_by(
        mut self,
        measure: Option<Measure>,
        asked: Option<Vec<Guarantee>>,
    ) -> Self {
        (self.measure, self.asked) = (measure, asked);
        self
    }

    /// Makes sure that what was found is where it belongs: what a run has not written down, nobody can rely on.
    ///
    /// # Errors
    /// What could not be written first.
    pub(super) fn all_written(&self, directory: &Path) -> Result<(), Stop> {
        let Some(why) = self.failure() else { return Ok(()) };
        Err(Stop::harness(format!(
            "not all that was found could be written: {why}; what is in {} is not all of this run: make room, and run \
             it again",
            directory.display()
        )))
    }
}

impl Reporter for Reporters {
    fn report(&mut self, progress: &Progress<'_>) {
        if let Progress::Finished { certificate, cases } = progress
            && let Some(measure) = self.measure.take()
        {
            let certificate = &measure.applied(certificate, self.asked.as_deref());
            return self.report(&Progress::Finished { certificate, cases });
        }
        for reporter in &mut self.all {
            reporter.report(progress);
        }
    }

    fn failure(&self) -> Option<&str> {
        self.all.iter().find_map(|reporter| reporter.failure())
    }
}

/// Where the files of a run go: where the user says, or into a folder of its own, which is nobody else's for as long
/// as it is held.
fn output(arguments: &Certify, subject: &Subject) -> Result<(PathBuf, Option<RunFolder>), Stop> {
    if let Some(out) = &arguments.out {
        return Ok((out.clone(), None));
    }
    let folder = runs_of(subject);
    let keep = usize::from(arguments.keep_runs);
    let run = RunFolder::create(&folder, SystemTime::now(), keep).map_err(Stop::usage)?;
    Ok((run.path().to_owned(), Some(run)))
}

/// The folder of a subject's runs.
pub(super) fn runs_of(subject: &Subject) -> PathBuf {
    Path::new(RUNS).join(runs::subject_name(&subject.label))
}

/// What shrank out of generated workloads is written as scenarios to keep.
pub(super) fn keep_regressions(found: &[Scenario], directory: &Path) -> Result<(), Stop> {
    let folder = directory.join("regressions");
    for scenario in found {
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
        let subject =
            Subject::command(program, rest).map_err(|_| program::not_startable(program))?;
        (subject, own)
    } else {
        let mut backends = subject::backends().into_iter();
        let Some(backend) = backends.find(|backend| backend.name() == arguments.subject) else {
            return Err(program::not_built_in(&arguments.subject, "certify"));
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
        Stop::usage(format!(
            "failed to read the claims file {}: {error}; name one that exists, or have `crashworthy init` \
             write one to fill in",
            path.display()
        ))
    })?;
    Claims::from_toml(&text).map_err(|error| {
        Stop::Usage(
            ClaimsMistake {
                message: match error.span() {
                    Some(_) => error.to_string(),
                    // Where no line can be shown, the file must be named all the same.
                    None => format!("in the claims file {}, {error}", path.display()),
                },
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
            std::process::exit(exit::INTERRUPTED.into());
        }
        watchdog::interrupt();
    })
    .map_err(Stop::harness)
}
