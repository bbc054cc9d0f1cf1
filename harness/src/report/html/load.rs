//! The files of a run, read back for the report. They may come from anywhere and from another version, so every mistake
//! is named, with what to do about it.

use std::path::{Path, PathBuf};

use crate::{
    judge::{Certificate, Counterexample},
    report::{
        certificates::{self, CertificateError},
        files::{self, CERTIFICATE_FILE, ReadError},
    },
};

/// Why the files of a run cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A counterexample that the certificate names cannot be used.
    #[error(transparent)]
    Counterexample(#[from] ReadError),
    /// A counterexample's path leads out of the folder.
    #[error(
        "{} names the counterexample {named:?}, which is not below its folder; certify again to get a sound one",
        path.display()
    )]
    Outside {
        /// The certificate.
        path: PathBuf,
        /// What it names.
        named: String,
    },
}

/// The certificate in `folder`, and the counterexamples that it names.
///
/// # Errors
/// The first thing that is wrong with them.
pub fn load(folder: &Path) -> Result<(Certificate, Vec<Counterexample>), LoadError> {
    let path = folder.join(CERTIFICATE_FILE);
    let certificate = certificates::read(&path)?;
    let mut cases = Vec::new();
    for row in &certificate.guarantees {
        let Some(named) = &row.counterexample else { continue };
        if *named != Counterexample::path(row.id) {
            return Err(LoadError::Outside { path, named: named.clone() });
        }
        cases.push(files::read(&folder.join(named))?);
    }
    Ok((certificate, cases))
}
