//! Reads a certificate back, from its file or from the folder of its run. It may come from anywhere, so every mistake
//! is named, with what to do about it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    files::CERTIFICATE_FILE,
    runs::LATEST,
    versioned::{self, Unread},
};
use crate::judge::{CERTIFICATE_SCHEMA, Certificate};

/// Why a certificate could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// There is no such file.
    #[error(
        "there is no certificate {}; name a {CERTIFICATE_FILE} or the folder that `crashworthy certify` wrote it to",
        path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(
        "cannot read the certificate {}: {source}; name a {CERTIFICATE_FILE} that you may read, or the folder of its run",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is of another schema, or of none.
    #[error(
        "{} is of certificate schema {found}, and this build reads schema {CERTIFICATE_SCHEMA}; use the version of \
         crashworthy that wrote it, or certify again",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The file is no whole certificate.
    #[error("{} is not a certificate: {source}; certify again to get a whole one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
}

/// Reads the certificate at `path`, or of the run in the folder `path`, or of the latest run there.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(path: &Path) -> Result<Certificate, CertificateError> {
    let path = &file(path);
    versioned::read(path, CERTIFICATE_SCHEMA).map_err(|unread| {
        let path = path.clone();
        match unread {
            Unread::System(source) if source.kind() == io::ErrorKind::NotFound => {
                CertificateError::Missing { path }
            }
            Unread::System(source) => CertificateError::Unreadable { path, source },
            Unread::OtherSchema(found) => CertificateError::OtherSchema { path, found },
            Unread::Malformed(source) => CertificateError::Malformed { path, source },
        }
    })
}

/// Where the certificate is that a person means by `path`.
pub fn file(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let latest = path.join(LATEST).join(CERTIFICATE_FILE);
    let here = path.join(CERTIFICATE_FILE);
    if !here.exists() && latest.exists() { latest } else { here }
}

/// Folders below each other in which [`newest`] looks: the runs, a subject's runs, one of them.
const DEPTH_MAX: usize = 3;

/// The certificate below `folder` that was written last.
pub fn newest(folder: &Path) -> Option<PathBuf> {
    fn look(folder: &Path, depth: usize, found: &mut Vec<(std::time::SystemTime, PathBuf)>) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.file_name().is_some_and(|name| name == CERTIFICATE_FILE) {
                let changed = fs::metadata(&path).and_then(|metadata| metadata.modified());
                found.extend(changed.ok().map(|changed| (changed, path)));
            } else if depth > 0 && path.is_dir() && !path.is_symlink() {
                look(&path, depth - 1, found);
            }
        }
    }
    let mut found = Vec::new();
    look(folder, DEPTH_MAX, &mut found);
    found.into_iter().max().map(|(_, path)| path)
}
