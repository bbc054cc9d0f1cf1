//! `crashworthy replay`.

use std::{ffi::OsString, path::Path};

use super::{
    Stop,
    args::Replay,
    certify::{end_subjects_on_interrupt, limits},
    exit, print, program,
};
use crate::{
    explore::{Replayed, replay as run},
    judge::Counterexample,
    report::{files, story},
    scenario,
    subject::{self, Limits, Subject},
};

pub(super) fn replay(arguments: &Replay) -> Result<u8, Stop> {
    if arguments.file.is_dir() {
        let name = arguments.file.display();
        return Err(Stop::usage(format!(
            "{name} is a folder; name a counterexample's file, as in `crashworthy replay \
             {name}/counterexamples/ID.json`"
        )));
    }
    let counterexample = files::read(&arguments.file).map_err(Stop::usage)?;
    let subject = subject(&counterexample, &arguments.program)?;
    end_subjects_on_interrupt()?;
    again(&arguments.file, &counterexample, &subject, limits(&arguments.limits))
}

/// Runs the trial of a counterexample, which is from `file`, and tells what came of it.
pub(super) fn again(
    file: &Path,
    counterexample: &Counterexample,
    subject: &Subject,
    limits: Limits,
) -> Result<u8, Stop> {
    let name = file.display().to_string();
    let scenario = scenario::load::from_str(&name, &counterexample.scenario)
        .map_err(|error| Stop::Usage(error.into()))?;
    let (strike, guarantee) = (&counterexample.strike, counterexample.guarantee);
    match run(subject, limits, scenario, strike, guarantee) {
        Replayed::Reproduced(case) => {
            let steps = story::story(&case).into_iter().map(|step| format!("  {step}\n"));
            let steps: String = steps.collect();
            let told = format!("reproduced: {guarantee} is refuted\n{steps}");
            print::text(&told)?;
            Ok(exit::REFUTED)
        }
        Replayed::NotReproduced => {
            let mut told = format!("not reproduced: {guarantee} held this time\n");
            if strike.is_random() {
                told += "it was found by chance, and chance decides whether it shows again: this proves nothing\n";
            }
            print::text(&told)?;
            Ok(0)
        }
        Replayed::OtherCalls(why) => {
            anstream::eprintln!(
                "not replayed: the subject makes other calls than when this was found, so that the same fault strikes \
                 nowhere ({why}). If it was changed, `crashworthy certify --guarantee {guarantee}` tries every fault \
                 on the calls that it makes now"
            );
            Ok(exit::NOT_MEASURED)
        }
        Replayed::Impossible(why) => {
            anstream::eprintln!("not replayed: {why}");
            Ok(exit::NOT_MEASURED)
        }
    }
}

fn subject(counterexample: &Counterexample, program: &[OsString]) -> Result<Subject, Stop> {
    let words: Vec<OsString> = match (&counterexample.command, program) {
        (Some(command), []) => command.iter().map(OsString::from).collect(),
        (_, program) => program.to_vec(),
    };
    let mut subject = if let Some((program, rest)) = words.split_first() {
        Subject::command(program, rest).map_err(|_| program::not_startable(program))?
    } else {
        let name = &counterexample.subject.command;
        if subject::backends().iter().all(|backend| backend.name() != name) {
            return Err(Stop::usage(format!(
                "there is no built-in backend {name:?}; a backend of your own test target is replayed \
                 by that target: CRASHWORTHY_REPLAY=FILE cargo test"
            )));
        }
        Subject::of_this_executable(name).map_err(Stop::harness)?
    };
    subject.options = counterexample.options.clone();
    Ok(subject)
}
