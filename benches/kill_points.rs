//! What a kill point costs: through the fork server, by exec, and as a loop around strace.
//!
//! One thread each, the same executable, the same workload, a fresh root for every point, and no look at
//! what is left. The figures only mean something as ratios within one run.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crashworthy_harness::{
    explore::kill_point::KillPoints,
    fault::{Side, Strike},
    history::Invocation,
    scenario::{Actor, Scenario},
    subject::{self, Subject, protocol},
};
use criterion::{Criterion, criterion_group};

/// The calls that strace is told to look at: those that the reference backend changes things with.
const CALLS: &[&str] =
    &["openat", "openat2", "mkdirat", "write", "fsync", "renameat", "unlinkat", "flock"];

fn main() {
    // This executable is its own worker.
    subject::become_worker_if_asked(&subject::backends());
    benches();
    Criterion::default().configure_from_args().final_summary();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = kill_points, tracing
}

/// Four small files and a delete: some forty events on the reference backend.
fn workload() -> Scenario {
    let mut operations: Vec<Invocation> = (0..4)
        .map(|index| Invocation::WriteFile {
            path: format!("blocks/{index}.bin"),
            data: vec![b'x'; 1000].into(),
        })
        .collect();
    operations.push(Invocation::DeleteFile { path: "blocks/0.bin".into() });
    Scenario {
        name: "bench".into(),
        actors: vec![Actor { name: "client".into(), operations }],
        ..Scenario::default()
    }
}

fn reference() -> Subject {
    Subject::of_this_executable("fs").expect("this executable has a path")
}

fn kill_points(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kill_point");
    for (name, subject) in
        [("fork_server", reference()), ("exec", reference().without_fork_server())]
    {
        let mut points = KillPoints::new(subject, workload()).expect("a scratch directory");
        let events =
            points.strike(&Strike::None).expect("the reference backend works").events.len();
        let mut event = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                event = (event + 1) % events;
                points.strike(&Strike::Kill { event, side: Side::Before }).expect("it is killed")
            });
        });
    }
    match Strace::new() {
        Some(mut strace) => {
            let mut point = 0;
            group.bench_function("strace", |bencher| {
                bencher.iter(|| {
                    point = (point + 1) % strace.ordinals.len();
                    strace.kill(point);
                });
            });
        }
        None => eprintln!("strace is not installed; install it to see the comparison"),
    }
    group.finish();
}

/// The same operations in one live process, traced and not; the difference is the cost of its stops.
fn tracing(criterion: &mut Criterion) {
    const ROUNDS: usize = 100;
    let mut group = criterion.benchmark_group("tracing_100_rounds");
    let mut points = KillPoints::new(reference(), workload()).expect("a scratch directory");
    let events = points.strike(&Strike::None).expect("the reference backend works").events.len();
    println!("one round has {events} events and {} answers", workload().workload().len());
    for (name, traced) in [("untraced", false), ("traced", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| points.run(ROUNDS, traced).expect("the reference backend works"));
        });
    }
    group.finish();
}

/// `strace -e inject=CALL:signal=KILL:when=N` around the worker, which reads its requests from a file.
struct Strace {
    points: KillPoints,
    /// Which call, and its how manieth, for every kill point.
    ordinals: Vec<(String, usize)>,
}

impl Strace {
    fn new() -> Option<Self> {
        Command::new("strace").arg("--version").stdout(Stdio::null()).status().ok()?;
        let mut points = KillPoints::new(reference(), workload()).ok()?;
        let mut strace = {
            let (root, _arena) = points.fresh_root().ok()?;
            let log = root.with_file_name("strace.log");
            run(&root, &["-o", log.to_str()?]);
            let mut counts = BTreeMap::<String, usize>::new();
            let mut ordinals = Vec::new();
            let mut opened = false;
            for line in fs::read_to_string(&log).ok()?.lines() {
                // "PID  call(arguments) = result"
                let Some((call, arguments)) = line
                    .split_once(char::is_whitespace)
                    .and_then(|(_, rest)| rest.trim().split_once('('))
                else {
                    continue;
                };
                let count = counts.entry(call.to_owned()).or_default();
                *count += 1;
                opened |= arguments.contains("blocks");
                let changes = match call {
                    "openat" | "openat2" => arguments.contains("O_CREAT"),
                    "write" => !arguments.starts_with("1,"),
                    _ => true,
                };
                if opened && changes {
                    ordinals.push((call.to_owned(), *count));
                }
            }
            Self { points, ordinals }
        };
        assert!(strace.ordinals.len() > 20, "{:?}", strace.ordinals);
        strace.kill(0);
        Some(strace)
    }

    fn kill(&mut self, point: usize) {
        let (call, when) = &self.ordinals[point];
        let (root, _arena) = self.points.fresh_root().expect("a fresh root");
        let inject = format!("inject={call}:signal=KILL:when={when}");
        run(&root, &["-o", "/dev/null", "-e", &inject]);
    }
}

/// Runs the worker under strace on a file of requests.
fn run(root: &Path, options: &[&str]) {
    let requests = root.with_file_name("requests");
    let greeting = [
        protocol::Call::Hello { protocol: protocol::PROTOCOL_VERSION },
        protocol::Call::Open {
            root: root.to_string_lossy().into_owned(),
            options: serde_json::json!({}),
        },
    ];
    let workload = workload();
    let calls = greeting.into_iter().chain(workload.workload().iter().map(protocol::Call::from));
    let lines: String = calls
        .zip(0..)
        .map(|(call, id)| {
            serde_json::to_string(&protocol::Request { id, thread: None, call })
                .expect("plain data")
                + "\n"
        })
        .collect();
    fs::write(&requests, lines).expect("the arena is writable");
    Command::new("strace")
        .args(["-f", "-e", &format!("trace={}", CALLS.join(","))])
        .args(options)
        .arg(std::env::current_exe().expect("this executable has a path"))
        .env("CRASHWORTHY_WORKER", "fs")
        .stdin(fs::File::open(&requests).expect("just written"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("strace runs");
}
