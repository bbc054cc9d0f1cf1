//! Histories with known answers.

use super::*;
use Action::{Delete, Exists, Read, Write};

/// More than any history here needs.
const CONFIGURATIONS_MAX: usize = 10_000;

const A: State = Some(Value(1));
const B: State = Some(Value(2));

fn write(state: State) -> Action {
    Write(state.expect("a value is written"))
}

/// From one moment to another.
pub(super) fn during(invoked: u64, returned: u64, action: Action) -> Operation {
    Operation { invoked, end: End::Certain(returned), action }
}

fn failed(invoked: u64, returned: u64, action: Action) -> Operation {
    Operation { invoked, end: End::Doubtful(returned), action }
}

fn open(invoked: u64, action: Action) -> Operation {
    Operation { invoked, end: End::Open, action }
}

#[track_caller]
fn is(answer: Answer, initial: State, operations: &[Operation]) {
    let backwards: Vec<_> = operations.iter().rev().copied().collect();
    for operations in [operations, &backwards] {
        assert_eq!(check(operations, initial, CONFIGURATIONS_MAX), answer, "{operations:?}");
        let searched = search::decide(operations, initial, CONFIGURATIONS_MAX);
        assert_eq!(searched, answer, "{operations:?}, by the search alone");
    }
}

fn fine(operations: &[Operation]) {
    is(Answer::Linearizable, None, operations);
}

fn wrong(operations: &[Operation]) {
    is(Answer::NotLinearizable, None, operations);
}

#[test]
fn one_after_the_other() {
    fine(&[]);
    fine(&[during(0, 1, Read(None)), during(2, 3, write(A)), during(4, 5, Read(A))]);
    fine(&[during(0, 1, write(A)), during(2, 3, Delete), during(4, 5, Exists(false))]);
    wrong(&[during(0, 1, Read(A))]);
    wrong(&[during(0, 1, Exists(true))]);
    wrong(&[during(0, 1, write(A)), during(2, 3, Read(None))]);
    wrong(&[during(0, 1, write(A)), during(2, 3, write(B)), during(4, 5, Read(A))]);
    wrong(&[during(0, 1, write(A)), during(2, 3, Delete), during(4, 5, Read(A))]);
    wrong(&[during(0, 1, Read(A)), during(2, 3, write(A))]);
    is(Answer::Linearizable, A, &[during(0, 1, Read(A)), during(2, 3, Exists(true))]);
    is(Answer::NotLinearizable, A, &[during(0, 1, Exists(false))]);
}

#[test]
fn at_once() {
    let writes = [during(0, 9, write(A)), during(0, 9, write(B))];
    let reads = |first, then| [during(1, 2, Read(first)), during(3, 4, Read(then))];
    for (first, then) in [(None, A), (A, B), (B, A), (B, B)] {
        fine(&[writes.as_slice(), &reads(first, then)].concat());
    }
    let back = [writes.as_slice(), &reads(A, B), &[during(5, 6, Read(A))]].concat();
    wrong(&back);
    wrong(&[writes.as_slice(), &reads(A, None)].concat());
    // Two readers that disagree on the order of the writes.
    let one = reads(A, B);
    let other = reads(B, A);
    wrong(&[writes.as_slice(), &one, &other].concat());
}

/// Herlihy and Wing (1990), figure 2: the histories of a register there, H1 and H3 legal.
#[test]
fn a_write_takes_effect_at_one_moment() {
    fine(&[
        during(0, 3, write(A)),
        during(1, 5, Read(A)),
        during(4, 7, write(B)),
        during(6, 9, Read(B)),
    ]);
    wrong(&[
        during(0, 1, write(A)),
        during(2, 9, write(B)),
        during(3, 4, Read(B)),
        during(5, 6, Read(A)),
    ]);
}

#[test]
fn what_failed_happened_in_its_interval_or_not_at_all() {
    for seen in [None, A] {
        fine(&[failed(0, 1, write(A)), during(2, 3, Read(seen)), during(4, 5, Read(seen))]);
    }
    wrong(&[failed(0, 1, write(A)), during(2, 3, Read(None)), during(4, 5, Read(A))]);
    wrong(&[failed(0, 1, write(A)), during(2, 3, Read(A)), during(4, 5, Read(None))]);
    is(Answer::Linearizable, A, &[failed(0, 1, Delete), during(2, 3, Exists(true))]);
    is(Answer::Linearizable, A, &[failed(0, 1, Delete), during(2, 3, Exists(false))]);
    // Two that failed, of which the earlier one must not hide the later one.
    fine(&[failed(0, 1, write(A)), failed(2, 3, write(B)), during(4, 5, Read(A))]);
}

#[test]
fn what_was_never_answered_happens_at_any_time_or_never() {
    let write = open(0, write(A));
    fine(&[write]);
    fine(&[write, during(1, 2, Read(None)), during(3, 4, Read(None))]);
    fine(&[write, during(1, 2, Read(None)), during(3, 4, Read(A))]);
    fine(&[write, during(1, 2, Exists(true)), during(3, 4, Delete), during(5, 6, Read(None))]);
    wrong(&[write, during(1, 2, Read(A)), during(3, 4, Read(None))]);
    wrong(&[write, during(1, 2, Read(A)), during(3, 4, Delete), during(5, 6, Read(A))]);
    wrong(&[during(0, 1, Read(A)), open(2, Write(Value(1)))]);
}

#[test]
fn what_ends_as_another_one_begins_does_not_precede_it() {
    fine(&[during(0, 1, write(A)), during(2, 3, write(B)), during(3, 4, Read(A))]);
    fine(&[during(0, 1, write(A)), during(1, 2, Read(None))]);
}

/// Two writes in either order leave different values, and only a delete that failed is between them and the answer.
#[test]
fn the_same_operations_in_another_order_are_another_configuration() {
    for seen in [A, B] {
        fine(&[
            during(0, 1, write(A)),
            during(0, 1, write(B)),
            failed(0, 2, Delete),
            during(3, 4, Read(seen)),
        ]);
    }
}

#[test]
fn time_tells_sources_apart() {
    let recurring = [
        during(0, 1, Read(None)),
        during(2, 3, write(A)),
        during(4, 5, Delete),
        during(6, 7, Exists(false)),
        during(8, 9, write(A)),
        during(10, 11, Exists(true)),
        during(12, 13, Delete),
        during(14, 15, Read(None)),
    ];
    assert_eq!(distinct::decide(&recurring, None), Some(true));
    let beside_a_long_one = [
        during(0, 90, Delete),
        during(1, 2, Delete),
        during(3, 4, write(A)),
        during(50, 51, Read(None)),
    ];
    assert_eq!(distinct::decide(&beside_a_long_one, B), Some(true));
    let ambiguous = [during(0, 3, Delete), during(1, 4, Delete), during(5, 6, Read(None))];
    assert_eq!(distinct::decide(&ambiguous, A), None);
}

#[test]
fn beyond_the_limit_nothing_is_said() {
    // As many equal writes and deletes as it takes, all at once, and answers in between; then one write too few.
    let hard = |changes: u64| {
        let alternate = |index: u64, even, odd| if index.is_multiple_of(2) { even } else { odd };
        let changes =
            (0..changes).map(|index| during(index, 100, alternate(index, write(A), Delete)));
        let answers = (0..12).map(|index| {
            during(20 + 2 * index, 21 + 2 * index, alternate(index, Read(A), Read(None)))
        });
        changes.chain(answers).collect::<Vec<_>>()
    };
    assert_eq!(check(&hard(12), None, 30), Answer::Linearizable);
    assert_eq!(check(&hard(11), None, 30), Answer::Unknown);
    assert_eq!(check(&hard(11), None, 100_000), Answer::NotLinearizable);
}

#[test]
fn a_watcher_keeps_little_and_knows_its_limits() {
    let limits = Limits { window_operations_max: 10, configurations_max: 100 };
    let mut watch = Watch::new(None, limits);
    for round in 0..1_000 {
        let now = round * 10;
        watch.push(during(now, now + 3, write(A)));
        watch.push(during(now + 1, now + 4, write(B)));
        watch.push(during(now + 5, now + 6, Read(if round % 2 == 0 { A } else { B })));
        if round % 100 == 0 {
            // A client that died.
            watch.push(open(now + 7, write(A)));
        }
        assert_eq!(watch.settle(now + 10), Answer::Linearizable);
        assert!(watch.len() <= 10, "{} are kept", watch.len());
    }
    let mut wrong = watch.clone();
    wrong.push(during(10_000, 10_001, Read(None)));
    assert_eq!(wrong.settle(10_002), Answer::NotLinearizable);
    wrong.push(during(10_003, 10_004, write(A)));
    assert_eq!(wrong.finish(), Answer::NotLinearizable, "what is wrong stays wrong");
    for client in 0..20 {
        watch.push(during(10_000 + client, 10_100, write(A)));
    }
    assert_eq!(watch.settle(10_050), Answer::Unknown, "no quiet moment in the window");
}

#[test]
fn a_watcher_remembers_which_of_the_unanswered_may_have_happened() {
    let limits = Limits { window_operations_max: 10, configurations_max: 100 };
    let mut watch = Watch::new(None, limits);
    for operation in [
        open(0, write(A)),
        open(0, write(B)),
        // One of the two, and it does not matter which.
        during(1, 2, Exists(true)),
        during(3, 4, Delete),
    ] {
        watch.push(operation);
    }
    assert_eq!(watch.settle(5), Answer::Linearizable);
    for seen in [A, B] {
        let mut watch = watch.clone();
        watch.push(during(5, 6, Read(seen)));
        assert_eq!(watch.settle(7), Answer::Linearizable, "the other one happened before");
        watch.push(during(8, 9, Delete));
        watch.push(during(10, 11, Exists(true)));
        assert_eq!(watch.finish(), Answer::NotLinearizable, "both have happened");
    }
}
