//! What is wrong with a scenario file, and where: the diagnostics that its author reads.
//!
//! A message says what is wrong, the label what was expected at that place, the help what to write
//! instead. All are lowercase, so that they fit behind "cannot load scenario: ".

use std::{io, ops::Range, path::PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// Why a scenario could not be loaded.
#[derive(Debug, Error, Diagnostic)]
pub enum ScenarioError {
    /// The file could not be read at all.
    #[error(
        "cannot read the scenario file {path}: {cause}; name one that exists, or a built-in one \
         (`crashworthy list scenarios`)", path = path.display()
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system said. Not the error's source: it would be shown twice.
        cause: io::Error,
    },
    /// The file is larger than any scenario may be.
    #[error("the scenario file {path} is larger than {limit_bytes} bytes", path = path.display())]
    #[diagnostic(help("write large values as {{ bytes = N, seed = S }}"))]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// Something in the file is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Mistake(Box<Mistake>),
}

/// A mistake at a place in a scenario file.
#[derive(Debug, Error, Diagnostic)]
#[error("{message}")]
pub struct Mistake {
    message: String,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("{label}")]
    span: SourceSpan,
    label: String,
    #[help]
    help: Option<String>,
}

/// A mistake before it knows the text that it is about.
#[derive(Debug)]
pub(super) struct Problem {
    span: Range<usize>,
    message: String,
    label: String,
    help: Option<String>,
}

impl Problem {
    /// `message` says what is wrong, `label` what was expected at the bytes `span` of the text.
    pub(super) fn new(
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self { span, message: message.into(), label: label.into(), help: None }
    }

    /// Adds what to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// An unknown name, with the closest of the known ones. `listing` says where to find them all.
    pub(super) fn unknown<'a>(
        span: Range<usize>,
        noun: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
        listing: &str,
    ) -> Self {
        let problem =
            Self::new(span, format!("unknown {noun} {name:?}"), format!("not a known {noun}"));
        match nearest(name, known) {
            Some(known) => problem.help(format!("did you mean {known:?}? {listing}")),
            None => problem.help(listing),
        }
    }

    /// Joins it with the text that it is about.
    pub(super) fn into_error(self, file_name: &str, text: &str) -> ScenarioError {
        ScenarioError::Mistake(Box::new(Mistake {
            message: self.message,
            source_code: NamedSource::new(file_name, text.to_owned()),
            span: self.span.into(),
            label: self.label,
            help: self.help,
        }))
    }
}

/// The known name that `name` was probably meant to be: at most a third of it mistyped.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
        .map(|(_, known)| known)
}
