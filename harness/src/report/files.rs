//! The files of a run: `certificate.json`, and a counterexample for every refuted guarantee; where several actors were
//! at work, with what they saw as JSON Lines.
//!
//! The certificate is the last file to be written and replaces nothing half: an older one is removed
//! before the counterexamples that it names, so that a directory never holds a certificate beside files
//! of another run, whenever this process is killed.

mod read;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crashworthy::Guarantee;
use serde::Serialize;
use serde_json::Value;
use tempfile::NamedTempFile;

pub use read::{ReadError, read};

use super::{Progress, Reporter, story};
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
        })
    }

    /// States how the subject is started, so that a counterexample can start it again.
    #[must_use]
    pub fn of(mut self, subject: &Subject) -> Self {
        self.command = subject.command_line();
        self.options = subject.options.clone();
        self
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn write(&self, certificate: &Certificate, cases: &[&Case]) -> io::Result<()> {
        let path = self.directory.join(CERTIFICATE_FILE);
        remove(&path)?;
        for guarantee in Guarantee::ALL {
            remove(&self.directory.join(Counterexample::path(*guarantee)))?;
            remove(&self.directory.join(Counterexample::history_path(*guarantee)))?;
        }
        for case in cases {
            let path = self.directory.join(Counterexample::path(case.guarantee));
            let mut file =
                counterexample(case, &certificate.subject, self.command.clone(), certificate.seed);
            file.options = self.options.clone();
            write_json(&path, &file)?;
            if case.has_several_actors() {
                let path = self.directory.join(Counterexample::history_path(case.guarantee));
                let history = lines::write(&lines::lines(&case.evidence.history));
                write_text(&path, &history)?;
            }
        }
        write_json(&path, certificate)
    }
}

impl Reporter for RunFiles {
    fn report(&mut self, progress: &Progress<'_>) {
        if let Progress::Finished { certificate, cases } = progress
            && let Err(error) = self.write(certificate, cases)
        {
            eprintln!("{error}");
        }
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

fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| unwritable("write", path, &error.into()))?;
    write_text(path, &(text + "\n"))
}

/// Writes a file under a temporary name and then gives it its own.
pub(super) fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = NamedTempFile::new_in(parent)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        // A temporary file is its owner's alone; a report is everybody's whom the umask lets read.
        make_readable(file.as_file())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| unwritable("write", path, &error))
}

fn make_readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    file.set_permissions(fs::Permissions::from_mode(0o644))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(unwritable("remove the earlier", path, &error))
        }
        _ => Ok(()),
    }
}

fn unwritable(verb: &str, path: &Path, error: &io::Error) -> io::Error {
    let path = path.display();
    let text = format!("cannot {verb} {path}: {error}; choose another directory with --out");
    io::Error::new(error.kind(), text)
}
