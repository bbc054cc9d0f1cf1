//! The files that a run leaves, read back, held to their schemas, and replaced by the next run's.

use serde_json::json;

use super::*;
use crate::{
    fault::{Among, Damage, Errno, Interleaving, Side, Strike},
    judge::Rating,
    report::fixture,
    schedule::Schedule,
};

const CERTIFICATE: &str = include_str!("../../../../reports/schema/certificate-1.json");
const COUNTEREXAMPLE: &str = include_str!("../../../../reports/schema/counterexample-1.json");

fn finish(files: &mut RunFiles, certificate: &Certificate, cases: &[&Case]) {
    files.report(&Progress::Finished { certificate, cases });
}

fn value(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the file was written")).expect("it is JSON")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory was made");
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.expect("it can be read").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn a_run_leaves_a_certificate_and_its_counterexamples() {
    let root = tempfile::tempdir().expect("there is room");
    let directory = root.path().join("deep/run");
    let subject = Subject::command(&"sh".into(), &["backend.sh".into()]).expect("sh is everywhere");
    let command = subject.command_line();
    let mut files = RunFiles::create(&directory).expect("it is writable").of(&subject);
    assert_eq!(names(&directory), ["counterexamples"], "the proof leaves nothing behind");

    let (certificate, cases) = fixture::refuted();
    finish(&mut files, &certificate, &cases.iter().collect::<Vec<_>>());
    assert_eq!(names(&directory), ["certificate.json", "counterexamples"]);
    let written: Certificate =
        serde_json::from_value(value(&directory.join(CERTIFICATE_FILE))).expect("it reads back");
    assert_eq!(written, certificate);
    let mut found = 0;
    for row in &certificate.guarantees {
        let Some(path) = &row.counterexample else { continue };
        let counterexample = read(&directory.join(path)).expect("it reads back");
        let case = cases.iter().find(|case| case.guarantee == row.id).expect("it has a case");
        assert_eq!(
            counterexample,
            super::counterexample(case, &certificate.subject, command.clone(), 42)
        );
        assert_eq!(Some(&counterexample.summary), row.summary.as_ref());
        found += 1;
    }
    assert_eq!(found, cases.len());
}

#[test]
fn the_next_run_replaces_the_files_of_the_last_and_no_others() {
    let root = tempfile::tempdir().expect("there is room");
    let folder = root.path().join(COUNTEREXAMPLES);
    let mut files = RunFiles::create(root.path()).expect("it is writable");
    let (certificate, cases) = fixture::refuted();
    finish(&mut files, &certificate, &cases.iter().collect::<Vec<_>>());
    for name in ["notes.json", "kill-atomic-write.txt"] {
        fs::write(folder.join(name), "mine").expect("there is room");
    }

    let mut files = RunFiles::create(root.path()).expect("it is writable");
    assert_eq!(names(&folder).len(), cases.len() + 2, "nothing is lost before there is a result");
    finish(&mut files, &certificate, &[&cases[0]]);
    assert_eq!(names(&folder), ["kill-atomic-write.json", "kill-atomic-write.txt", "notes.json"]);
}

#[test]
fn what_is_known_is_there_while_the_run_goes_on() {
    let root = tempfile::tempdir().expect("there is room");
    let folder = root.path().join(COUNTEREXAMPLES);
    let path = root.path().join(CERTIFICATE_FILE);
    let mut files = RunFiles::create(root.path()).expect("it is writable");
    let (whole, cases) = fixture::refuted();
    finish(&mut files, &whole, &cases.iter().collect::<Vec<_>>());

    // Nothing of the run before is beside what this one says.
    files.report(&Progress::Started { subject: "fs", seed: 0, scenarios: 1, workloads: 0 });
    assert_eq!(names(root.path()), ["counterexamples"]);
    assert_eq!(names(&folder), Vec::<String>::new());
    let mut certificate = whole.clone();
    certificate.interrupted = true;
    files.report(&Progress::SoFar { certificate: &certificate, cases: &[] });
    assert_eq!(value(&path)["interrupted"], json!(true));
    files.report(&Progress::SoFar { certificate: &certificate, cases: &[&cases[1]] });
    assert_eq!(names(&folder), ["kill-orphans-invisible.json"]);
    read(&folder.join("kill-orphans-invisible.json")).expect("it is whole");

    // At the end a smaller case may be told, and what was known stays until the certificate names it.
    let mut smaller = cases[1].clone();
    smaller.finding.summary = "smaller".into();
    finish(&mut files, &whole, &[&cases[0], &smaller]);
    assert_eq!(value(&path)["interrupted"], json!(false));
    assert_eq!(names(&folder), ["kill-atomic-write.json", "kill-orphans-invisible.json"]);
    let told = read(&folder.join("kill-orphans-invisible.json")).expect("it is whole");
    assert!(told.summary.starts_with("smaller"), "{}", told.summary);
}

#[test]
fn the_history_of_several_actors_lies_beside_their_counterexample() {
    use crate::history::{Span, lines};

    let root = tempfile::tempdir().expect("there is room");
    let folder = root.path().join(COUNTEREXAMPLES);
    let mut files = RunFiles::create(root.path()).expect("it is writable");
    let (certificate, mut cases) = fixture::refuted();
    let together = &mut cases[0];
    for (entry, time) in together.evidence.history.iter_mut().zip(0..) {
        entry.span = Some(Span { actor: 0, invoked: 2 * time, returned: Some(2 * time + 1) });
    }
    let expected = lines::lines(&together.evidence.history);
    finish(&mut files, &certificate, &cases.iter().collect::<Vec<_>>());
    let histories: Vec<_> =
        names(&folder).into_iter().filter(|name| name.contains(".jsonl")).collect();
    assert_eq!(histories, ["kill-atomic-write.history.jsonl"], "one actor alone has no need of it");
    let text = fs::read_to_string(folder.join(&histories[0])).expect("it was written");
    assert_eq!(lines::read(&text).expect("it is a history"), expected);

    finish(&mut files, &certificate, &cases.iter().skip(1).collect::<Vec<_>>());
    assert!(names(&folder).iter().all(|name| !name.contains(".jsonl")), "it goes with its file");
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_before_the_run() {
    let root = tempfile::tempdir().expect("there is room");
    let file = root.path().join("file");
    fs::write(&file, "").expect("there is room");
    let error = RunFiles::create(&file.join("out")).expect_err("a file is no directory");
    let text = error.to_string().replace(&root.path().display().to_string(), "ROOT");
    insta::assert_snapshot!(text, @"cannot create ROOT/file/out/counterexamples: Not a directory (os error 20); choose another directory with --out");
}

#[test]
fn mistakes_in_a_counterexample_are_named() {
    let root = tempfile::tempdir().expect("there is room");
    let path = root.path().join("case.json");
    let case = fixture::emptied();
    let subject = fixture::refuted().0.subject;
    let good = serde_json::to_value(counterexample(&case, &subject, None, 7)).expect("it is JSON");
    let with = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed[key] = value;
        changed.to_string()
    };
    let mut told = Vec::new();
    for text in [
        None,
        Some("schema = 1".to_owned()),
        Some("[]".to_owned()),
        Some(with("schema", json!(2))),
        Some(with("guarantee", json!("kill-everything"))),
        Some(with("strike", json!({ "kill": { "event": -1, "side": "before" } }))),
        Some(with("extra", json!(1))),
    ] {
        if let Some(text) = text {
            fs::write(&path, text).expect("there is room");
        }
        let error = read(&path).expect_err("it is wrong").to_string();
        told.push(error.replace(&root.path().display().to_string(), "ROOT"));
    }
    insta::assert_snapshot!(told.join("\n"));
    fs::write(&path, good.to_string()).expect("there is room");
    assert!(read(&path).is_ok());
}

fn schema(text: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(text).expect("a schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("it is a schema of draft 2020-12");
    jsonschema::draft202012::new(&schema).expect("it is a schema")
}

#[test]
fn certificates_follow_their_schema() {
    let schema = schema(CERTIFICATE);
    let refuted = fixture::refuted().0;
    let claims = fixture::claims(crashworthy::fs::Profile::Hardened);
    let certified = fixture::certificate(Rating::Certified, &claims, &[]);
    let mut shard = certified.clone();
    shard.partition = "hash:2/3".parse().ok();
    for row in &mut shard.guarantees {
        row.coverage = Some(crate::judge::Coverage {
            scenarios: vec!["crash-during-write".into()],
            kinds: vec!["kill in crash-during-write".into()],
            elsewhere: 7,
            doubts: 1,
            ..Default::default()
        });
    }
    for certificate in [&refuted, &certified, &shard] {
        let value = serde_json::to_value(certificate).expect("it is JSON");
        let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
    let good = serde_json::to_value(&refuted).expect("it is JSON");
    lacking_is_refused(&schema, &good, "");
    lacking_is_refused(&schema, &good, "/subject");
    lacking_is_refused(&schema, &good, "/totals");
    lacking_is_refused(&schema, &good, "/guarantees/0");
    let unmeasured = refuted.guarantees.iter().position(|row| row.reason.is_some());
    let reason = format!("/guarantees/{}/reason", unmeasured.expect("something is not measured"));
    for (pointer, wrong) in [
        ("/schema", json!(2)),
        ("/verdict", json!("passed")),
        ("/seed", json!(-1)),
        ("/guarantees", json!([])),
        ("/guarantees/0/verdict", json!("skipped")),
        ("/guarantees/0/category", json!("speed")),
        // A pass in which nothing was looked at.
        ("/guarantees/0/trials", json!(0)),
        (reason.as_str(), Value::Null),
        ("/guarantees/0/counterexample", json!("/etc/passwd")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("the place exists") = wrong;
        assert!(!schema.is_valid(&bad), "{pointer}");
    }
    let mut bad = serde_json::to_value(&shard).expect("it is JSON");
    assert!(schema.is_valid(&bad));
    bad["guarantees"][0]["coverage"]["kinds"] = json!(["kill"]);
    assert!(!schema.is_valid(&bad));
    let mut more = good;
    more["added_later"] = json!(true);
    assert!(schema.is_valid(&more), "fields may be added");
}

#[test]
fn counterexamples_follow_their_schema() {
    let schema = schema(COUNTEREXAMPLE);
    let kill = Strike::Kill { event: 1, side: Side::Before };
    let rot = |damage| Strike::BitRot { path: "d/a".into(), damage };
    let mut killing = Schedule::of_steps([0, 1]);
    killing.kill(0, Some(3));
    let strikes = [
        Strike::None,
        kill.clone(),
        Strike::Torn { event: 1, keep: 4096 },
        Strike::KillAfterAck { operation: 0 },
        Strike::KillAfterTime { micros: 153 },
        Strike::Pause { event: 0 },
        Strike::Error { event: 2, errno: Errno::ENOSPC, lasting: true },
        Strike::Short { event: 2, keep: 1 },
        Strike::DiskFull { event: 2, keep: 1 },
        Strike::Schedule(Interleaving {
            among: Among::Threads,
            schedule: Schedule::of_steps([1, 1, 0]),
        }),
        Strike::Schedule(Interleaving { among: Among::Processes, schedule: killing }),
        Strike::Soak { seed: u64::MAX, kills: true },
        rot(Damage::Flip { offset: 17, mask: 1 }),
        rot(Damage::Zero { offset: 0, length: 4096 }),
        rot(Damage::Truncate { length: 0 }),
        Strike::InRecovery { workload: Box::new(kill.clone()), recovery: Box::new(kill) },
    ];
    let subject = fixture::refuted().0.subject;
    let mut good = Value::Null;
    for strike in strikes {
        let mut case = fixture::emptied();
        case.evidence.strike = strike.clone();
        good = serde_json::to_value(counterexample(&case, &subject, None, u64::MAX))
            .expect("it is JSON");
        let errors: Vec<_> = schema.iter_errors(&good).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{strike:?}");
    }
    for field in ["lane", "kind", "text", "memory", "disk", "reader"] {
        let mut bad = good.clone();
        let step = bad.pointer_mut("/timeline/steps/0").and_then(Value::as_object_mut);
        assert!(step.expect("there is a step").remove(field).is_some());
        assert!(!schema.is_valid(&bad), "{field} may be missing, though it may be null");
    }
    let timeline = good.as_object_mut().and_then(|good| good.remove("timeline"));
    assert!(timeline.is_some() && schema.is_valid(&good), "older files have no timeline");
    serde_json::from_value::<Counterexample>(good.clone()).expect("they are read all the same");
    lacking_is_refused(&schema, &good, "");
    good["strike"] = json!({ "flood": {} });
    assert!(!schema.is_valid(&good));
}

/// A schema that lets a field go missing would not protect its readers.
fn lacking_is_refused(schema: &jsonschema::Validator, good: &Value, pointer: &str) {
    let fields = good.pointer(pointer).and_then(Value::as_object).expect("it is an object");
    for field in fields.keys() {
        let mut bad = good.clone();
        bad.pointer_mut(pointer).and_then(Value::as_object_mut).expect("as above").remove(field);
        assert!(!schema.is_valid(&bad), "{pointer}/{field} may be missing");
    }
}
