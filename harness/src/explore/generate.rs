//! Generated workloads: short random operation sequences, run fault-free and killed at every event.
//!
//! proptest makes them and shrinks what refutes a guarantee, until nothing can be left out; the result is a
//! scenario to keep. Only guarantees that no scenario has refuted yet are hunted: a flaw that is known
//! needs no second counterexample.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc};

use crashworthy::{Category, Guarantee, PersistenceModel};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use super::{
    profile::Effort,
    sweep::{News, Sweep, Swept, Workplace},
    trial::TrialError,
};
use crate::{
    fault::FaultKind,
    history::Invocation,
    judge::Docket,
    scenario::{Actor, Scenario},
};

/// Trials of smaller workloads that one shrinking may take.
const SHRINK_ITERATIONS_MAX: u32 = 256;
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

/// See the module.
pub(crate) struct Generator<'a> {
    pub(crate) seed: u64,
    pub(crate) effort: Effort,
    pub(crate) only: Option<&'a [Guarantee]>,
    pub(crate) is_over: &'a dyn Fn() -> bool,
}

impl Generator<'_> {
    /// Runs the workloads; what shrank out of those that refuted something.
    pub(crate) fn run(
        &self,
        workplace: &mut Workplace<'_>,
        known: &Docket,
        swept: &mut Swept,
        tell: &mut dyn FnMut(&Arc<Scenario>, &News<'_>),
    ) -> Result<Vec<Scenario>, TrialError> {
        let mut hunted: BTreeSet<Guarantee> = Guarantee::ALL
            .iter()
            .copied()
            .filter(|guarantee| {
                matches!(guarantee.category(), Category::Interface | Category::ProcessKill)
                    && !NOT_GENERATED.contains(guarantee)
                    && known.case(*guarantee, PersistenceModel::Strict).is_none()
                    && self.only.is_none_or(|only| only.contains(guarantee))
            })
            .collect();
        let mut runner = self.runner();
        let strategy = workload(self.effort.workload_operations_max);
        let mut regressions = Vec::new();
        let mut workloads = 0;
        while workloads < self.effort.workloads as usize && !hunted.is_empty() {
            let state = RefCell::new((&mut *workplace, &mut *swept, &mut *tell));
            let failure = RefCell::new(None);
            let prey: RefCell<Option<Guarantee>> = RefCell::new(None);
            let tree = strategy.new_tree(&mut runner).map_err(|reason| {
                TrialError::Harness(std::io::Error::other(reason.message().to_owned()))
            })?;
            let result = runner.run_one(tree, |operations| {
                let (workplace, swept, tell) = &mut *state.borrow_mut();
                if failure.borrow().is_some() {
                    return Ok(());
                }
                // A shrinking workload must show the same flaw, or it becomes another one on the way.
                let judges =
                    prey.borrow().map_or_else(|| hunted.clone(), |one| BTreeSet::from([one]));
                let scenario = Arc::new(scenario(workloads, operations, &judges));
                let sweep = Sweep {
                    scenario: &scenario,
                    seed: self.seed,
                    effort: self.effort,
                    first_only: false,
                    is_over: self.is_over,
                };
                let mut fresh = Swept::default();
                let ran = sweep.run(workplace, &mut fresh, &mut |news| tell(&scenario, news));
                let found = fresh
                    .docket
                    .cases(|_| PersistenceModel::Strict)
                    .next()
                    .map(|case| case.guarantee);
                swept.add(fresh);
                match ran {
                    Ok(()) | Err(TrialError::Diverged(_)) => {}
                    Err(error) => {
                        *failure.borrow_mut() = Some(error);
                        return Ok(());
                    }
                }
                match found {
                    Some(guarantee) => {
                        *prey.borrow_mut() = Some(guarantee);
                        Err(TestCaseError::fail(guarantee.to_string()))
                    }
                    None => Ok(()),
                }
            });
            if let Some(error) = failure.into_inner() {
                return Err(error);
            }
            workloads += 1;
            if let (Err(TestError::Fail(_, smallest)), Some(guarantee)) =
                (result, prey.into_inner())
            {
                hunted.remove(&guarantee);
                regressions.push(scenario(
                    regressions.len(),
                    smallest,
                    &BTreeSet::from([guarantee]),
                ));
            }
        }
        Ok(regressions)
    }

    fn runner(&self) -> TestRunner {
        let config = Config {
            max_shrink_iters: SHRINK_ITERATIONS_MAX,
            failure_persistence: None,
            ..Config::default()
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
    }
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

fn scenario(number: usize, operations: Vec<Invocation>, judges: &BTreeSet<Guarantee>) -> Scenario {
    Scenario {
        name: format!("generated-{number}"),
        title: "A generated workload".into(),
        plants: Vec::new(),
        set_up: Vec::new(),
        actors: vec![Actor { name: "client".into(), operations }],
        faults: vec![FaultKind::Kill, FaultKind::Torn],
        judges: judges.iter().copied().collect(),
    }
}
