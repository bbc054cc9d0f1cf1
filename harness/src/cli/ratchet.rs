//! Measuring a run against a baseline: what `certify` and `merge` do with `--baseline`.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use crashworthy::Guarantee;
use serde_json::{Map, Value};

use super::{Stop, print};
use crate::{
    judge::{Baseline, Certificate, Rating, ratchet},
    report::{Format, baselines, terminal},
};

/// A baseline and where it is from.
#[derive(Clone)]
pub(super) struct Measure {
    file: PathBuf,
    baseline: Baseline,
}

pub(super) fn load(file: &Path) -> Result<Measure, Stop> {
    let baseline = baselines::read(file).map_err(Stop::usage)?;
    Ok(Measure { file: file.to_owned(), baseline })
}

impl Measure {
    /// Whether a run with this profile and these options can be measured by it, and of that subject, where it is known
    /// beforehand.
    pub(super) fn suits(
        &self,
        profile: &str,
        subject: Option<&str>,
        options: &Map<String, Value>,
    ) -> Result<(), Stop> {
        let file = self.file.display();
        let known = &self.baseline.subject;
        if let Some(subject) = subject.filter(|subject| subject != known) {
            return Err(Stop::usage(format!(
                "the baseline {file} is of the subject {known:?}, and this run is of {subject:?}; name its own \
                 baseline, or make one with `crashworthy baseline update`"
            )));
        }
        if let Some(known) = self.baseline.other_options(options) {
            return Err(Stop::usage(format!(
                "the baseline {file} is of the options {}, and this run of {}, with which other guarantees may be \
                 kept; name the baseline of these options, or make one with `crashworthy baseline update`",
                json(known),
                json(options),
            )));
        }
        let known = &self.baseline.profile;
        if known != profile {
            return Err(Stop::usage(format!(
                "the baseline {file} is of the profile {known}, and this run of {profile}, which tries more or \
                 less; run with --profile {known}, or keep a baseline for each profile"
            )));
        }
        Ok(())
    }

    /// The certificate with what is worse and better in it. Left as it is: one that says nothing of the subject, and
    /// one that the baseline does not suit, which [`Self::conclude`] says.
    pub(super) fn applied(
        &self,
        certificate: &Certificate,
        asked: Option<&[Guarantee]>,
    ) -> Certificate {
        let mut certificate = certificate.clone();
        if certificate.verdict != Rating::HarnessBroken && self.suits_run(&certificate).is_ok() {
            certificate.measured = Some(ratchet(&self.baseline, &certificate, asked));
        }
        certificate
    }

    fn suits_run(&self, certificate: &Certificate) -> Result<(), Stop> {
        // A subject that never said who it is has nothing to be compared either: its rows say so.
        let name = Some(certificate.subject.name.as_str()).filter(|name| !name.is_empty());
        self.suits(&certificate.profile, name, &certificate.subject.options)
    }

    /// Says what is worse and what is better; the exit code.
    fn conclude(
        &self,
        certificate: &Certificate,
        asked: Option<&[Guarantee]>,
        format: Format,
    ) -> Result<u8, Stop> {
        if certificate.verdict == Rating::HarnessBroken {
            return Ok(certificate.exit_code());
        }
        self.suits_run(certificate)?;
        let certificate = self.applied(certificate, asked);
        let found = certificate.measured.as_ref().expect("it suits");
        let text = |color| {
            let style = (color, terminal::width());
            terminal::ratchet::render(found, &self.baseline, &self.file, style)
        };
        // Standard output is the certificate's alone where a program reads it.
        match format {
            Format::Human => print::text(&text(true))?,
            Format::Json => anstream::eprint!("{}", text(std::io::stderr().is_terminal())),
        }
        Ok(certificate.exit_code())
    }
}

/// Options as a user gives them.
pub(super) fn json(options: &Map<String, Value>) -> String {
    serde_json::to_string(options).expect("options are plain data")
}

/// The exit code of a run, with or without a baseline.
pub(super) fn exit_code(
    measure: Option<&Measure>,
    certificate: &Certificate,
    asked: Option<&[Guarantee]>,
    format: Format,
) -> Result<u8, Stop> {
    match measure {
        Some(measure) => measure.conclude(certificate, asked, format),
        None => Ok(certificate.exit_code()),
    }
}
