//! `crashworthy baseline update`.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Stop, certify::RUNS, print, ratchet::json};
use crate::{
    judge::{Baseline as Known, Ratchet, ratchet},
    report::{baselines, certificates, shell, text},
};

/// Set by systems that run tests; `false`, `0` and the empty word are not set.
const CI: &str = "CI";

#[derive(Debug, clap::Args)]
pub(super) struct Baseline {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write what a certificate says as the baseline of later runs; says what is worse in it than before
    Update(Update),
}

#[derive(Debug, clap::Args)]
struct Update {
    /// The certificate, or the folder of its run [default: the last run below reports/runs]
    #[arg(long, value_name = "CERTIFICATE")]
    from: Option<PathBuf>,

    /// The baseline's file, to be committed
    file: PathBuf,
}

pub(super) fn baseline(arguments: &Baseline) -> Result<u8, Stop> {
    let What::Update(arguments) = &arguments.what;
    update(arguments)
}

fn update(arguments: &Update) -> Result<u8, Stop> {
    let file = arguments.file.display();
    if is_set(std::env::var(CI).ok().as_deref()) {
        return Err(Stop::usage(format!(
            "a baseline is not updated by a machine, and {CI} is set; certify where you work, run `crashworthy \
             baseline update {}` there, and commit the file",
            shell::word(&arguments.file)
        )));
    }
    let from = match &arguments.from {
        Some(from) => from.clone(),
        None => certificates::newest(Path::new(RUNS)).ok_or_else(|| {
            Stop::usage(format!(
                "there is no run below {RUNS}; certify first, or name a certificate with --from"
            ))
        })?,
    };
    let certificate = certificates::read(&from).map_err(Stop::usage)?;
    let refused = |why: String| {
        Stop::usage(format!("the certificate {} makes no baseline: {why}", from.display()))
    };
    let new = Known::of(&certificate).map_err(|why| refused(why.to_string()))?;
    let old = match baselines::read(&arguments.file) {
        Ok(old) => Some(old),
        Err(baselines::BaselineError::Missing { .. }) => None,
        // What cannot be read can be replaced: that is what its message advises.
        Err(error) => {
            anstream::eprintln!("warning: {error}");
            None
        }
    };
    if let Some(old) = old.as_ref().filter(|old| old.subject != new.subject) {
        return Err(refused(format!(
            "it is of the subject {:?}, and {file} is of {:?}; name another file, or remove this one",
            new.subject, old.subject
        )));
    }
    let options = &certificate.subject.options;
    if let Some(other) = old.as_ref().and_then(|old| old.other_options(options)) {
        return Err(refused(format!(
            "it is of the options {}, and {file} is of {}; name another file, or remove this one",
            json(options),
            json(other)
        )));
    }
    baselines::write(&arguments.file, &new).map_err(Stop::usage)?;
    let changes = old.map(|old| ratchet(&old, &certificate, None)).unwrap_or_default();
    let guarantees = text::count(new.guarantees.len(), "guarantee");
    let made = format!("{file}: {guarantees} of {}, from {}\n", new.subject, from.display());
    print::text(&(made + &told(&changes)))?;
    Ok(0)
}

/// Whether a variable that is a switch is on.
fn is_set(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value, "" | "0" | "false"))
}

fn told(changes: &Ratchet) -> String {
    let [worse, better] = [("worse", &changes.worse), ("better", &changes.better)].map(
        |(word, sentences)| -> String {
            let line = |sentence| format!("  {word}: {}\n", text::printable(sentence));
            sentences.iter().map(|sentence| line(sentence)).collect()
        },
    );
    worse + &better
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_words_switch_it_off() {
        for on in ["true", "1", "yes", "github"] {
            assert!(is_set(Some(on)), "{on}");
        }
        for off in [None, Some(""), Some("0"), Some("false")] {
            assert!(!is_set(off), "{off:?}");
        }
    }
}
