//! What crash states cost: laid out on disk; built, opened, observed and judged with real processes.
//!
//! `judge` is all of it on one core: a recorded run, every model, every state looked at by a process that opens one
//! root after the other. The Rust worker takes its requests in one go; the one in Node, over pipes as well, one by one.
//! `growth` is the same for workloads of 1 to 1,000 operations.

use std::path::Path;

use crashworthy::Guarantee;
use crashworthy_harness::{
    explore::{Profile, crash_state::CrashStates},
    fault::FaultKind,
    history::{Invocation, Node, Tree},
    scenario::{Actor, Scenario},
    subject::{self, Subject},
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use serde_json::json;

fn main() {
    // This executable is its own worker.
    subject::become_worker_if_asked(&subject::backends());
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = build, judge, growth
}

/// A crash state as small backends leave it: two values, a left-over, their directories.
fn build(criterion: &mut Criterion) {
    let file = |path: &str| (path.to_owned(), Node::File(vec![b'x'; 100].into()));
    let directory = |path: &str| (path.to_owned(), Node::Directory);
    let tree: Tree = [
        directory("blocks"),
        file("blocks/a.bin"),
        file("blocks/b.bin"),
        directory("tmp"),
        file("tmp/next"),
    ]
    .into_iter()
    .collect();
    let mut states =
        CrashStates::new(reference("none"), workload(1), Profile::Quick).expect("a scratch");
    let mut group = criterion.benchmark_group("build");
    group.throughput(Throughput::Elements(1));
    group.bench_function("tree", |bencher| bencher.iter(|| states.build(&tree).expect("room")));
    group.finish();
}

/// The reference backend at a durability level.
fn reference(durability: &str) -> Subject {
    let mut subject = Subject::of_this_executable("fs").expect("this executable has a path");
    subject.options = json!({ "durability": durability });
    subject
}

/// So many writes over four files.
fn workload(operations: usize) -> Scenario {
    let write = |operation: usize| Invocation::WriteFile {
        path: format!("blocks/{}.bin", operation % 4),
        data: format!("value {operation}").as_str().into(),
    };
    Scenario {
        name: "bench".into(),
        set_up: (0..4).map(write).collect(),
        actors: vec![Actor {
            name: "client".into(),
            operations: (4..4 + operations).map(write).collect(),
        }],
        faults: vec![FaultKind::PowerLoss],
        judges: vec![Guarantee::PowerAtomicWrite, Guarantee::PowerDurableAck],
        ..Scenario::default()
    }
}

/// States a second, for backends that sync no directory and so leave many.
fn judge(criterion: &mut Criterion) {
    let adapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/node/fs_backend.mjs");
    let node = Subject::command(&"node".into(), &[adapter.into()]).expect("there is a node");
    let subjects = [("rust_worker", reference("file"), 8), ("node_pipe", node, 3)];
    let mut group = criterion.benchmark_group("judge");
    for (name, subject, operations) in subjects {
        let mut states =
            CrashStates::new(subject, workload(operations), Profile::Quick).expect("a scratch");
        let found = states.judge().expect("the subject works");
        group.throughput(Throughput::Elements(found as u64));
        group.bench_function(name, |bencher| bencher.iter(|| states.judge().expect("it works")));
    }
    group.finish();
}

/// What a longer workload costs, for a backend that syncs everything: the states grow with the operations.
fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growth");
    for operations in [1, 10, 100, 1000] {
        let subject = reference("file-and-directory");
        let workload = workload(operations);
        let mut states = CrashStates::new(subject, workload, Profile::Nightly).expect("a scratch");
        let found = states.judge().expect("the subject works");
        group.throughput(Throughput::Elements(found as u64));
        group.bench_function(BenchmarkId::from_parameter(operations), |bencher| {
            bencher.iter(|| states.judge().expect("it works"));
        });
    }
    group.finish();
}
