//! What a schedule costs: pairs of Rust workers as processes and as threads, and two Node processes that live on
//! from one schedule to the next; and how many schedules partial-order reduction leaves of all.
//!
//! One thread, pinned, as in a campaign. Each figure is of random orders, so that none costs less than another
//! because of what an explorer leaves out.

use std::{
    ffi::OsString,
    path::Path,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crashworthy_harness::{
    explore::schedules::explore,
    fault::Among,
    history::Invocation,
    scenario::{Actor, Scenario},
    schedule::{DepthFirst, Dpor, Explorer, Random},
    subject::{self, Subject},
    trace::pin,
};
use criterion::{Criterion, criterion_group};

/// The Node adapter with unique temporary names.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/adapters/node/hardened_backend.mjs");
/// Where no bench asks for more.
const SEED: u64 = 7;

fn main() {
    // This executable is its own worker.
    subject::become_worker_if_asked(&subject::backends());
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = schedules, reduction
}

/// Two processes write one file.
fn two_writers() -> Scenario {
    let write =
        |data: &str| Invocation::WriteFile { path: "blocks/a.bin".into(), data: data.into() };
    let actor = |name: &str, data: &str| Actor { name: name.into(), operations: vec![write(data)] };
    Scenario {
        name: "bench".into(),
        set_up: vec![write("the old value")],
        actors: vec![actor("one", "of one"), actor("two", "a longer value of two")],
        ..Scenario::default()
    }
}

fn built_in(name: &str) -> Subject {
    Subject::of_this_executable(name).expect("this executable has a path")
}

fn schedules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("schedule");
    let mut subjects = vec![
        ("documented_processes", built_in("fs:documented"), Among::Processes),
        ("hardened_processes", built_in("fs"), Among::Processes),
        ("documented_threads", built_in("fs:documented"), Among::Threads),
        ("hardened_threads", built_in("fs"), Among::Threads),
    ];
    if Path::new(NODE).exists()
        && let Ok(node) = Subject::command(&OsString::from("node"), &[NODE.into()])
    {
        subjects.push(("node_processes", node, Among::Processes));
    }
    for name in ["fs:documented", "fs"] {
        let subject = built_in(name);
        group.bench_function(format!("{name}_on_all_processors"), |bencher| {
            bencher.iter_custom(|runs| on_all_processors(&subject, runs as usize));
        });
    }
    for (name, subject, among) in subjects {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|runs| {
                let mut explorer = Random::new(SEED, runs as usize + 1);
                let mut started = None;
                explore(&subject, &two_writers(), among, &mut explorer, &mut |_, _, _| {
                    started.get_or_insert_with(Instant::now);
                    true
                })
                .expect("the subject works");
                started.map_or(Duration::ZERO, |started: Instant| started.elapsed())
            });
        });
    }
}

/// Runs the schedules on all processors at once, as a campaign with so many jobs does; the time of all of them.
fn on_all_processors(subject: &Subject, runs: usize) -> Duration {
    let processors = pin::processors();
    let share = runs.div_ceil(processors.len().max(1));
    let started = Barrier::new(processors.len());
    thread::scope(|scope| {
        let work: Vec<_> = processors
            .iter()
            .map(|&processor| {
                let started = &started;
                scope.spawn(move || {
                    pin::pin_to(processor);
                    let mut explorer = Random::new(SEED, share + 1);
                    let mut since = None;
                    let among = Among::Processes;
                    explore(subject, &two_writers(), among, &mut explorer, &mut |_, _, _| {
                        since.get_or_insert_with(|| {
                            started.wait();
                            Instant::now()
                        });
                        true
                    })
                    .expect("the subject works");
                    since.map_or(Duration::ZERO, |since| since.elapsed())
                })
            })
            .collect();
        work.into_iter().map(|work| work.join().expect("it works")).max().unwrap_or_default()
    })
}

/// Prints how many schedules there are, and how many are left; the times are those of whole explorations.
fn reduction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exploration");
    let subject = built_in("fs:documented");
    let count = |explorer: &mut dyn Explorer| {
        let mut runs = 0;
        explore(&subject, &two_writers(), Among::Processes, explorer, &mut |run, _, _| {
            runs += usize::from(!run.abandoned);
            true
        })
        .expect("the subject works");
        assert!(explorer.is_complete(), "{}", explorer.bound());
        runs
    };
    let all = count(&mut DepthFirst::exhaustive());
    let left = count(&mut Dpor::new());
    println!(
        "exploration: {left} of {all} schedules are left, a factor of {:.1}",
        all as f64 / left as f64
    );
    group.bench_function("exhaustive", |bencher| {
        bencher.iter(|| count(&mut DepthFirst::exhaustive()));
    });
    group.bench_function("reduced", |bencher| bencher.iter(|| count(&mut Dpor::new())));
}
