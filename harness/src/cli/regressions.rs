//! Counterexamples that are kept: what broke once is explored before anything else.
//!
//! A regression is a scenario file, or a counterexample as a run wrote it. Of a counterexample, the scenario is
//! explored with its whole kind of fault for its one guarantee: a backend that has changed since makes other calls,
//! so the stored strike itself may have lost its place.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Stop;
use crate::{
    report::files,
    scenario::{self, Scenario, load},
};

/// Where they are kept, below the working directory.
pub(super) const DIRECTORY: &str = "scenarios/regressions";

/// The regressions in a directory, in the order of their file names; none where there is no such directory and
/// nobody asked for it. Those that are built in are left out.
pub(super) fn load(asked: Option<&Path>) -> Result<Vec<Arc<Scenario>>, Stop> {
    let directory = asked.unwrap_or(Path::new(DIRECTORY));
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(_) if asked.is_none() => return Ok(Vec::new()),
        Err(error) => {
            return Err(Stop::usage(format!(
                "failed to read the regressions in {}: {error}; name a directory that exists with --regressions",
                directory.display()
            )));
        }
    };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    let builtin = scenario::builtin::all();
    let mut names: BTreeSet<String> =
        builtin.iter().map(|scenario| scenario.name.clone()).collect();
    let mut regressions = Vec::new();
    for path in paths {
        let Some(scenario) = regression(&path)? else { continue };
        if names.insert(scenario.name.clone()) {
            regressions.push(Arc::new(scenario));
        }
    }
    Ok(regressions)
}

/// The scenario in a file, if it is one that holds any.
fn regression(path: &Path) -> Result<Option<Scenario>, Stop> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("toml") => load::from_file(path).map(Some).map_err(|error| Stop::Usage(error.into())),
        Some("json") => {
            let kept = files::read(path).map_err(Stop::usage)?;
            let name = path.display().to_string();
            let scenario =
                load::from_str(&name, &kept.scenario).map_err(|error| Stop::Usage(error.into()))?;
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            Ok(Some(Scenario {
                name: stem.unwrap_or(scenario.name),
                faults: kept.strike.explored_by(),
                judges: vec![kept.guarantee],
                ..scenario
            }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fault::FaultKind,
        report::{files::counterexample, fixture},
    };

    #[test]
    fn a_counterexample_becomes_a_scenario_for_its_guarantee() {
        let folder = tempfile::tempdir().expect("a folder");
        let case = fixture::emptied();
        let kept = counterexample(&case, &crate::judge::SubjectIdentity::default(), None, 7);
        let json = serde_json::to_string(&kept).expect("plain data");
        std::fs::write(folder.path().join("emptied-again.json"), json).expect("room");
        std::fs::write(folder.path().join("README.md"), "not a regression").expect("room");
        let found = load(Some(folder.path())).expect("one regression");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "emptied-again");
        assert_eq!(found[0].judges, [case.guarantee]);
        assert_eq!(found[0].faults, [FaultKind::Kill]);
        assert_eq!(found[0].workload(), case.evidence.scenario.workload());
    }

    #[test]
    fn another_schema_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("old.json"), r#"{"schema": 0}"#).expect("room");
        let Err(Stop::Usage(report)) = load(Some(folder.path())) else {
            panic!("it was read");
        };
        let text = report.to_string();
        assert!(text.contains("is of counterexample schema 0"), "{text}");
        assert!(text.contains("use the version of crashworthy that wrote it"), "{text}");
    }

    #[test]
    fn a_directory_that_was_asked_for_must_be_there() {
        assert!(load(Some(Path::new("/nowhere/at/all"))).is_err());
        assert!(load(None).is_ok());
    }
}
