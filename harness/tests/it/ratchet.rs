//! Baselines and comparisons by their commands: a certificate becomes a baseline, a later run is held to it, and what
//! does not fit together is said.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    program::{crashworthy, crashworthy_with, said},
    schema::valid,
};

pub(crate) const TESTS: &[crate::Test] = &[
    ("ratchet::a_run_is_held_to_its_baseline", held),
    ("ratchet::what_does_not_fit_is_said", misfits),
    ("ratchet::two_certificates_side_by_side", compared),
    ("ratchet::a_seed_from_the_commit", seeded),
];

/// A claim that the documented backend breaks, and one that it keeps; both are judged by few scenarios.
const FEW: [&str; 2] = ["--guarantee", "same-content-safe,deterministic-layout"];

fn certify(at: &Path, backend: &str, more: &[&str]) -> std::process::Output {
    let mut arguments = vec!["certify", backend, "--jobs", "1"];
    arguments.extend(FEW);
    arguments.extend(more);
    crashworthy(at, &arguments)
}

/// Changes a JSON file.
fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

fn held() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(certify(at, "fs:documented", &[]).status.code(), Some(1));

    let update = ["baseline", "update", "known.json"];
    for ci in ["true", "1"] {
        let refused = crashworthy_with(at, &update, &[("CI", ci)]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(said(&refused).contains("commit the file"), "{}", said(&refused));
        assert!(!at.join("known.json").exists());
    }
    let made = crashworthy_with(at, &update, &[("CI", "false")]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    assert!(said(&made).contains("known.json: 2 guarantees of fs:documented"), "{}", said(&made));

    // What is known to be refuted is not held against a run, and its certificate is what it is.
    let kept = certify(at, "fs:documented", &["--baseline", "known.json"]);
    assert_eq!(kept.status.code(), Some(0), "{}", said(&kept));
    let words = said(&kept).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("REFUTED 1 of 2 claims refuted"), "{words}");
    assert!(
        words.contains(
            "BASELINE KEPT Nothing is worse than in known.json; that knows 1 claim refuted."
        ),
        "{words}"
    );

    // Whoever asks for less is told what that says nothing about.
    let part = ["certify", "fs:documented", "--guarantee", "deterministic-layout"];
    let part = crashworthy(at, &[&part[..], &["--baseline", "known.json"]].concat());
    assert_eq!(part.status.code(), Some(0), "{}", said(&part));
    let words = said(&part);
    assert!(words.contains("asked for (1 of 2), nothing is worse than in known.json"), "{words}");
    assert!(words.contains("about it here: same-content-safe."), "{words}");

    let is_worse = |change: &dyn Fn(&mut Value), expected: &str| {
        fs::copy(at.join("known.json"), at.join("changed.json")).unwrap();
        edit(&at.join("changed.json"), change);
        let output = certify(at, "fs:documented", &["--baseline", "changed.json"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let words = said(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        let (certificate, told) = words.split_once("Worse than the baseline").expect("it is told");
        assert!(certificate.contains("REFUTED"), "after the conclusion: {words}");
        assert!(told.contains(expected), "{expected}: {words}");
    };
    let refuted = "/guarantees/same-content-safe";
    is_worse(
        &|it| *it.pointer_mut(&format!("{refuted}/verdict")).unwrap() = "upheld".into(),
        "same-content-safe: upheld in the baseline, refuted now",
    );
    is_worse(
        &|it| {
            let kinds =
                it.pointer_mut(&format!("{refuted}/kinds")).unwrap().as_array_mut().unwrap();
            kinds.retain(|kind| kind != "schedules in same-content");
        },
        "a new kind of counterexample, schedules in same-content",
    );
    is_worse(
        &|it| {
            let scenarios = it.pointer_mut("/guarantees/deterministic-layout/scenarios").unwrap();
            scenarios.as_array_mut().unwrap().push("gone".into());
        },
        "scenario gone no longer gives evidence on deterministic-layout",
    );

    // Every output says what the exit code says, and why.
    let outputs = |baseline: &str| {
        let code = certify(at, "fs:documented", &["--baseline", baseline, "--out", "run"]);
        let read = |name: &str| fs::read_to_string(at.join("run").join(name)).unwrap();
        let told = format!(r#""exit_code":{},"#, code.status.code().unwrap());
        assert!(read("events.jsonl").contains(&told), "{told}");
        assert!(read("summary.md").contains("### Against the baseline"));
        let certificate: Value = serde_json::from_str(&read("certificate.json")).unwrap();
        valid(include_str!("../../../reports/schema/certificate-1.json"), &certificate);
        (read("junit.xml"), read("report.html"))
    };
    let (junit, page) = outputs("known.json");
    assert!(!junit.contains("<failure") && !junit.contains("<error"), "{junit}");
    assert!(junit.contains("refuted-as-in-the-baseline"), "{junit}");
    assert!(page.contains("Nothing is worse than in the baseline"), "{page}");
    let (junit, page) = outputs("changed.json");
    assert!(junit.contains(r#"<failure message="scenario gone no longer"#), "{junit}");
    assert!(page.contains("Worse than in the baseline"), "{page}");

    // Standard output stays a certificate where a program reads it.
    let json = certify(at, "fs:documented", &["--baseline", "known.json", "--format", "json"]);
    let certificate: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((certificate["verdict"].as_str(), json.status.code()), (Some("refuted"), Some(0)));
}

fn misfits() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let nothing = crashworthy(at, &["baseline", "update", "known.json"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(said(&nothing).contains("certify first"), "{}", said(&nothing));

    assert_eq!(certify(at, "fs", &["--out", "run"]).status.code(), Some(0));
    let update = ["baseline", "update", "--from", "run", "known.json"];
    assert_eq!(crashworthy(at, &update).status.code(), Some(0));
    fs::write(at.join("old.json"), r#"{"schema": 0}"#).unwrap();
    fs::write(at.join("cut.json"), r#"{"schema": 1, "subject": "fs", "guar"#).unwrap();
    fs::create_dir(at.join("interrupted")).unwrap();
    let certificate = at.join("interrupted/certificate.json");
    fs::copy(at.join("run/certificate.json"), &certificate).unwrap();
    edit(&certificate, |it| it["interrupted"] = true.into());
    fs::create_dir(at.join("others")).unwrap();
    let certificate = at.join("others/certificate.json");
    fs::copy(at.join("run/certificate.json"), &certificate).unwrap();
    edit(&certificate, |it| it["subject"]["options"] = json!({ "durability": "none" }));
    for (arguments, expected) in [
        (&["certify", "fs:documented", "--baseline", "known.json"][..], "is of the subject \"fs\""),
        (&["certify", "--profile", "full", "--baseline", "known.json"], "is of the profile quick"),
        (
            &["certify", "--options", r#"{"durability":"none"}"#, "--baseline", "known.json"],
            r#"is of the options {}, and this run of {"durability":"none"}"#,
        ),
        (
            &["baseline", "update", "--from", "others", "known.json"],
            r#"it is of the options {"durability":"none"}, and known.json is of {}"#,
        ),
        (&["certify", "--baseline", "missing.json"], "there is no baseline missing.json"),
        (&["certify", "--baseline", "old.json"], "is of baseline schema 0"),
        (&["certify", "--baseline", "cut.json"], "is not a baseline"),
        (&["certify", "--baseline", "known.json", "--scenario", "recovery"], "cannot be used with"),
        (
            &["certify", "--baseline", "known.json", "--partition", "hash:1/2"],
            "cannot be used with",
        ),
        (&["baseline", "update", "--from", "interrupted", "x.json"], "a run that was interrupted"),
        (&["baseline", "update", "--from", "nowhere", "x.json"], "there is no certificate nowhere"),
        (&["compare", "run", "nowhere"], "there is no certificate nowhere"),
        (&["compare", "run", "old.json"], "is of certificate schema 0"),
    ] {
        let output = crashworthy(at, arguments);
        let text = said(&output).split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
    assert!(!at.join("x.json").exists());
}

fn compared() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for backend in ["fs", "fs:documented"] {
        certify(at, backend, &["--out", &backend.replace(':', "-")]);
    }
    let compare = |more: &[&str]| {
        let mut arguments = vec!["compare", "fs", "fs-documented/certificate.json"];
        arguments.extend(more);
        let output = crashworthy(at, &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = compare(&[]);
    assert!(text.contains("same-content-safe: upheld by A, refuted by B"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour where nobody sees it");
    assert!(compare(&["--format", "markdown"]).contains("| **≠** | `same-content-safe` |"));
    let json: Value = serde_json::from_str(&compare(&["--format", "json"])).unwrap();
    assert_eq!(json["guarantees"].as_array().map(Vec::len), Some(2));
}

fn seeded() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let certify = |at: &Path| {
        let arguments =
            ["certify", "--scenario", "list-exact", "--seed-from-commit", "--format", "json"];
        // A repository further up is not this one's.
        crashworthy_with(
            at,
            &arguments,
            &[("GIT_CEILING_DIRECTORIES", at.parent().unwrap().to_str().unwrap())],
        )
    };
    let outside = certify(at);
    assert_eq!(outside.status.code(), Some(2), "{}", said(&outside));
    assert!(said(&outside).contains("give --seed N"), "{}", said(&outside));

    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let output =
            Command::new("git").args(identity).args(arguments).current_dir(at).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "--message", "first"]);
    let hash = git(&["rev-parse", "HEAD"]);
    let seed = u64::from_str_radix(&hash[..16], 16).unwrap();
    let inside = certify(at);
    assert!(said(&inside).contains(&format!("seed {seed}")), "{}", said(&inside));
    let certificate: Value = serde_json::from_slice(&inside.stdout).unwrap();
    assert_eq!(certificate["seed"].as_u64(), Some(seed));
}
