//! The HTML report: one self-contained file, `report.html`, for people who want to see what broke and why.
//!
//! It is made of the certificate and the counterexample files and, where one is given, the result of a bench, and of
//! nothing else, so that it can be made again later, elsewhere. It loads nothing: style and script are in it, and its
//! own policy forbids everything else by their hashes. Without the script, stories, tables and every moment are still
//! there. All text of others is escaped by the template.

mod case;
mod costs;
mod load;
mod page;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use load::{LoadError, load};

use self::page::Page;
use super::{
    Progress, Reporter,
    failure::Failure,
    files,
    throughput::{self, BenchFileError},
    whole::Survives,
};
use crate::{
    judge::{Certificate, Counterexample},
    throughput::Comparison,
};

/// The report's name in the folder of a run.
pub const REPORT_FILE: &str = "report.html";

/// The page. `folder` is where the certificate lies, as a person would call it: replay commands name it.
/// `costs` are of the subject and of those beside it.
pub fn render(
    certificate: &Certificate,
    cases: &[Counterexample],
    folder: &Path,
    costs: Option<&Comparison>,
) -> String {
    Page::new(certificate, cases, folder, costs).html()
}

/// Makes the report of the run in `folder`, with what the file `bench` says that things cost, and writes it to `out`.
///
/// # Errors
/// What is wrong with the files, or why nothing could be written.
pub fn write(folder: &Path, bench: Option<&Path>, out: &Path) -> Result<(), WriteError> {
    let (certificate, cases) = load(folder)?;
    let costs = bench.map(throughput::read).transpose()?;
    if let (Some(costs), Some(bench)) = (&costs, bench)
        && !costs.subjects.iter().any(|costs| costs.subject.command == certificate.subject.command)
    {
        return Err(WriteError::Stranger {
            bench: bench.to_owned(),
            subject: certificate.subject.command,
        });
    }
    let html = render(&certificate, &cases, folder, costs.as_ref());
    files::write_text(out, &html, Survives::PowerLoss).map_err(WriteError::Write)
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The files of the run cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The file of the bench cannot be used.
    #[error(transparent)]
    Bench(#[from] BenchFileError),
    /// The bench is not of this subject.
    #[error(
        "{} does not measure {subject:?}, which this report is about; name a bench that does",
        bench.display()
    )]
    Stranger {
        /// The bench.
        bench: PathBuf,
        /// Whom the report is about, as the user called it.
        subject: String,
    },
    /// The report cannot be written.
    #[error("{0}")]
    Write(io::Error),
}

/// Writes the report when all is judged; it is told after the files of the run have been written, and reads those.
/// Until then the page has no stories, which would have to be told anew with every refutation, and says that it is not
/// all.
#[derive(Debug)]
pub struct HtmlReporter {
    folder: PathBuf,
    failure: Failure,
}

impl HtmlReporter {
    /// A reporter of the run in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), failure: Failure::default() }
    }
}

impl Reporter for HtmlReporter {
    fn report(&mut self, progress: &Progress<'_>) {
        let file = self.folder.join(REPORT_FILE);
        match progress {
            // One of an earlier run would stand beside what this one leaves if it is cut short.
            Progress::Started { .. } => drop(std::fs::remove_file(file)),
            Progress::SoFar { certificate, .. } => {
                let page = render(certificate, &[], &self.folder, None);
                self.failure.note(files::write_text(&file, &page, Survives::Kill));
            }
            Progress::Finished { .. } => {
                let written = write(&self.folder, None, &file);
                self.failure.note(
                    written.map_err(|error| format!("failed to make the HTML report: {error}")),
                );
            }
            _ => {}
        }
    }

    fn failure(&self) -> Option<&str> {
        self.failure.why()
    }
}
