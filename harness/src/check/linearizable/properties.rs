//! Both algorithms agree with each other, with how a history was made, and with an independent tester.
//!
//! A history that is linearizable by construction comes from a register: each operation takes effect at a moment
//! in the middle of its interval. Then one answer is changed, or all of it is random.

use proptest::{prelude::*, sample::Index};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use super::*;

/// Enough for every history here, all of which are small.
const CONFIGURATIONS_MAX: usize = 1_000_000;
/// The independent tester tries all orders, so its histories are small.
const ORACLE_OPERATIONS_MAX: usize = 7;

/// What a client does, before it is known what it sees.
#[derive(Clone, Copy, Debug)]
enum Intent {
    Write,
    Delete,
    Read,
    Exists,
}

/// How histories are made.
#[derive(Clone, Copy, Debug)]
struct Shape {
    operations: usize,
    /// How many values there are; all that are written differ, where it is 0.
    values: u32,
    deletes: bool,
    /// Longest time between an operation's moment and its beginning or end, in operations.
    slack: u64,
}

fn shapes(operations_max: usize) -> impl Strategy<Value = Shape> {
    (1..=operations_max, 0..4_u32, any::<bool>(), 0..6_u64).prop_map(
        |(operations, values, deletes, slack)| Shape { operations, values, deletes, slack },
    )
}

fn initial(shape: Shape) -> impl Strategy<Value = State> {
    prop_oneof![Just(None), (0..shape.values.max(1)).prop_map(|value| Some(Value(value)))]
}

type Draw = (Intent, u32, u64, u64, u8, bool);

fn draws(shape: Shape) -> impl Strategy<Value = Vec<Draw>> {
    let intent = prop_oneof![
        3 => Just(Intent::Write),
        u32::from(shape.deletes) => Just(Intent::Delete),
        4 => Just(Intent::Read),
        1 => Just(Intent::Exists),
    ];
    let slack = || 0..=shape.slack * 10;
    let draw = (intent, 0..shape.values.max(1), slack(), slack(), 0..8_u8, any::<bool>());
    prop::collection::vec(draw, shape.operations)
}

/// Runs intents on a register, one after the other, and stretches each into an interval.
fn run(shape: Shape, initial: State, draws: &[Draw]) -> Vec<Operation> {
    let mut state = initial;
    let mut operations = Vec::new();
    for (index, (intent, value, early, late, ending, happens)) in draws.iter().enumerate() {
        let moment = 100 + index as u64 * 10;
        // No value is written twice, and none is that of the beginning.
        let value = if shape.values == 0 { 100 + index as u32 } else { *value };
        let action = match intent {
            Intent::Write => Action::Write(Value(value)),
            Intent::Delete => Action::Delete,
            Intent::Read => Action::Read(state),
            Intent::Exists => Action::Exists(state.is_some()),
        };
        let end = match ending {
            0 if action.is_change() => End::Open,
            1 if action.is_change() => End::Doubtful(moment + late),
            _ => End::Certain(moment + late),
        };
        if matches!(end, End::Certain(_)) || *happens {
            state = action.apply(state).expect("it saw what there is");
        }
        operations.push(Operation { invoked: moment - early, end, action });
    }
    operations
}

/// A history that a register made, and its beginning.
fn histories(operations_max: usize) -> impl Strategy<Value = (State, Vec<Operation>)> {
    shapes(operations_max).prop_flat_map(|shape| {
        (initial(shape), draws(shape))
            .prop_map(move |(initial, draws)| (initial, run(shape, initial, &draws)))
    })
}

/// Such a history in which some answers are of another time, or wrong.
fn doubtful_histories(operations_max: usize) -> impl Strategy<Value = (State, Vec<Operation>)> {
    let swaps = prop::collection::vec((any::<Index>(), any::<Index>()), 1..5);
    (histories(operations_max), swaps).prop_map(|((initial, mut operations), swaps)| {
        for (one, other) in swaps {
            let (one, other) = (one.index(operations.len()), other.index(operations.len()));
            let seen = operations[other].action;
            match &mut operations[one].action {
                Action::Read(state) => {
                    *state = match seen {
                        Action::Write(value) => Some(value),
                        Action::Delete => None,
                        Action::Read(state) => state,
                        Action::Exists(_) => Some(Value(99)),
                    }
                }
                Action::Exists(truth) => *truth = !*truth,
                Action::Write(_) | Action::Delete => {}
            }
        }
        (initial, operations)
    })
}

/// The register, as the independent tester wants it.
#[derive(Clone, Debug, PartialEq)]
struct Spec(State);

#[derive(Clone, Debug, PartialEq)]
enum Ret {
    Done,
    State(State),
    Truth(bool),
}

impl SequentialSpec for Spec {
    type Op = Action;
    type Ret = Ret;

    fn invoke(&mut self, action: &Action) -> Ret {
        match action {
            Action::Write(value) => {
                self.0 = Some(*value);
                Ret::Done
            }
            Action::Delete => {
                self.0 = None;
                Ret::Done
            }
            Action::Read(_) => Ret::State(self.0),
            Action::Exists(_) => Ret::Truth(self.0.is_some()),
        }
    }
}

/// What the independent tester says. It knows no operation that fails, so each of those is once left out and once put
/// in.
fn oracle(initial: State, operations: &[Operation]) -> bool {
    let failed: Vec<usize> = (0..operations.len())
        .filter(|index| matches!(operations[*index].end, End::Doubtful(_)))
        .collect();
    (0..1_u32 << failed.len()).any(|chosen| {
        let is_out = |index: &usize| {
            failed
                .iter()
                .position(|failed| failed == index)
                .is_some_and(|bit| chosen & (1 << bit) == 0)
        };
        let mut events = Vec::new();
        for index in (0..operations.len()).filter(|index| !is_out(index)) {
            let operation = operations[index];
            // Of two things at one moment none comes first, so all begin before any ends.
            events.push((operation.invoked, false, index));
            if operation.end != End::Open {
                events.push((operation.deadline(), true, index));
            }
        }
        events.sort_unstable();
        let mut tester = LinearizabilityTester::new(Spec(initial));
        for (_, is_end, index) in events {
            let action = operations[index].action;
            let known = if is_end {
                let ret = match action {
                    Action::Write(_) | Action::Delete => Ret::Done,
                    Action::Read(state) => Ret::State(state),
                    Action::Exists(truth) => Ret::Truth(truth),
                };
                tester.on_return(index, ret).is_ok()
            } else {
                tester.on_invoke(index, action).is_ok()
            };
            assert!(known, "each operation begins and ends once");
        }
        tester.is_consistent()
    })
}

/// What a watcher says that sees operations as they end, and is told now and then how far they are complete.
fn watched(initial: State, operations: &[Operation], every: usize) -> (Answer, usize) {
    let limits = Limits { window_operations_max: 1_000, configurations_max: CONFIGURATIONS_MAX };
    let mut watch = Watch::new(initial, limits);
    let mut by_end = operations.to_vec();
    // That an operation was never answered is known at some time, here a little after it began.
    by_end.sort_by_key(|operation| match operation.end {
        End::Open => operation.invoked + 35,
        _ => operation.deadline(),
    });
    let mut kept_max = 0;
    for (index, operation) in by_end.iter().enumerate() {
        watch.push(*operation);
        if index % every == 0 {
            let to_come = by_end[index + 1..].iter().map(|operation| operation.invoked).min();
            watch.settle(to_come.unwrap_or(u64::MAX));
            kept_max = kept_max.max(watch.len());
        }
    }
    (watch.finish(), kept_max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_a_register_did_is_linearizable((initial, operations) in histories(60)) {
        prop_assert_eq!(search::decide(&operations, initial, CONFIGURATIONS_MAX), Answer::Linearizable);
        prop_assert_ne!(distinct::decide(&operations, initial), Some(false));
    }

    #[test]
    fn both_algorithms_agree((initial, operations) in doubtful_histories(40)) {
        let searched = search::decide(&operations, initial, CONFIGURATIONS_MAX);
        prop_assert_ne!(searched, Answer::Unknown);
        if let Some(decided) = distinct::decide(&operations, initial) {
            prop_assert_eq!(decided, searched == Answer::Linearizable);
        }
    }

    #[test]
    fn a_watcher_agrees((initial, operations) in doubtful_histories(40), every in 1..10_usize) {
        let searched = search::decide(&operations, initial, CONFIGURATIONS_MAX);
        prop_assert_eq!(watched(initial, &operations, every).0, searched);
    }

    #[test]
    fn an_independent_tester_agrees((initial, operations) in doubtful_histories(ORACLE_OPERATIONS_MAX)) {
        let right = oracle(initial, &operations);
        let searched = search::decide(&operations, initial, CONFIGURATIONS_MAX);
        prop_assert_eq!(searched == Answer::Linearizable, right, "searched");
        if let Some(decided) = distinct::decide(&operations, initial) {
            prop_assert_eq!(decided, right, "decided");
        }
    }
}

/// The properties above would hold of algorithms that are never asked anything hard.
#[test]
fn the_histories_are_of_all_sorts() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut legal, mut decided, mut refuted) = (0, 0, 0);
    for _ in 0..400 {
        let tree = doubtful_histories(20).new_tree(&mut runner).expect("there are histories");
        let (initial, operations) = tree.current();
        let is_legal =
            search::decide(&operations, initial, CONFIGURATIONS_MAX) == Answer::Linearizable;
        legal += usize::from(is_legal);
        let answer = distinct::decide(&operations, initial);
        decided += usize::from(answer == Some(true));
        refuted += usize::from(answer == Some(false));
    }
    assert!((80..320).contains(&legal), "{legal} of 400 are legal");
    assert!(
        decided > 50 && refuted > 50,
        "the polynomial algorithm says {decided} times yes, {refuted} times no"
    );
}
