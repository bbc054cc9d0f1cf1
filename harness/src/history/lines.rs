//! Histories as JSON Lines, in Jepsen's words: a line where an operation is invoked and a line where it ends, in the
//! order of time.
//!
//! It ends `ok`, `fail`, or `info` where nobody answered and it may or may not have happened. Contents
//! that are long, or no text, are told apart by their BLAKE3 hash. The schema is `reports/schema/history-1.json`;
//! fields may be added, never changed.

use crashworthy::{ErrorKind, Operation};
use serde::{Deserialize, Serialize};

use super::{Entry, Invocation, Outcome, Phase, Reply, clock};
use crate::subject::Bytes;

/// Longest content that stands in a line as it is, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The operation begins.
    Invoke,
    /// It was acknowledged.
    Ok,
    /// It was refused with an error.
    Fail,
    /// It was not answered.
    Info,
}

/// A file's content, or what tells it from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Content {
    /// All of it.
    Text {
        /// UTF-8.
        text: String,
    },
    /// Content that is long, or no text.
    Hash {
        /// How many bytes it has.
        bytes: usize,
        /// Its hash, in hexadecimal digits.
        blake3: String,
    },
}

/// What was to be stored, or what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// The answer of `exists`.
    Truth(bool),
    /// The answer of `listFiles`.
    Names(Vec<String>),
    /// What `writeFile` stores and `readFile` returns.
    Content(Content),
}

/// Why an operation was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The kind of the contract, where the subject gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ErrorKind>,
    /// In words.
    pub message: String,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// On the clock of the whole history; no two lines have the same.
    pub time: u64,
    /// Index of the scenario's actor, for an operation of the workload of several; raised by their number each time
    /// that it goes on after an operation without an answer.
    pub process: Option<usize>,
    /// Where in the trial.
    pub phase: Phase,
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The operation.
    pub f: Operation,
    /// Its path or directory; empty for `recover`.
    pub path: String,
    /// What is stored or was seen; `null` where there is nothing of that sort.
    pub value: Option<Value>,
    /// Why it was not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no line of a history: {source}; see reports/schema/history-1.json")]
pub struct LineError {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

/// The lines of a history.
pub fn lines(history: &[Entry]) -> Vec<Line> {
    let mut lines: Vec<Line> = history
        .iter()
        .zip(clock::intervals(history))
        .zip(processes(history))
        .flat_map(|((entry, interval), process)| {
            let stored = match &entry.invocation {
                Invocation::WriteFile { data, .. } => Some(Value::Content(data.into())),
                _ => None,
            };
            let line = |time, kind, value, error| Line {
                time,
                process,
                phase: entry.phase,
                kind,
                f: entry.invocation.operation(),
                path: entry.invocation.path().to_owned(),
                value,
                error,
            };
            let (kind, seen, error) = end(&entry.outcome);
            [
                line(interval.invoked, Kind::Invoke, stored.clone(), None),
                line(interval.ended, kind, seen.or(stored), error),
            ]
        })
        .collect();
    lines.sort_by_key(|line| line.time);
    lines
}

/// Whose each operation was. An actor that got no answer and goes on does so as another process, as Jepsen counts them:
/// what it left undone may still happen beside what it does next.
fn processes(history: &[Entry]) -> Vec<Option<usize>> {
    let actors = history.iter().filter_map(|entry| entry.span).map(|span| span.actor + 1);
    let actors = actors.max().unwrap_or_default();
    let mut processes: Vec<usize> = (0..actors).collect();
    let process = |entry: &Entry| {
        let process = &mut processes[entry.span?.actor];
        let one = *process;
        if !entry.outcome.is_answer() {
            *process += actors;
        }
        Some(one)
    };
    history.iter().map(process).collect()
}

fn end(outcome: &Outcome) -> (Kind, Option<Value>, Option<Reason>) {
    let reason = |kind, message: &str| Some(Reason { kind, message: message.to_owned() });
    match outcome {
        Outcome::Ok(Reply::Done) => (Kind::Ok, None, None),
        Outcome::Ok(Reply::Data(data)) => (Kind::Ok, Some(Value::Content(data.into())), None),
        Outcome::Ok(Reply::Names(names)) => (Kind::Ok, Some(Value::Names(names.clone())), None),
        Outcome::Ok(Reply::Truth(truth)) => (Kind::Ok, Some(Value::Truth(*truth)), None),
        Outcome::Fail { kind, message } => (Kind::Fail, None, reason(Some(*kind), message)),
        Outcome::Killed => (Kind::Info, None, reason(None, "killed")),
        Outcome::Broken(text) => (Kind::Info, None, reason(None, text)),
    }
}

impl From<&Bytes> for Content {
    fn from(data: &Bytes) -> Self {
        match std::str::from_utf8(data) {
            Ok(text) if data.len() <= TEXT_BYTES_MAX => Self::Text { text: text.to_owned() },
            _ => Self::Hash { bytes: data.len(), blake3: blake3::hash(data).to_hex().to_string() },
        }
    }
}

/// The text of lines, each ended by a line feed.
pub fn write(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text += &serde_json::to_string(line).expect("a line is plain data with text for keys");
        text.push('\n');
    }
    text
}

/// Reads what [`write()`] wrote; empty lines are skipped.
///
/// # Errors
/// The first line that is none of a history.
pub fn read(text: &str) -> Result<Vec<Line>, LineError> {
    let numbered = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    numbered
        .map(|(text, line)| serde_json::from_str(text).map_err(|source| LineError { line, source }))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::history::Span;

    const SCHEMA: &str = include_str!("../../../reports/schema/history-1.json");

    fn write_file(data: impl Into<Bytes>) -> Invocation {
        Invocation::WriteFile { path: "d/a".into(), data: data.into() }
    }

    fn entry(phase: Phase, invocation: Invocation, outcome: Outcome) -> Entry {
        Entry { phase, invocation, outcome, span: None }
    }

    fn by(actor: usize, invoked: u64, returned: Option<u64>, mut entry: Entry) -> Entry {
        entry.span = Some(Span { actor, invoked, returned });
        entry
    }

    /// One of each sort.
    fn example() -> Vec<Entry> {
        use Phase::{Quiet, Recovery, SetUp, Workload};
        let read = || Invocation::ReadFile { path: "d/a".into() };
        let missing = Outcome::Fail { kind: ErrorKind::NotFound, message: "no such file".into() };
        let long = || vec![b'x'; TEXT_BYTES_MAX + 1];
        let delete = Invocation::DeleteFile { path: "d/a".into() };
        let make = Invocation::CreateDirectory { path: "d".into() };
        let list = || Invocation::ListFiles { directory: "d".into() };
        let names = Reply::Names(vec!["a".into()]);
        vec![
            entry(SetUp, write_file("old"), Outcome::Ok(Reply::Done)),
            entry(SetUp, make, Outcome::Ok(Reply::Done)),
            by(0, 0, None, entry(Workload, write_file(long()), Outcome::Killed)),
            by(1, 1, Some(3), entry(Workload, read(), missing)),
            by(2, 2, Some(5), entry(Workload, list(), Outcome::Ok(names))),
            by(1, 4, Some(6), entry(Workload, delete, Outcome::Broken("it hung".into()))),
            entry(Recovery, Invocation::Recover, Outcome::Ok(Reply::Done)),
            entry(Quiet, read(), Outcome::Ok(Reply::Data(vec![0xff, 0].into()))),
            entry(
                Quiet,
                Invocation::Exists { path: "d/a".into() },
                Outcome::Ok(Reply::Truth(true)),
            ),
        ]
    }

    #[test]
    fn every_operation_begins_and_ends_in_the_order_of_time() {
        let brief = |line: &Line| {
            let who =
                line.process.map_or_else(|| line.phase.to_string(), |actor| actor.to_string());
            format!("{} {who} {:?} {}", line.time, line.kind, line.f)
        };
        let lines: Vec<_> = lines(&example()).iter().map(brief).collect();
        let expected = "0 SetUp Invoke writeFile
1 SetUp Ok writeFile
2 SetUp Invoke createDirectory
3 SetUp Ok createDirectory
4 0 Invoke writeFile
5 1 Invoke readFile
6 2 Invoke listFiles
7 1 Fail readFile
8 1 Invoke deleteFile
9 2 Ok listFiles
11 0 Info writeFile
12 1 Info deleteFile
13 Recovery Invoke recover
14 Recovery Ok recover
15 Quiet Invoke readFile
16 Quiet Ok readFile
17 Quiet Invoke exists
18 Quiet Ok exists";
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn an_actor_that_goes_on_after_a_kill_is_another_process() {
        let read = || Invocation::ReadFile { path: "d/a".into() };
        let found = || Outcome::Ok(Reply::Data("x".into()));
        let history = [
            by(0, 0, None, entry(Phase::Workload, read(), Outcome::Killed)),
            by(1, 1, Some(2), entry(Phase::Workload, read(), found())),
            by(0, 3, None, entry(Phase::Workload, read(), Outcome::Killed)),
            by(0, 4, Some(5), entry(Phase::Workload, read(), found())),
        ];
        let invoked = lines(&history).into_iter().filter(|line| line.kind == Kind::Invoke);
        let processes: Vec<_> = invoked.filter_map(|line| line.process).collect();
        assert_eq!(processes, [0, 1, 2, 4]);
    }

    #[test]
    fn what_is_written_is_read_back_and_follows_the_schema() {
        let lines = lines(&example());
        let text = write(&lines);
        assert_eq!(read(&text).expect("it was just written"), lines);
        let schema = serde_json::from_str(SCHEMA).expect("the schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("it is a schema");
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            let errors: Vec<_> = validator.iter_errors(&line).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{line}: {errors:?}");
        }
        let good = serde_json::to_value(&lines[0]).expect("it is plain data");
        for (field, wrong) in [
            ("type", json!("maybe")),
            ("f", json!("rename")),
            ("time", json!(-1)),
            ("phase", json!("Later")),
            ("value", json!({ "text": "x", "bytes": 1 })),
            ("process", json!("writer")),
        ] {
            let mut line = good.clone();
            line[field] = wrong;
            assert!(!validator.is_valid(&line), "{line}");
            assert!(read(&line.to_string()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let error = read("\n{}\n").expect_err("it has no field");
        assert_eq!(
            error.to_string(),
            "line 2 is no line of a history: missing field `time` at line 1 column 2; see \
             reports/schema/history-1.json"
        );
    }

    proptest! {
        #[test]
        fn contents_are_told_apart(one in prop::collection::vec(any::<u8>(), 0..80), flip in any::<prop::sample::Index>()) {
            let mut other = one.clone();
            if other.is_empty() { other.push(0) } else { let at = flip.index(other.len()); other[at] ^= 1 }
            let content = |data: &[u8]| Content::from(&Bytes::from(data.to_vec()));
            prop_assert_ne!(content(&one), content(&other));
            let line = lines(&[entry(Phase::SetUp, write_file(one), Outcome::Ok(Reply::Done))]);
            prop_assert_eq!(read(&write(&line)).unwrap(), line);
        }
    }
}
