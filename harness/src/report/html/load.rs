//! The files of a run, read back for the report. They may come from anywhere and from another version, so every mistake
//! is named, with what to do about it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    judge::{CERTIFICATE_SCHEMA, Certificate, Counterexample},
    report::files::{self, CERTIFICATE_FILE, ReadError},
};

/// Why the files of a run cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no certificate.
    #[error(
        "there is no {CERTIFICATE_FILE} in {}; name the folder of a run, as `crashworthy certify` writes it below reports/runs",
        folder.display()
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// The certificate cannot be read.
    #[error("cannot read the certificate {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate is of another schema, or of none.
    #[error(
        "{} is of certificate schema {found}, and this build reads schema {CERTIFICATE_SCHEMA}; use the version of crashworthy that wrote it, or certify again",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The certificate is truncated, or none at all.
    #[error("{} is not a whole certificate: {source}; certify again to get one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
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
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(LoadError::Missing { folder: folder.to_owned() });
        }
        Err(source) => return Err(LoadError::Unreadable { path, source }),
    };
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(source) => return Err(LoadError::Malformed { path, source }),
    };
    if value.get("schema").and_then(Value::as_u64) != Some(u64::from(CERTIFICATE_SCHEMA)) {
        let found = value.get("schema").map_or("none".to_owned(), Value::to_string);
        return Err(LoadError::OtherSchema { path, found });
    }
    // Once more from the text, since only then does the parser know the place of a mistake.
    let certificate: Certificate = match serde_json::from_slice(&bytes) {
        Ok(certificate) => certificate,
        Err(source) => return Err(LoadError::Malformed { path, source }),
    };
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
