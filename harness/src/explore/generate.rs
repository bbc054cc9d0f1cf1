//! Generated workloads: short random operation sequences, run fault-free and killed at every event.
//!
//! proptest makes them. Each is a function of the seed and its number alone, so that who runs which of them, and in
//! which order, decides nothing. They are judged like scenarios; of two cases against one guarantee that of a scenario
//! is kept, since its story is about a situation that somebody thought of.

use std::{io, sync::Arc};

use crashworthy::{Category, Guarantee};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::profile::Effort;
use crate::{
    fault::FaultKind,
    history::Invocation,
    judge::Case,
    scenario::{Actor, GENERATED, Scenario},
};

/// Values are this long at most, in bytes, but for the occasional large one.
const VALUE_BYTES_MAX: usize = 64;
/// A large value: several pages, and a partial last one.
const LARGE_VALUE_BYTES: usize = 9000;
/// Files: few, so that operations meet; none is another's directory, left-over name or case variant.
const FILES: &[&str] =
    &["a.bin", "blocks/b.bin", "blocks/c.bin", "channels/k/d.bin", "channels/k/e.bin"];
/// Directories, of which some hold files.
const DIRECTORIES: &[&str] = &["blocks", "channels", "channels/k", "empty/deep"];
/// Judged elsewhere, by scenarios made for them.
const NOT_GENERATED: &[Guarantee] = &[Guarantee::DeterministicLayout, Guarantee::PathFidelity];
/// What strikes them.
const FAULTS: [FaultKind; 2] = [FaultKind::Kill, FaultKind::Torn];

/// The workloads of a run that judges `only`, in the order of their numbers.
///
/// # Errors
/// None that a seed can cause: proptest would have to fail at making a value.
pub(crate) fn workloads(
    seed: u64,
    effort: Effort,
    only: Option<&[Guarantee]>,
) -> io::Result<Vec<Arc<Scenario>>> {
    let judges: Vec<Guarantee> = Guarantee::ALL
        .iter()
        .copied()
        .filter(|guarantee| {
            matches!(guarantee.category(), Category::Interface | Category::ProcessKill)
                && !NOT_GENERATED.contains(guarantee)
                && only.is_none_or(|only| only.contains(guarantee))
        })
        .collect();
    if judges.is_empty() {
        return Ok(Vec::new());
    }
    let strategy = workload(effort.workload_operations_max);
    let one = |number: u32| {
        let tree = strategy
            .new_tree(&mut runner(seed, number))
            .map_err(|reason| io::Error::other(reason.message().to_owned()))?;
        Ok(Arc::new(Scenario {
            name: format!("{GENERATED}{number}"),
            title: "A generated workload".into(),
            actors: vec![Actor { name: "client".into(), operations: tree.current() }],
            faults: FAULTS.to_vec(),
            judges: judges.clone(),
            ..Scenario::default()
        }))
    };
    (0..effort.workloads).map(one).collect()
}

/// The scenarios to keep: what shrank out of generated workloads that refute what no scenario does.
pub(crate) fn regressions<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Vec<Scenario> {
    let cases = cases.into_iter().filter(|case| case.evidence.scenario.is_generated());
    let kept = |case: &Case| Scenario {
        name: format!("kept-{}", case.guarantee),
        title: format!("A generated workload that refuted {}", case.guarantee),
        faults: FAULTS.to_vec(),
        judges: vec![case.guarantee],
        ..(*case.evidence.scenario).clone()
    };
    cases.map(kept).collect()
}

fn runner(seed: u64, number: u32) -> TestRunner {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&number.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Sequences of up to `operations_max` operations.
pub(crate) fn workload(operations_max: usize) -> impl Strategy<Value = Vec<Invocation>> {
    prop::collection::vec(operation(), 1..=operations_max)
}

fn operation() -> impl Strategy<Value = Invocation> {
    let file = || prop::sample::select(FILES).prop_map(str::to_owned);
    let directory = || prop::sample::select(DIRECTORIES).prop_map(str::to_owned);
    let value = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..VALUE_BYTES_MAX),
        1 => any::<u8>().prop_map(|byte| vec![byte; LARGE_VALUE_BYTES]),
    ];
    prop_oneof![
        5 => (file(), value)
            .prop_map(|(path, data)| Invocation::WriteFile { path, data: data.into() }),
        2 => file().prop_map(|path| Invocation::ReadFile { path }),
        3 => file().prop_map(|path| Invocation::DeleteFile { path }),
        1 => file().prop_map(|path| Invocation::Exists { path }),
        1 => directory().prop_map(|directory| Invocation::ListFiles { directory }),
        1 => directory().prop_map(|path| Invocation::CreateDirectory { path }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::Profile;

    fn made(seed: u64, workloads: u32) -> Vec<Arc<Scenario>> {
        let effort = Effort { workloads, ..Profile::Quick.effort(true) };
        super::workloads(seed, effort, None).expect("proptest makes values")
    }

    #[test]
    fn each_depends_on_seed_and_number_alone() {
        let (few, many) = (made(7, 3), made(7, 9));
        assert_eq!(few[..], many[..3]);
        assert_ne!(made(8, 3), few);
        assert!(many.iter().all(|workload| workload.is_generated()));
        let distinct: std::collections::BTreeSet<_> =
            many.iter().map(|workload| format!("{:?}", workload.workload())).collect();
        assert_eq!(distinct.len(), many.len());
    }

    #[test]
    fn none_is_made_where_none_could_judge() {
        let effort = Profile::Quick.effort(true);
        let only = [Guarantee::NoTornRead];
        assert!(workloads(7, effort, Some(&only)).expect("none").is_empty());
    }
}
