//! Runs that somebody ends: what they leave is a valid report which says so, and is never green.
//!
//! The command itself is run, as a user would. When to end it is known from its own stream of events, which is
//! looked at until it tells what is waited for: how long that takes does not matter.

use std::{
    env, fs,
    io::Read,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crashworthy_harness::{
    judge::{Certificate, Counterexample, Rating, Verdict},
    report::{events, files},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::schema::valid;

/// Between two looks at the events.
const LOOK: Duration = Duration::from_millis(5);
/// A run that tells nothing for this long is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const TESTS: &[crate::Test] = &[
    ("interruption::killed_at_the_beginning", killed_at_the_beginning),
    ("interruption::killed_after_a_refutation", killed_after_a_refutation),
    ("interruption::terminated", terminated),
    ("interruption::out_of_time", out_of_time),
    ("interruption::whole", whole),
];

/// A run of the command, in a folder of its own.
struct Run {
    child: Child,
    root: TempDir,
}

impl Run {
    fn start(arguments: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_crashworthy"))
            .arg("certify")
            .args(arguments)
            .args(["--jobs", "1", "--out", "out"])
            .current_dir(root.path())
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, root }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join("out").join(name)
    }

    /// Waits until the run has told an event of this kind.
    fn wait_for(&mut self, kind: &str) {
        let until = Instant::now() + PATIENCE;
        let word = format!(r#""event":"{kind}""#);
        loop {
            let told = fs::read_to_string(self.file(events::FILE)).unwrap_or_default();
            if told.contains(&word) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before {kind}: {ended:?}\n{told}");
            assert!(Instant::now() < until, "it told no {kind}\n{told}");
            thread::sleep(LOOK);
        }
    }

    /// Ends it with a signal, and waits until it has gone.
    fn end_by(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        // Who is killed cannot clean up.
        let prefix = format!("crashworthy-{}-", self.child.id());
        for directory in [Path::new("/dev/shm"), &env::temp_dir()] {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    let _ = fs::remove_dir_all(entry.path());
                }
            }
        }
        status
    }

    /// The certificate, which follows its schema.
    fn certificate(&self) -> Certificate {
        let text = fs::read_to_string(self.file(files::CERTIFICATE_FILE)).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        valid(include_str!("../../../reports/schema/certificate-1.json"), &value);
        serde_json::from_value(value).unwrap()
    }

    /// That every output says that the run was cut short, and none is green.
    fn says_it_was_cut_short(&self) {
        let certificate = self.certificate();
        assert!(certificate.interrupted);
        assert_ne!(certificate.verdict, Rating::Certified);
        for row in &certificate.guarantees {
            let Some(path) = &row.counterexample else { continue };
            let text = fs::read_to_string(self.file(path)).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            valid(include_str!("../../../reports/schema/counterexample-1.json"), &value);
            let counterexample: Counterexample = files::read(&self.file(path)).unwrap();
            assert_eq!(counterexample.guarantee, row.id);
        }
        let junit = fs::read_to_string(self.file("junit.xml")).unwrap();
        assert!(junit.contains(r#"type="interrupted""#), "{junit}");
        let summary = fs::read_to_string(self.file("summary.md")).unwrap();
        assert!(summary.contains("The run was interrupted before its end"), "{summary}");
        let badge = fs::read_to_string(self.file("badge.svg")).unwrap();
        assert!(badge.contains("interrupted"), "{badge}");
        let page = fs::read_to_string(self.file("report.html")).unwrap();
        assert!(page.contains("The run was interrupted before its end"), "{page}");
    }

    /// What `crashworthy events` makes of the stream.
    fn events(&self) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_crashworthy"))
            .arg("events")
            .arg(self.file(events::FILE))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

fn killed_at_the_beginning() {
    let mut run = Run::start(&["fs"]);
    run.wait_for("planned");
    run.end_by(Signal::SIGKILL);
    run.says_it_was_cut_short();
    let certificate = run.certificate();
    assert_eq!(certificate.verdict, Rating::Inconclusive);
    assert_eq!(certificate.subject.name, "fs");
    for row in &certificate.guarantees {
        assert_eq!(row.verdict, Verdict::NotMeasured, "{}", row.id);
    }
    let (code, told) = run.events();
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("the events stop after"), "{told}");
}

fn killed_after_a_refutation() {
    let mut run = Run::start(&["fs:documented", "--scenario", "first-write-in-new-tree"]);
    run.wait_for("refuted");
    run.end_by(Signal::SIGKILL);
    run.says_it_was_cut_short();
    let certificate = run.certificate();
    let refuted = certificate.guarantees.iter().filter(|row| row.verdict == Verdict::Refuted);
    assert_ne!(refuted.count(), 0);
    let upheld = certificate.guarantees.iter().filter(|row| row.verdict == Verdict::Upheld);
    assert_eq!(upheld.count(), 0, "nothing was explored to its end");
    let (code, told) = run.events();
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("  refuted "), "{told}");
}

fn terminated() {
    let mut run = Run::start(&["fs"]);
    run.wait_for("planned");
    let status = run.end_by(Signal::SIGTERM);
    assert_eq!(status.code(), Some(3), "what was not explored is not measured");
    run.says_it_was_cut_short();
    let mut page = String::new();
    run.child.stdout.take().unwrap().read_to_string(&mut page).unwrap();
    assert!(page.contains("The run was interrupted before its end."), "{page}");
    let (code, told) = run.events();
    assert_eq!(code, Some(0), "the stream has its end: {told}");
    assert!(told.contains(": inconclusive, interrupted, exit code 3"), "{told}");
}

fn out_of_time() {
    let mut run = Run::start(&["fs", "--time-budget", "1ms"]);
    let status = run.wait();
    assert_eq!(status.code(), Some(3));
    run.says_it_was_cut_short();
}

fn whole() {
    let mut run = Run::start(&[
        "fs",
        "--scenario",
        "crash-during-write",
        "--guarantee",
        "kill-atomic-write",
        "--format",
        "json",
    ]);
    let mut page = String::new();
    run.child.stdout.take().unwrap().read_to_string(&mut page).unwrap();
    assert_eq!(run.wait().code(), Some(0));
    let certificate = run.certificate();
    assert_eq!((certificate.verdict, certificate.interrupted), (Rating::Certified, false));
    let printed: Certificate = serde_json::from_str(&page).unwrap();
    assert_eq!(printed, certificate, "nothing else is on stdout");
    for name in ["junit.xml", "summary.md", "badge.svg", "events.jsonl"] {
        let text = fs::read_to_string(run.file(name)).unwrap();
        assert!(!text.contains("interrupted before"), "{name}: {text}");
    }
    let (code, told) = run.events();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(": certified, exit code 0"), "{told}");
}
