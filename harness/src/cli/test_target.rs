//! A Rust author's own backend as a test target: one line in `tests/certify.rs`, one test per claim.
//!
//! The target has `harness = false`, because the same executable re-executes itself as the worker. `cargo
//! test` and nextest list and filter the guarantees as tests.

use std::{
    env,
    fmt::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use crashworthy::{Claims, Guarantee};
use libtest_mimic::{Arguments, Failed, Trial};

use super::{Stop, regressions, replay};
use crate::{
    explore::{Campaign, Outcome, Profile},
    judge::Verdict,
    report::{Progress, Reporter, files, story},
    scenario,
    subject::{Backend, Limits, Subject, become_worker_if_asked},
    trace::pin,
};

/// Names a counterexample's file to run again instead of the tests.
const REPLAY: &str = "CRASHWORTHY_REPLAY";
/// Names another profile than quick.
const PROFILE: &str = "CRASHWORTHY_PROFILE";

/// Makes `main` of a test target that certifies one or more backends, one test per guarantee.
///
/// ```no_run
/// use crashworthy::{Claims, Guarantee, MemoryBackend};
/// use crashworthy_harness::{certify_main, subject::Backend};
///
/// certify_main!(
///     Backend::new("mine", |_root, _options| Ok(MemoryBackend::new()))
///         .claims(Claims::new().with(Guarantee::ReadYourWrite, "What is written can be read."))
/// );
/// ```
///
/// The target's entry in `Cargo.toml` needs `harness = false`.
#[macro_export]
macro_rules! certify_main {
    ($($backend:expr),+ $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::cli::certify_backends(
                vec![$($backend),+],
                option_env!("CARGO_TARGET_TMPDIR"),
            )
        }
    };
}

/// Runs the tests of a target made by [`certify_main!`]; counterexamples go below `directory`.
pub fn certify_backends(backends: Vec<Backend>, directory: Option<&str>) -> ExitCode {
    become_worker_if_asked(&backends);
    if let Some(file) = env::var_os(REPLAY) {
        return super::ended(replay_file(Path::new(&file), &backends));
    }
    let arguments = Arguments::from_args();
    let several = backends.len() > 1;
    let mut tests = Vec::new();
    for backend in backends {
        let name = backend.name().to_owned();
        let claims = backend.claims_by_default();
        let claimed = claimed(&claims);
        let test_name = |guarantee: &Guarantee| {
            if several { format!("{name}::{guarantee}") } else { guarantee.to_string() }
        };
        // A runner that starts one process a test names it exactly: run what it needs and no more.
        let only = match &arguments.filter {
            Some(filter) if arguments.exact => claimed
                .iter()
                .copied()
                .filter(|guarantee| test_name(guarantee) == *filter)
                .collect(),
            _ => claimed.clone(),
        };
        let mut folder = directory.map(|directory| PathBuf::from(directory).join(&name));
        if let (true, [alone], Some(folder)) = (arguments.exact, &*only, &mut folder) {
            // Such a runner starts several processes at once: none may remove what another has written.
            folder.push(alone.id());
        }
        let certified = Arc::new(Certified {
            name: name.clone(),
            claims: (!claims.is_empty()).then_some(claims),
            only,
            directory: folder,
            outcome: Mutex::new(None),
        });
        for guarantee in claimed {
            let certified = Arc::clone(&certified);
            tests.push(Trial::test(test_name(&guarantee), move || certified.expect(guarantee)));
        }
    }
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// What a subject's claims are tested for. Without any it is read strictly.
fn claimed(claims: &Claims) -> Vec<Guarantee> {
    if claims.is_empty() {
        return Guarantee::ALL.to_vec();
    }
    claims.iter().map(|(guarantee, _)| guarantee).collect()
}

/// One backend's campaign, run when the first test asks for it.
struct Certified {
    name: String,
    claims: Option<Claims>,
    only: Vec<Guarantee>,
    directory: Option<PathBuf>,
    outcome: Mutex<Option<Result<Outcome, String>>>,
}

impl Certified {
    fn expect(&self, guarantee: Guarantee) -> Result<(), Failed> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = match outcome.get_or_insert_with(|| self.run()) {
            Ok(outcome) => outcome,
            Err(why) => return Err(Failed::from(why.as_str())),
        };
        let row = outcome
            .certificate
            .guarantees
            .iter()
            .find(|row| row.id == guarantee)
            .ok_or("the certificate does not have it")?;
        let reason = row.reason.as_deref().unwrap_or("no reason was given");
        match row.verdict {
            Verdict::Upheld => Ok(()),
            Verdict::NotMeasured => Err(format!("it was not measured: {reason}").into()),
            Verdict::HarnessBroken => Err(format!("the harness is the suspect: {reason}").into()),
            Verdict::Refuted => {
                let mut message = row.summary.clone().unwrap_or_default();
                if let Some(case) = outcome.cases.iter().find(|case| case.guarantee == guarantee) {
                    for step in story::story(case) {
                        message.push_str("\n  ");
                        message.push_str(&step);
                    }
                }
                if let (Some(directory), Some(file)) = (&self.directory, &row.counterexample) {
                    let file = directory.join(file);
                    let _ = write!(
                        message,
                        "\nto run it again: {REPLAY}={} cargo test",
                        file.display()
                    );
                }
                Err(message.into())
            }
        }
    }

    fn run(&self) -> Result<Outcome, String> {
        let profile = match env::var(PROFILE) {
            Ok(name) => clap::ValueEnum::from_str(&name, true)
                .map_err(|error| format!("{PROFILE} is {name:?}: {error}"))?,
            Err(_) => Profile::default(),
        };
        let regressions = match regressions::load(None) {
            Ok(regressions) => regressions,
            Err(Stop::Usage(report) | Stop::Harness(report)) => return Err(format!("{report:?}")),
        };
        let campaign = Campaign {
            subject: Subject::of_this_executable(&self.name).map_err(|error| error.to_string())?,
            claims: self.claims.clone(),
            scenarios: regressions.into_iter().chain(scenario::builtin::all()).collect(),
            profile,
            generate: true,
            shrink: true,
            seed: 0,
            jobs: pin::processors().len().max(1),
            limits: Limits::default(),
            time_budget: None,
            only: Some(self.only.clone()),
            partition: None,
        };
        let mut silent = Silent;
        let outcome = match &self.directory {
            Some(directory) => {
                let mut files =
                    files::RunFiles::create(directory).map_err(|error| error.to_string())?;
                campaign.run(&mut files)
            }
            None => campaign.run(&mut silent),
        };
        outcome.map_err(|error| error.to_string())
    }
}

struct Silent;

impl Reporter for Silent {
    fn report(&mut self, _: &Progress<'_>) {}
}

/// Runs a counterexample to one of these backends again.
fn replay_file(file: &Path, backends: &[Backend]) -> Result<u8, Stop> {
    let counterexample = files::read(file).map_err(Stop::usage)?;
    let name = &counterexample.subject.command;
    if backends.iter().all(|backend| backend.name() != name) {
        let own: Vec<&str> = backends.iter().map(Backend::name).collect();
        return Err(Stop::usage(format!(
            "{}: it is of the backend {name:?}, and this target has {}; replay it in the target that wrote it, or \
             with `crashworthy replay` if that is a program",
            file.display(),
            own.join(", ")
        )));
    }
    let mut subject = Subject::of_this_executable(name).map_err(Stop::harness)?;
    subject.options = counterexample.options.clone();
    replay::again(file, &counterexample, &subject, Limits::default())
}
