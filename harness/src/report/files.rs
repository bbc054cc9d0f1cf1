//! The files of a run: `certificate.json`, and a counterexample for every refuted guarantee; where several actors were
//! at work, with what they saw as JSON Lines.
//!
//! They are written as the run goes: a certificate that says `interrupted` from the beginning on, each
//! counterexample when it is found, and the whole certificate at the end, so that a run which is killed leaves
//! what it knew. Counterexamples are written before the certificate that names them, and nothing is replaced
//! half. What an earlier run left in the directory is removed when this one begins, its certificate first: a
//! directory never holds a certificate beside files of another run.

mod read;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crashworthy::Guarantee;
use serde::Serialize;
use serde_json::Value;
use tempfile::NamedTempFile;

pub use read::{ReadError, read};

use super::{
    Progress, Reporter,
    failure::Failure,
    story,
    whole::{self, Survives},
};
use crate::{
    history::lines,
    judge::{COUNTEREXAMPLE_SCHEMA, Case, Certificate, Counterexample, SubjectIdentity},
    scenario,
    subject::Subject,
};

/// The certificate's name in the output directory.
pub const CERTIFICATE_FILE: &str = "certificate.json";
/// The folder of counterexamples in the output directory.
const COUNTEREXAMPLES: &str = "counterexamples";

/// See the module.
#[derive(Debug)]
pub struct RunFiles {
    directory: PathBuf,
    command: Option<Vec<String>>,
    options: Value,
    /// Of what a counterexample was written since the run began.
    written: BTreeSet<Guarantee>,
    failure: Failure,
}

impl RunFiles {
    /// Makes the output directory, and sure that files can be written there.
    ///
    /// # Errors
    /// What failed, on what, and what to do.
    pub fn create(directory: &Path) -> io::Result<Self> {
        let counterexamples = directory.join(COUNTEREXAMPLES);
        fs::create_dir_all(&counterexamples)
            .map_err(|error| unwritable("create", &counterexamples, &error))?;
        for writable in [directory, &counterexamples] {
            NamedTempFile::new_in(writable)
                .and_then(NamedTempFile::close)
                .map_err(|error| unwritable("write to", writable, &error))?;
        }
        Ok(Self {
            directory: directory.to_owned(),
            command: None,
            options: Value::Object(serde_json::Map::new()),
            written: BTreeSet::new(),
            failure: Failure::default(),
        })
    }

    /// States how the subject is started, so that a counterexample can start it again.
    #[must_use]
    pub fn of(mut self, subject: &Subject) -> Self {
        self.command = subject.command_line();
        self.options = subject.options.clone();
        self
    }

    /// The same of a subject that is known by its command line (nothing for a built-in) and options alone.
    #[must_use]
    pub fn started_by(mut self, command: Option<Vec<String>>, options: Value) -> Self {
        self.command = command;
        self.options = options;
        self
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Removes what an earlier run left.
    fn clear(&mut self) -> io::Result<()> {
        remove(&self.directory.join(CERTIFICATE_FILE))?;
        self.written.clear();
        self.remove_counterexamples()
    }

    /// Removes every counterexample that was not written since the run began.
    fn remove_counterexamples(&self) -> io::Result<()> {
        for guarantee in Guarantee::ALL.iter().filter(|id| !self.written.contains(id)) {
            remove(&self.directory.join(Counterexample::path(*guarantee)))?;
            remove(&self.directory.join(Counterexample::history_path(*guarantee)))?;
        }
        Ok(())
    }

    /// What is known so far: counterexamples that are new, then the certificate that names them.
    fn write_so_far(&mut self, certificate: &Certificate, cases: &[&Case]) -> io::Result<()> {
        for case in cases {
            if !self.written.contains(&case.guarantee) {
                self.write_case(certificate, case, Survives::Kill)?;
            }
        }
        write_json(&self.directory.join(CERTIFICATE_FILE), certificate, Survives::Kill)
    }

    fn write(&mut self, certificate: &Certificate, cases: &[&Case]) -> io::Result<()> {
        self.written.clear();
        for case in cases {
            self.write_case(certificate, case, Survives::PowerLoss)?;
        }
        let path = self.directory.join(CERTIFICATE_FILE);
        write_json(&path, certificate, Survives::PowerLoss)?;
        // Only now does no certificate name them.
        self.remove_counterexamples()
    }

    fn write_case(
        &mut self,
        certificate: &Certificate,
        case: &Case,
        survives: Survives,
    ) -> io::Result<()> {
        let path = self.directory.join(Counterexample::path(case.guarantee));
        let mut file =
            counterexample(case, &certificate.subject, self.command.clone(), certificate.seed);
        file.options = self.options.clone();
        write_json(&path, &file, survives)?;
        let path = self.directory.join(Counterexample::history_path(case.guarantee));
        if case.has_several_actors() {
            let history = lines::write(&lines::lines(&case.evidence.history));
            write_text(&path, &history, survives)?;
        } else {
            remove(&path)?;
        }
        self.written.insert(case.guarantee);
        Ok(())
    }
}

impl Reporter for RunFiles {
    fn report(&mut self, progress: &Progress<'_>) {
        let done = match progress {
            Progress::Started { .. } => self.clear(),
            Progress::SoFar { certificate, cases } => self.write_so_far(certificate, cases),
            Progress::Finished { certificate, cases } => self.write(certificate, cases),
            _ => return,
        };
        self.failure.note(done);
    }

    fn failure(&self) -> Option<&str> {
        self.failure.why()
    }
}

/// The file form of `case`. `command` is the program and its arguments, or nothing for a built-in.
pub fn counterexample(
    case: &Case,
    subject: &SubjectIdentity,
    command: Option<Vec<String>>,
    seed: u64,
) -> Counterexample {
    Counterexample {
        schema: COUNTEREXAMPLE_SCHEMA,
        guarantee: case.guarantee,
        subject: subject.clone(),
        command,
        options: Value::Object(serde_json::Map::new()),
        seed,
        scenario: scenario::to_toml(&case.evidence.scenario),
        strike: case.evidence.strike.clone(),
        summary: story::summary(case),
        story: story::story(case),
        timeline: Some(story::timeline(case)),
    }
}

fn write_json(path: &Path, value: &impl Serialize, survives: Survives) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| unwritable("write", path, &error.into()))?;
    write_text(path, &(text + "\n"), survives)
}

/// Writes a text as a whole.
pub(super) fn write_text(path: &Path, text: &str, survives: Survives) -> io::Result<()> {
    whole::write(path, survives, |out| out.write_all(text.as_bytes()))
        .map_err(|error| unwritable("write", path, &error))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(unwritable("remove the earlier", path, &error))
        }
        _ => Ok(()),
    }
}

pub(super) fn unwritable(verb: &str, path: &Path, error: &io::Error) -> io::Error {
    let path = path.display();
    let text = format!("cannot {verb} {path}: {error}; choose another directory with --out");
    io::Error::new(error.kind(), text)
}
