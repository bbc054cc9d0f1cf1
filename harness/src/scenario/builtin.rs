//! The scenarios embedded in the binary, so that an installed one works from any folder.

use std::sync::{Arc, LazyLock};

use include_dir::{Dir, File, include_dir};

use super::{Scenario, load};

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../scenarios");
/// The folder of shrunk counterexamples of the past.
const REGRESSIONS: &str = "regressions";

/// All built-in scenarios: regressions first, since what broke once breaks again, then the others;
/// each in the order of their file names.
pub fn all() -> Vec<Arc<Scenario>> {
    static ALL: LazyLock<Vec<Arc<Scenario>>> = LazyLock::new(|| {
        files()
            .map(|file| {
                let name = file.path().display().to_string();
                let text = file.contents_utf8().unwrap_or_default();
                let scenario = load::from_str(&name, text);
                // A test loads every embedded file, so this is never seen by a user.
                Arc::new(scenario.unwrap_or_else(|error| panic!("built-in {name}: {error}")))
            })
            .collect()
    });
    ALL.clone()
}

/// The embedded scenario files in the order of [`all`].
fn files() -> impl Iterator<Item = &'static File<'static>> {
    let folder = |dir: &'static Dir<'static>| {
        let mut files: Vec<_> = dir
            .files()
            .filter(|file| file.path().extension().is_some_and(|extension| extension == "toml"))
            .collect();
        files.sort_by_key(|file| file.path());
        files
    };
    let regressions = SCENARIOS.get_dir(REGRESSIONS).map(folder).unwrap_or_default();
    regressions.into_iter().chain(folder(&SCENARIOS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crashworthy::{Category, Guarantee};

    use super::*;

    /// Kills are real processes; this many operations fit the time of a quick certificate.
    const KILLED_OPERATIONS_MAX: usize = 32;

    #[test]
    fn every_file_loads_and_is_named_after_its_scenario() {
        for file in files() {
            let path = file.path().display().to_string();
            let text = file.contents_utf8().expect("a scenario is text");
            match load::from_str(&path, text) {
                Ok(scenario) => {
                    let stem = file.path().file_stem().and_then(|stem| stem.to_str());
                    assert_eq!(Some(scenario.name.as_str()), stem, "{path}");
                }
                Err(error) => panic!("{:?}", miette::Report::new(error)),
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let all = all();
        let names: BTreeSet<_> = all.iter().map(|scenario| &scenario.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(names.len() > 30, "the scenarios of the specification are embedded");
    }

    #[test]
    fn regressions_come_first_and_each_folder_is_sorted() {
        let keys: Vec<_> =
            files().map(|file| (!file.path().starts_with(REGRESSIONS), file.path())).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn every_guarantee_is_judged_by_a_scenario() {
        let judged: BTreeSet<_> = all().iter().flat_map(|s| s.judges.clone()).collect();
        for guarantee in Guarantee::ALL {
            assert!(judged.contains(guarantee), "no scenario judges {guarantee}");
        }
    }

    /// A scenario that asks about kills and kills nothing would be evidence of nothing.
    #[test]
    fn scenarios_that_judge_kills_have_a_fault() {
        for scenario in all() {
            let about_kills =
                scenario.judges.iter().any(|judged| judged.category() == Category::ProcessKill);
            assert!(!about_kills || !scenario.faults.is_empty(), "{}", scenario.name);
        }
    }

    /// Aliasing and escapes look like loss to the other checkers, and would be counted twice.
    #[test]
    fn path_fidelity_and_containment_are_judged_alone() {
        for scenario in all() {
            let alone = [Guarantee::PathFidelity, Guarantee::Confined];
            let has_one = scenario.judges.iter().any(|judged| alone.contains(judged));
            assert!(!has_one || scenario.judges.len() == 1, "{}", scenario.name);

            let names_temp =
                scenario.paths().iter().any(|path| path.strip_suffix(".tmp").is_some());
            assert!(!names_temp || has_one, "{} names a temporary file", scenario.name);
        }
    }

    #[test]
    fn the_kill_sweep_stays_short() {
        let operations: usize = all()
            .iter()
            .filter(|scenario| scenario.faults.iter().any(|fault| fault.is_process_per_strike()))
            .map(|scenario| scenario.workload().len())
            .sum();
        assert!(operations <= KILLED_OPERATIONS_MAX, "{operations} operations are killed");
    }
}
