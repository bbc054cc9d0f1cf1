//! Random operation sequences, over the wire, against real processes: each answer must be the model's.
//!
//! Compared are success or failure, content, and names in order; which error it is may differ. One process
//! serves all cases of a subject, with an `open` on a fresh root for each: nothing may be remembered.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crashworthy::{MemoryBackend, StorageBackend, StoragePath};
use crashworthy_harness::{
    history::{Invocation, Outcome, Reply},
    subject::protocol::{self, Call, PROTOCOL_VERSION, Request},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Map, Value};

use crate::program;

/// Cases of a subject; each takes a few milliseconds.
const CASES: u32 = 96;
/// Most operations of one case.
const OPERATIONS_MAX: usize = 24;
/// A value of several pages that ends within one.
const LARGE_VALUE_BYTES: usize = 9000;
/// Files: few, so that operations meet. None lies below another, where backends may differ.
const FILES: &[&str] = &["a.bin", "blocks/b.bin", "blocks/c d.bin", "channels/k/é.bin"];
/// Directories, some of which come into being with their files.
const DIRECTORIES: &[&str] = &["blocks", "channels", "channels/k", "empty/deep"];

pub(crate) const TESTS: &[crate::Test] = &[
    ("conformance::fs", || conforms(worker("fs"))),
    ("conformance::fs_documented", || conforms(worker("fs:documented"))),
    ("conformance::memory", || conforms(worker("memory"))),
    ("conformance::python", || conforms(python("adapters/python/hardened_backend.py"))),
    ("conformance::sqlite", || conforms(python("adapters/python/sqlite_backend.py"))),
    ("conformance::node", || conforms(node("adapters/node/fs_backend.mjs"))),
    ("conformance::node_hardened", || conforms(node("adapters/node/hardened_backend.mjs"))),
];

/// This executable as the worker of a built-in backend.
fn worker(backend: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env("CRASHWORTHY_WORKER", backend);
    command
}

fn python(file: &str) -> Command {
    interpreter(program::python(), file)
}

fn node(file: &str) -> Command {
    interpreter(&"node".into(), file)
}

fn interpreter(interpreter: &OsString, file: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(program::source(file));
    command
}

fn conforms(command: Command) {
    let wire = std::cell::RefCell::new(Wire::start(command));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let operations = prop::collection::vec(operation(), 1..=OPERATIONS_MAX);
    let result = runner.run(&operations, |operations| {
        let root = tempfile::tempdir().unwrap();
        let wire = &mut *wire.borrow_mut();
        wire.open(root.path());
        let model = MemoryBackend::new();
        for operation in &operations {
            let (expected, got) = (predict(&model, operation), wire.run(operation));
            let same = match (&expected, &got) {
                (Outcome::Ok(expected), Outcome::Ok(got)) => expected == got,
                (Outcome::Fail { .. }, Outcome::Fail { .. }) => true,
                _ => false,
            };
            if !same {
                let message = format!("{operation} gave {got:?}; the model gave {expected:?}");
                return Err(TestCaseError::fail(message));
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn operation() -> impl Strategy<Value = Invocation> {
    let file = || prop::sample::select(FILES).prop_map(str::to_owned);
    let directory = || prop::sample::select(DIRECTORIES).prop_map(str::to_owned);
    let either = || prop_oneof![3 => file(), 1 => directory()];
    let value = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..64),
        1 => any::<u8>().prop_map(|byte| vec![byte; LARGE_VALUE_BYTES]),
    ];
    prop_oneof![
        5 => (file(), value)
            .prop_map(|(path, data)| Invocation::WriteFile { path, data: data.into() }),
        3 => either().prop_map(|path| Invocation::ReadFile { path }),
        3 => either().prop_map(|path| Invocation::DeleteFile { path }),
        2 => either().prop_map(|path| Invocation::Exists { path }),
        2 => directory().prop_map(|directory| Invocation::ListFiles { directory }),
        1 => directory().prop_map(|path| Invocation::CreateDirectory { path }),
    ]
}

fn predict(model: &MemoryBackend, invocation: &Invocation) -> Outcome {
    let path = StoragePath::new(invocation.path()).unwrap();
    let answer = match invocation {
        Invocation::WriteFile { data, .. } => model.write_file(&path, data).map(|()| Reply::Done),
        Invocation::ReadFile { .. } => model.read_file(&path).map(|data| Reply::Data(data.into())),
        Invocation::ListFiles { .. } => model.list_files(&path).map(|mut names| {
            names.sort_unstable();
            Reply::Names(names)
        }),
        Invocation::CreateDirectory { .. } => model.create_directory(&path).map(|()| Reply::Done),
        Invocation::Exists { .. } => model.exists(&path).map(Reply::Truth),
        Invocation::DeleteFile { .. } => model.delete_file(&path).map(|()| Reply::Done),
        Invocation::Recover => unreachable!("not generated"),
    };
    match answer {
        Ok(reply) => Outcome::Ok(reply),
        Err(error) => Outcome::Fail { kind: error.kind(), message: error.to_string() },
    }
}

/// A subject's process and the protocol to it.
struct Wire {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    next_id: u64,
}

impl Wire {
    fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs {command:?}: {error}"));
        let (requests, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut wire = Self { process, requests, answers: BufReader::new(answers), next_id: 0 };
        wire.ask(Call::Hello { protocol: PROTOCOL_VERSION }).expect("it says hello");
        wire
    }

    fn open(&mut self, root: &Path) {
        let root = root.canonicalize().unwrap().to_str().unwrap().to_owned();
        let options = Value::Object(Map::new());
        self.ask(Call::Open { root, options }).expect("it opens a fresh directory");
    }

    fn run(&mut self, invocation: &Invocation) -> Outcome {
        let answer = self.ask(Call::from(invocation));
        protocol::outcome(invocation, answer)
    }

    fn ask(&mut self, call: Call) -> Result<Value, protocol::Refusal> {
        let id = self.next_id;
        self.next_id += 1;
        let mut line = serde_json::to_vec(&Request { id, thread: None, call }).unwrap();
        line.push(b'\n');
        self.requests.write_all(&line).expect("it reads its requests");
        let mut answer = Vec::new();
        self.answers.read_until(b'\n', &mut answer).expect("it answers");
        protocol::parse(&answer, id).unwrap_or_else(|nonsense| panic!("{nonsense}"))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
