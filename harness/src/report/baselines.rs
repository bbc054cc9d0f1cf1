//! The baseline's file: JSON with one thing a line and its keys in order, so that a diff says what changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::judge::{BASELINE_SCHEMA, Baseline};

/// Why a baseline could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// There is no such file.
    #[error(
        "there is no baseline {0}; `crashworthy baseline update {0}` makes one of the last run",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the baseline {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is of another schema, or of none.
    #[error(
        "{0} is of baseline schema {found}, and this build reads schema {BASELINE_SCHEMA}; make it anew with \
         `crashworthy baseline update {0}`, and compare the two before you commit it",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The file is no whole baseline.
    #[error(
        "{0} is not a baseline: {source}; restore it from your repository, or make it anew with \
         `crashworthy baseline update {0}`",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
}

/// Reads the baseline at `path`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(path: &Path) -> Result<Baseline, BaselineError> {
    let at = || path.to_owned();
    let bytes = fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BaselineError::Missing { path: at() },
        _ => BaselineError::Unreadable { path: at(), source },
    })?;
    let malformed = |source| BaselineError::Malformed { path: at(), source };
    let value: Value = serde_json::from_slice(&bytes).map_err(malformed)?;
    if value.get("schema").and_then(Value::as_u64) != Some(u64::from(BASELINE_SCHEMA)) {
        let found = value.get("schema").map_or("none".to_owned(), Value::to_string);
        return Err(BaselineError::OtherSchema { path: at(), found });
    }
    // Once more from the text, since only then does the parser know the place of a mistake.
    serde_json::from_slice(&bytes).map_err(malformed)
}

/// Writes the baseline under a temporary name and then gives it its own.
///
/// # Errors
/// What failed, on what.
pub fn write(path: &Path, baseline: &Baseline) -> io::Result<()> {
    let text = serde_json::to_string_pretty(baseline)? + "\n";
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let write = || -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;

        let mut file = NamedTempFile::new_in(parent.unwrap_or(Path::new(".")))?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot write the baseline {}: {error}", path.display()),
        )
    })
}
