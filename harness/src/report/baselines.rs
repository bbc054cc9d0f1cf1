//! The baseline's file: JSON with one thing a line and its keys in order, so that a diff says what changed.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    shell,
    versioned::{self, Unread},
    whole::{self, Survives},
};
use crate::judge::{BASELINE_SCHEMA, Baseline};

/// Why a baseline could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// There is no such file.
    #[error(
        "there is no baseline {}; `crashworthy baseline update {}` makes one of the last run",
        path.display(), shell::word(path)
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error(
        "cannot read the baseline {}: {source}; name a file that `crashworthy baseline update` wrote and you may read",
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
        "{} is of baseline schema {found}, and this build reads schema {BASELINE_SCHEMA}; make it anew with \
         `crashworthy baseline update {}`, and compare the two before you commit it",
        path.display(), shell::word(path)
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What the file says.
        found: String,
    },
    /// The file is no whole baseline.
    #[error(
        "{} is not a baseline: {source}; restore it from your repository, or make it anew with \
         `crashworthy baseline update {}`",
        path.display(), shell::word(path)
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
    versioned::read(path, BASELINE_SCHEMA).map_err(|unread| {
        let path = path.to_owned();
        match unread {
            Unread::System(source) if source.kind() == io::ErrorKind::NotFound => {
                BaselineError::Missing { path }
            }
            Unread::System(source) => BaselineError::Unreadable { path, source },
            Unread::OtherSchema(found) => BaselineError::OtherSchema { path, found },
            Unread::Malformed(source) => BaselineError::Malformed { path, source },
        }
    })
}

/// Writes the baseline under a temporary name and then gives it its own.
///
/// # Errors
/// What failed, on what.
pub fn write(path: &Path, baseline: &Baseline) -> io::Result<()> {
    let text = serde_json::to_string_pretty(baseline)? + "\n";
    let fill = |out: &mut dyn io::Write| out.write_all(text.as_bytes());
    whole::write(path, Survives::PowerLoss, fill).map_err(|error| {
        io::Error::new(
            error.kind(),
            // In full it names the temporary file.
            format!(
                "cannot write the baseline {}: {}; name a file in a folder that you may write to",
                path.display(),
                error.kind()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;
    use crate::report::{certificates, fixture, shards};

    #[test]
    fn it_is_written_for_diffs_and_reads_back() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("crashworthy.json");
        let baseline = Baseline::of(&fixture::refuted().0).expect("it makes one");
        write(&path, &baseline).expect("there is room");
        assert_eq!(read(&path).expect("it reads back"), baseline);
        let text = fs::read_to_string(&path).expect("it is text");
        let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    \"")).collect();
        assert_eq!(ids.len(), baseline.guarantees.len());
        assert!(ids.is_sorted(), "a guarantee stays where it is");

        let schema = include_str!("../../../reports/schema/baseline-1.json");
        let schema = serde_json::from_str(schema).expect("a schema is JSON");
        let schema = jsonschema::draft202012::new(&schema).expect("it is a schema");
        let good: Value = serde_json::from_str(&text).expect("it is JSON");
        let errors: Vec<_> = schema.iter_errors(&good).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        for (pointer, wrong) in [
            ("/schema", json!(2)),
            ("/seed", json!("now")),
            ("/guarantees/read-your-write/verdict", json!("passed")),
            ("/guarantees/read-your-write/trials", json!(-1)),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).expect("the place exists") = wrong;
            assert!(!schema.is_valid(&bad), "{pointer}");
        }
    }

    /// What people get to read when a file is not what it should be.
    #[test]
    fn mistakes_in_files_are_named() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("file.json");
        let mut told = Vec::new();
        let contents = [
            None,
            Some(""),
            Some("{"),
            Some("[]"),
            Some("{}"),
            Some("{\"schema\": 2}"),
            Some("{\"schema\": 1}"),
        ];
        for content in contents {
            let shard = folder.path().join(shards::SHARD_FILE);
            for file in [&path, &shard] {
                match content {
                    Some(content) => fs::write(file, content).expect("there is room"),
                    None => assert!(!file.exists()),
                }
            }
            told.push(format!("{}:", content.unwrap_or("no file")));
            told.push(read(&path).expect_err("it is none").to_string());
            told.push(certificates::read(&path).expect_err("it is none").to_string());
            told.push(shards::read(folder.path()).expect_err("it is none").to_string());
        }
        told.push("a folder:".into());
        told.push(certificates::read(folder.path()).expect_err("nothing is in it").to_string());
        told.push(read(folder.path()).expect_err("it is a folder").to_string());
        let told = told.join("\n").replace(&folder.path().display().to_string(), "FOLDER");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn a_certificate_of_the_first_versions_is_read() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("certificate.json");
        let (certificate, _) = fixture::refuted();
        let text = serde_json::to_string(&certificate).expect("plain data");
        assert!(!text.contains("coverage") && !text.contains("partition"), "as they were");
        fs::write(&path, text).expect("there is room");
        assert_eq!(certificates::read(&path).expect("it reads"), certificate);
        assert_eq!(certificates::read(folder.path()).expect("by its folder"), certificate);
        assert_eq!(certificates::newest(folder.path()), Some(path.clone()));

        let latest = folder.path().join("runs/latest");
        fs::create_dir_all(&latest).expect("there is room");
        fs::rename(&path, latest.join("certificate.json")).expect("it moves");
        let runs = folder.path().join("runs");
        assert_eq!(certificates::read(&runs).expect("the latest of several"), certificate);
    }
}
