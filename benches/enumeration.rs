//! What it costs to enumerate the crash states of a workload in memory, at every point, by their digests.
//!
//! The workload publishes records as careful stores do, some nine calls each: a temporary file in three
//! writes, fsync, rename, fsync of the directory, then a line in a log and fdatasync. All of it lies in one
//! directory, the worst case for hashing, and above it an entry stays pending to the end.

use std::hint::black_box;

use crashworthy_harness::{
    history::Tree,
    persist::{Limits, Order, Recording, STRICT, Sync, Walk},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = enumerate
}
criterion_main!(benches);

fn publish(operations: usize) -> Recording {
    let record = "publishing is possible on a tree that was just made";
    let mut recording = Recording::new(&Tree::default());
    let directory = recording.mkdir("store").expect(record);
    let log = recording.create("store/log").expect(record);
    for operation in 0..operations {
        let temporary = format!("store/tmp-{operation}");
        let file = recording.create(&temporary).expect(record);
        for part in ["header", "body", "trailer"] {
            recording.append(file, format!("{part} {operation}").as_bytes()).expect(record);
        }
        recording.sync(Sync::Fsync(file));
        recording.rename(&temporary, &format!("store/{operation}")).expect(record);
        recording.sync(Sync::Fsync(directory));
        recording.append(log, format!("{operation}\n").as_bytes()).expect(record);
        recording.sync(Sync::Fdatasync(log));
        recording.acknowledge(operation);
    }
    recording
}

/// How many distinct states there are at all points together, each counted where it appears.
fn states(recording: &Recording) -> u64 {
    let order = Order::new(recording, &STRICT);
    let mut walk = Walk::new(recording, &order);
    let mut found = 0;
    for point in recording.points() {
        let mut states = walk.states(point, Limits::seeded(0));
        while let Some(state) = states.advance() {
            black_box(state.digest);
            found += 1;
        }
    }
    found
}

fn enumerate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("enumerate");
    for operations in [1, 10, 100, 1000] {
        let recording = publish(operations);
        group.throughput(Throughput::Elements(states(&recording)));
        group.bench_with_input(
            BenchmarkId::from_parameter(operations),
            &recording,
            |bencher, recording| bencher.iter(|| states(recording)),
        );
    }
    group.finish();
}
