//! Where the command puts its outputs, and what they cost: run folders, what GitHub Actions reads, time.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use crashworthy_harness::{
    judge::Certificate,
    report::{
        Progress, Reporter, badge, events::Events, files::RunFiles, html::HtmlReporter, junit,
        sheet::Sheet, stopwatch::Stopwatch, summary, terminal,
    },
    subject::Subject,
};

use crate::campaign::{self, Campaign};

pub(crate) const TESTS: &[crate::Test] = &[
    ("outputs::runs_have_folders_of_their_own", runs_have_folders_of_their_own),
    ("outputs::runs_at_the_same_time", runs_at_the_same_time),
    ("outputs::github", github),
    ("outputs::that_cannot_be_written", that_cannot_be_written),
    ("outputs::cost", cost),
];

/// How long the run may take whose outputs are measured. Most refutations come at its beginning, so that a longer one
/// has a smaller share.
const MEASURED: Duration = Duration::from_secs(20);
/// Most of a run's wall time that its outputs may take.
const SHARE_MAX: f64 = 0.03;

/// One scenario in which the documented backend breaks a claim.
const BROKEN: &[&str] = &["fs:documented", "--scenario", "first-write-in-new-tree", "--jobs", "1"];

fn command(root: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crashworthy"));
    command.args(words).current_dir(root);
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn certify(root: &Path, more: &[&str]) -> Command {
    command(root, &[&["certify"], BROKEN, more].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A run of which nobody can read what it found says so, whatever that was.
fn that_cannot_be_written() {
    let root = tempfile::tempdir().unwrap();
    let judged: &[&str] = &["certify", "fs", "--scenario", "read-your-write", "--jobs", "1"];
    for words in [judged, &["list", "guarantees"], &["explain", "kill-atomic-write"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command(root.path(), words).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(70), "{words:?}: {said}");
        assert!(said.contains("No space left on device"), "{words:?}: {said}");
    }
}

/// The runs below `folder`, by name.
fn runs(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with('2'));
    names.sort();
    names
}

fn runs_have_folders_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("reports/runs/fs-documented");
    let first = certify(root.path(), &[]).output().unwrap();
    assert_eq!(first.status.code(), Some(1), "{first:?}");
    let second = certify(root.path(), &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "{second:?}");

    let names = runs(&folder);
    assert_eq!(names.len(), 2);
    assert_eq!(fs::read_link(folder.join("latest")).unwrap(), Path::new(&names[1]));
    for file in ["certificate.json", "events.jsonl", "junit.xml", "summary.md", "badge.svg"] {
        assert!(folder.join("latest").join(file).is_file(), "{file}");
    }
    // What a run has printed stays true when the next one is over.
    let page = stdout(&first);
    let last = page.lines().last().unwrap().trim().to_owned();
    let words: Vec<&str> = last.split(' ').collect();
    assert_eq!(words[..2], ["crashworthy", "replay"], "{page}");
    assert!(words[2].contains(&names[0]), "{last}");
    let again = command(root.path(), &words[1..]).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");

    let third = certify(root.path(), &["--keep-runs", "1"]).output().unwrap();
    assert_eq!(third.status.code(), Some(1), "{third:?}");
    let kept = runs(&folder);
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_link(folder.join("latest")).unwrap(), Path::new(&kept[0]));

    let out = certify(root.path(), &["--out", "mine"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    assert!(root.path().join("mine/certificate.json").is_file(), "exactly there");
    assert_eq!(runs(&folder), kept, "and nothing is rotated for it");
    let both = certify(root.path(), &["--out", "mine", "--keep-runs", "1"]).output().unwrap();
    assert_eq!(both.status.code(), Some(2), "{both:?}");
}

fn runs_at_the_same_time() {
    let root = tempfile::tempdir().unwrap();
    // Each would remove all others, were they not going on.
    let start = || {
        let mut command = certify(root.path(), &["--keep-runs", "1", "--format", "json"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let begun: Vec<_> = (0..3).map(|_| start()).collect();
    for run in begun {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
    let folder = root.path().join("reports/runs/fs-documented");
    let names = runs(&folder);
    assert_ne!(names.len(), 0);
    for name in names {
        let text = fs::read_to_string(folder.join(&name).join("certificate.json")).unwrap();
        let certificate: Certificate = serde_json::from_str(&text).unwrap();
        assert!(!certificate.interrupted, "{name}");
    }
}

fn github() {
    let root = tempfile::tempdir().unwrap();
    let page = root.path().join("page.md");
    let with = |words: &[&str]| {
        let mut command = certify(root.path(), words);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &page);
        command.output().unwrap()
    };
    let output = with(&["--out", "out"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    let commands: Vec<_> = text.lines().skip_while(|line| !line.starts_with("::")).collect();
    assert_ne!(commands.len(), 0, "{text}");
    let is_ours = |line: &&str| {
        line.starts_with("::error title=crashworthy")
            || line.starts_with("::warning title=crashworthy")
    };
    assert!(commands.iter().all(is_ours), "they stand at the end: {text}");
    let summary = fs::read_to_string(root.path().join("out/summary.md")).unwrap();
    assert_eq!(fs::read_to_string(&page).unwrap(), summary);

    let output = with(&["--out", "out", "--format", "json"]);
    let printed: Certificate = serde_json::from_slice(&output.stdout).unwrap();
    let text = fs::read_to_string(root.path().join("out/certificate.json")).unwrap();
    assert_eq!(printed, serde_json::from_str(&text).unwrap(), "nothing else is on stdout");
    assert_eq!(fs::read_to_string(&page).unwrap().matches("## Crashworthy").count(), 2);
}

/// All outputs of the command, but that the page for people goes nowhere.
struct All(Vec<Stopwatch<Box<dyn Reporter>>>);

impl Reporter for All {
    fn report(&mut self, progress: &Progress<'_>) {
        for reporter in &mut self.0 {
            reporter.report(progress);
        }
        if let Progress::Finished { certificate, cases } = progress {
            let style = terminal::Style { color: true, width: 80, directory: Path::new("run") };
            assert!(!terminal::render(certificate, cases, style).is_empty());
        }
    }
}

/// The worst case: strictly read, the documented backend breaks more guarantees than any other that is built in, and
/// every refutation writes all files anew.
fn cost() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    let outputs: Vec<Box<dyn Reporter>> = vec![
        Box::new(RunFiles::create(directory).unwrap()),
        Box::new(Sheet::new(directory, junit::FILE, junit::render)),
        Box::new(Sheet::new(directory, summary::FILE, summary::render)),
        Box::new(Sheet::new(directory, badge::FILE, badge::render)),
        Box::new(Events::create(directory).unwrap()),
        Box::new(HtmlReporter::new(directory)),
    ];
    let mut all = All(outputs.into_iter().map(Stopwatch::new).collect());
    let mut stopwatch = Stopwatch::new(&mut all);
    let subject = Subject::of_this_executable("fs:documented").unwrap();
    let campaign = Campaign { jobs: 2, time_budget: Some(MEASURED), ..campaign::of(subject) };
    let started = Instant::now();
    let outcome = campaign.run(&mut stopwatch).unwrap();
    let (wall, spent) = (started.elapsed(), stopwatch.spent());
    let each: Vec<_> = all.0.iter().map(Stopwatch::spent).collect();
    let share = spent.as_secs_f64() / wall.as_secs_f64();
    eprintln!(
        "outputs took {spent:.1?} of {wall:.1?} ({:.2} %), each {each:.1?}, with {} guarantees refuted",
        share * 100.0,
        outcome.cases.len()
    );
    assert_ne!(outcome.cases.len(), 0, "a run without refutations writes next to nothing");
    assert!(share < SHARE_MAX, "{share}");
}
