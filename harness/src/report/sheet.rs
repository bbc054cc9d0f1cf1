//! A file whose whole text follows from the certificate and its cases: Markdown, `JUnit`, a badge.
//!
//! It is written when the run begins, whenever more is known, and at the end. So it is never that of an earlier
//! run, and one that nobody finished says so: what the certificate says, it says. Stories are told at the end
//! only: told anew with every refutation, all of them would cost more than the refutations; until then the
//! counterexamples have them.

use std::path::{Path, PathBuf};

use super::{Progress, Reporter, failure::Failure, files, whole::Survives};
use crate::judge::{Case, Certificate};

/// The text of a file: a pure function of certificate, cases, and the folder that their paths are relative to.
pub type Render = fn(&Certificate, &[&Case], &Path) -> String;

/// See the module.
#[derive(Debug)]
pub struct Sheet {
    directory: PathBuf,
    name: &'static str,
    render: Render,
    failure: Failure,
}

impl Sheet {
    /// The file `name` in `directory`, which exists.
    pub fn new(directory: &Path, name: &'static str, render: Render) -> Self {
        Self { directory: directory.to_owned(), name, render, failure: Failure::default() }
    }
}

impl Reporter for Sheet {
    fn report(&mut self, progress: &Progress<'_>) {
        let (certificate, cases) = match progress {
            Progress::SoFar { certificate, .. } => (certificate, &[][..]),
            Progress::Finished { certificate, cases } => (certificate, *cases),
            _ => return,
        };
        let text = (self.render)(certificate, cases, &self.directory);
        // The certificate is the result, and is synced; this follows from it.
        let path = self.directory.join(self.name);
        self.failure.note(files::write_text(&path, &text, Survives::Kill));
    }

    fn failure(&self) -> Option<&str> {
        self.failure.why()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::report::fixture;

    /// A run fails for what is not there in the end, and not for what could not be written before.
    #[test]
    fn what_is_not_written_is_remembered_until_it_is() {
        let root = tempfile::tempdir().expect("there is room");
        let folder = root.path().join("run");
        let mut sheet = Sheet::new(&folder, "verdict.txt", |_, _, _| String::new());
        let (certificate, _) = fixture::refuted();
        let finished = Progress::Finished { certificate: &certificate, cases: &[] };
        sheet.report(&finished);
        assert!(sheet.failure().is_some_and(|why| why.contains("verdict.txt")));
        fs::create_dir(&folder).expect("there is room");
        sheet.report(&finished);
        assert_eq!(sheet.failure(), None);
    }

    #[test]
    fn it_is_there_from_the_beginning_and_follows_what_is_known() {
        let root = tempfile::tempdir().expect("there is room");
        let path = root.path().join("verdict.txt");
        fs::write(&path, "of an earlier run").expect("there is room");
        let mut sheet = Sheet::new(root.path(), "verdict.txt", |certificate, cases, _| {
            format!("{} {}", certificate.interrupted, cases.len())
        });
        let (mut certificate, cases) = fixture::refuted();
        certificate.interrupted = true;
        sheet.report(&Progress::SoFar { certificate: &certificate, cases: &[&cases[0]] });
        let text = fs::read_to_string(&path).expect("it was written");
        assert_eq!(text, "true 0", "without stories");
        certificate.interrupted = false;
        sheet.report(&Progress::Finished { certificate: &certificate, cases: &[&cases[0]] });
        assert_eq!(fs::read_to_string(&path).expect("it was written"), "false 1");
    }
}
