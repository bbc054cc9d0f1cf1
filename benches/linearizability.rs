//! What it costs to decide whether a history is linearizable: from a hundred operations to a million, on ten files, by
//! four clients; and a hard one on one file.
//!
//! The histories are made by a register per file: each operation begins, takes effect and ends at three steps of a
//! seeded random walk over the clients. Where all values differ the polynomial algorithm decides; where there are
//! four, and deletes, it is the search. The hard history has ten values and forty clients, and two answers
//! that have changed places, so that very many orders have to be tried: the limit ends it.

use std::hint::black_box;

use crashworthy_harness::check::linearizable::{
    Action, Answer, End, Limits, Operation, State, Value, Watch, check,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = decide, hard, watch
}
criterion_main!(benches);

/// Files of a history.
const FILES: usize = 10;
/// Clients of a history.
const CLIENTS: usize = 4;
/// Clients of the hard one, and its operations.
const HARD: (usize, usize) = (40, 400);
/// Operations after each of which a watcher looks.
const WATCHED: usize = 1_000;
/// No operation of four clients takes longer, in steps of the walk.
const LONGEST: u64 = 400;
/// Far more than is looked at where the answer is yes.
const CONFIGURATIONS_MAX: usize = 1_000_000;

/// Which contents are written.
#[derive(Clone, Copy)]
enum Contents {
    Distinct,
    /// So many, and files are deleted.
    Few(u32),
}

/// What a client is at.
enum Client {
    Idle,
    Begun { file: usize, invoked: u64, action: Action },
    Done { file: usize, invoked: u64, action: Action },
}

/// The histories of all files.
fn histories(
    files: usize,
    clients: usize,
    operations: usize,
    contents: Contents,
) -> Vec<Vec<Operation>> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(42);
    let mut states: Vec<State> = vec![None; files];
    let mut histories = vec![Vec::new(); files];
    let mut at_work: Vec<Client> = (0..clients).map(|_| Client::Idle).collect();
    let (mut now, mut ended, mut begun) = (0, 0, 0);
    while ended < operations {
        let client = &mut at_work[random.random_range(0..clients)];
        now += 1;
        *client = match *client {
            Client::Idle => {
                begun += 1;
                let action = match (random.random_range(0..8), contents) {
                    (0..3, Contents::Distinct) => Action::Write(Value(begun)),
                    (0..2, Contents::Few(count)) => {
                        Action::Write(Value(random.random_range(0..count)))
                    }
                    (2, Contents::Few(_)) => Action::Delete,
                    (3, Contents::Few(_)) => Action::Exists(true),
                    _ => Action::Read(None),
                };
                Client::Begun { file: random.random_range(0..files), invoked: now, action }
            }
            Client::Begun { file, invoked, action } => {
                let state = &mut states[file];
                let action = match action {
                    Action::Read(_) => Action::Read(*state),
                    Action::Exists(_) => Action::Exists(state.is_some()),
                    change => change,
                };
                *state = action.apply(*state).expect("it saw what there is");
                Client::Done { file, invoked, action }
            }
            Client::Done { file, invoked, action } => {
                histories[file].push(Operation { invoked, end: End::Certain(now), action });
                ended += 1;
                Client::Idle
            }
        };
    }
    histories
}

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linearizability");
    for (name, contents) in [("distinct", Contents::Distinct), ("few-values", Contents::Few(4))] {
        for operations in [100, 1_000, 10_000, 100_000, 1_000_000] {
            let histories = histories(FILES, CLIENTS, operations, contents);
            group.throughput(Throughput::Elements(operations as u64));
            group.bench_with_input(
                BenchmarkId::new(name, operations),
                &histories,
                |bencher, histories| {
                    bencher.iter(|| {
                        for history in histories {
                            let answer = check(black_box(history), None, CONFIGURATIONS_MAX);
                            assert_eq!(answer, Answer::Linearizable);
                        }
                    });
                },
            );
        }
    }
    group.finish();
}

fn hard(criterion: &mut Criterion) {
    let (clients, operations) = HARD;
    let mut history = histories(1, clients, operations, Contents::Few(10)).remove(0);
    let reads: Vec<usize> = (0..history.len())
        .filter(|index| matches!(history[*index].action, Action::Read(_)))
        .collect();
    // Wrong is not what was seen, but when.
    let (one, other) = (reads[reads.len() * 2 / 3], reads[reads.len() * 9 / 10]);
    (history[one].action, history[other].action) = (history[other].action, history[one].action);
    let mut group = criterion.benchmark_group("hard");
    for configurations_max in [1_000, 10_000, 100_000] {
        let answer = check(&history, None, configurations_max);
        let name = format!("{operations} operations, {answer:?}");
        group.bench_with_input(
            BenchmarkId::new(name, configurations_max),
            &history,
            |bencher, history| {
                bencher.iter(|| check(black_box(history), None, configurations_max));
            },
        );
    }
    group.finish();
}

/// The same as `few-values`, seen as it grows, and how little of it is kept.
fn watch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("watch");
    for operations in [10_000, 1_000_000] {
        let mut histories = histories(FILES, CLIENTS, operations, Contents::Few(4));
        for history in &mut histories {
            history.sort_by_key(Operation::deadline);
        }
        group.throughput(Throughput::Elements(operations as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(operations),
            &histories,
            |bencher, histories| {
                bencher.iter(|| {
                    for history in histories {
                        assert_eq!(watched(history), Answer::Linearizable);
                    }
                });
            },
        );
    }
    group.finish();
}

fn watched(history: &[Operation]) -> Answer {
    let mut watch =
        Watch::new(None, Limits { window_operations_max: 10_000, configurations_max: 100_000 });
    for stretch in history.chunks(WATCHED) {
        for operation in stretch {
            watch.push(*operation);
        }
        // Whatever is still to come ends later, so it cannot have begun long before.
        let horizon = stretch.last().map_or(0, |last| last.deadline().saturating_sub(LONGEST));
        watch.settle(horizon);
        assert!(watch.len() < 2 * WATCHED, "{} operations are kept", watch.len());
    }
    watch.finish()
}
