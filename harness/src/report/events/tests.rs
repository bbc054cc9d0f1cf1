//! Streams as they are written, held to their schema, and read back whole and cut short.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::{
    judge::SubjectIdentity,
    report::fixture::{self, HOSTILE},
};

const SCHEMA: &str = include_str!("../../../../reports/schema/events-1.json");

/// What is told of a run that ends as the fixture does.
fn tell(reporter: &mut dyn Reporter, subject: &str) {
    let (certificate, cases) = fixture::refuted();
    let identity = SubjectIdentity {
        name: subject.into(),
        version: "0.1.0".into(),
        command: subject.into(),
        ..SubjectIdentity::default()
    };
    let cases: Vec<_> = cases.iter().collect();
    for progress in [
        Progress::Started { subject, seed: u64::MAX, scenarios: 2, workloads: 1 },
        Progress::SoFar { certificate: &certificate, cases: &[] },
        Progress::Greeted(&identity),
        Progress::Planned { scenario: "crash-during-overwrite", trials: 17 },
        Progress::Trial,
        Progress::Trial,
        Progress::Refuted(cases[0]),
        Progress::More(3),
        Progress::Planned { scenario: subject, trials: 4 },
        Progress::Trial,
        Progress::Finished { certificate: &certificate, cases: &cases },
    ] {
        reporter.report(&progress);
    }
}

/// A run's stream in a folder of its own.
fn stream(subject: &str) -> (tempfile::TempDir, String) {
    let root = tempfile::tempdir().expect("there is room");
    tell(&mut Events::create(root.path()).expect("it is writable"), subject);
    let text = fs::read_to_string(root.path().join(FILE)).expect("it was written");
    (root, text)
}

/// The account of a stream, with its clock stopped.
fn account(text: &str) -> Result<Account, ReadError> {
    let root = tempfile::tempdir().expect("there is room");
    let path = root.path().join(FILE);
    fs::write(&path, text).expect("there is room");
    read(&path)
}

fn clockless(text: &str) -> String {
    let still = text.lines().enumerate().map(|(number, line)| {
        let mut value: Value = serde_json::from_str(line).expect("a line is JSON");
        value["ms"] = json!(number * 100);
        if value.get("at").is_some() {
            value["at"] = json!("2026-11-27T19:30:00Z");
        }
        value.to_string() + "\n"
    });
    still.collect()
}

#[test]
fn every_line_follows_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("it is a schema of draft 2020-12");
    let schema = jsonschema::draft202012::new(&schema).expect("it is a schema");
    for subject in ["fs:documented", HOSTILE] {
        let (_root, text) = stream(subject);
        let mut kinds = Vec::new();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).expect("a line is JSON");
            let errors: Vec<_> =
                schema.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{line}");
            kinds.push(value["event"].as_str().expect("a word").to_owned());
            for key in value.as_object().expect("an object").keys() {
                let mut lacking = value.clone();
                lacking.as_object_mut().expect("an object").remove(key);
                assert!(!schema.is_valid(&lacking), "{key} of {line}");
            }
        }
        let expected = [
            "started", "greeted", "planned", "trials", "refuted", "more", "planned", "trials",
            "finished",
        ];
        assert_eq!(kinds, expected);
    }
    let green = json!({
        "schema": 1, "ms": 1, "event": "finished", "verdict": "certified", "interrupted": true, "exit_code": 0,
        "claims": { "upheld": 1, "refuted": 0, "not_measured": 0, "harness_broken": 0 }, "trials": 1,
    });
    assert!(!schema.is_valid(&green), "an interrupted run is never certified");
    assert!(schema.is_valid(&json!({ "schema": 1, "ms": 1, "event": "new", "more": true })));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with it").push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_are_written_whole_and_at_once() {
    let log = Log::default();
    let mut events = Events::to(log.clone());
    events.report(&Progress::Started { subject: "fs", seed: 0, scenarios: 1, workloads: 0 });
    assert_eq!(log.0.lock().expect("no test panics with it").len(), 1, "before anything follows");
    events.report(&Progress::Planned { scenario: "a", trials: 1 });
    for call in log.0.lock().expect("no test panics with it").iter() {
        let text = std::str::from_utf8(call).expect("it is JSON");
        assert_eq!(text.lines().count(), 1);
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn a_run_begins_at_the_beginning_of_the_file() {
    let (root, first) = stream("fs");
    tell(&mut Events::create(root.path()).expect("it is writable"), "memory");
    let second = fs::read_to_string(root.path().join(FILE)).expect("it was written");
    assert!(first.contains("fs") && !second.contains(r#""subject":"fs""#), "{second}");
    assert_eq!(second.lines().count(), first.lines().count());
}

#[test]
fn a_whole_stream_is_told() {
    let (_root, text) = stream("fs:documented");
    let whole = account(&clockless(&text)).expect("it is whole");
    assert_eq!(whole.trouble(), None);
    assert_snapshot!(whole.to_string());
}

#[test]
fn a_stream_that_stops_says_so() {
    let (_root, text) = stream("fs:documented");
    let text = clockless(&text);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // Wherever it stops, what is whole is told, and never as the whole of a run.
    for end in 1..text.len() - 1 {
        let cut = &text[..end];
        match account(cut) {
            Ok(account) => assert!(account.trouble().is_some(), "{cut}"),
            Err(ReadError::Empty { .. }) => assert!(end < lines[0].len() - 1, "{cut}"),
            Err(error) => panic!("{error}"),
        }
    }
    let without_end = account(&lines[..6].concat()).expect("its lines are whole");
    let torn = account(&text[..text.len() - 9]).expect("all but the last line are whole");
    let told = [&without_end, &torn]
        .map(|account| format!("{account}{}\n", account.trouble().expect("it is cut")));
    assert_snapshot!(told.concat());
}

/// How many crash states there are is known when they have been tried.
#[test]
fn no_more_is_done_than_was_planned() {
    let (_root, text) = stream("fs:documented");
    let text = clockless(&text);
    assert!(
        account(&text).expect("it is whole").to_string().contains(" of 24 planned trials over")
    );
    let more = text.replace(r#""trials":"#, r#""trials":0,"planned":"#);
    let told = account(&more).expect("unknown keys are nobody's").to_string();
    assert!(told.contains("\n  3 trials over\n"), "{told}");
}

#[test]
fn mistakes_are_named() {
    let (_root, text) = stream("fs");
    let text = clockless(&text);
    let first = text.lines().next().expect("there is one").to_owned() + "\n";
    let mut told = Vec::new();
    for wrong in [
        String::new(),
        "{".to_owned(),
        "schema = 1\n".to_owned(),
        first.replace(r#""schema":1"#, r#""schema":2"#),
        "{}\n".to_owned(),
        r#"{"schema":1,"ms":3,"event":"trials","done":1}"#.to_owned() + "\n",
        first.clone() + r#"{"schema":1,"ms":3,"event":"trials","done":-1}"# + "\n",
        first.clone() + "\n" + &first,
        first.clone() + &first,
        text.clone() + r#"{"schema":1,"ms":3,"event":"trials","done":1}"# + "\n",
        first.clone() + &" ".repeat(1 << 20),
    ] {
        let root = tempfile::tempdir().expect("there is room");
        let path = root.path().join(FILE);
        fs::write(&path, wrong).expect("there is room");
        let error = read(&path).expect_err("it is wrong").to_string();
        told.push(error.replace(&root.path().display().to_string(), "ROOT"));
    }
    let missing = read(Path::new("/nowhere/events.jsonl")).expect_err("it is missing");
    told.push(missing.to_string());
    assert_snapshot!(told.join("\n"));
    let newer = r#"{"schema":1,"ms":3,"event":"of-a-later-version","done":-1}"#;
    assert!(account(&(first + newer + "\n")).is_ok(), "events may be added");
}

#[test]
fn what_subjects_say_is_escaped_for_people() {
    let (_root, text) = stream(HOSTILE);
    let told = account(&text).expect("it is whole").to_string();
    assert!(!told.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{told}");
}
