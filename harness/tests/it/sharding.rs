//! Machines that share a run: whatever the partition, the merge of what they found is what one machine finds, in real
//! processes, certificate and counterexamples alike. And the commands that do it.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use crashworthy::Guarantee;
use crashworthy_harness::{
    explore::told,
    judge::{Certificate, Shard, SubjectIdentity, Verdict, certificate, merge},
    report::files::counterexample,
    scenario::{Partition, Scenario, builtin},
    subject::Subject,
};

use crate::{
    campaign::{self, Campaign, Outcome},
    program::{crashworthy, said},
    schema::valid,
};

pub(crate) const TESTS: &[crate::Test] = &[
    ("sharding::fs_in_two", || merged("fs", 2)),
    ("sharding::fs_documented_in_three", || merged("fs:documented", 3)),
    ("sharding::a_flaw_that_only_a_generated_workload_shows", only_generated),
    ("sharding::commands", commands),
    ("sharding::a_budget_that_runs_out_is_no_pass", budget),
];

/// Some of each kind that the reference backends are judged by: quick ones, of which some refute the documented one.
const FEW: [&str; 9] = [
    "crash-during-overwrite",
    "crash-during-write",
    "list-exact",
    "paths-temp-suffix",
    "power-first-write",
    "power-delete",
    "read-your-write",
    "recovery",
    "two-terminals-new-file",
];

fn few() -> Vec<Arc<Scenario>> {
    let all = builtin::all().into_iter();
    let few: Vec<_> = all.filter(|scenario| FEW.contains(&scenario.name.as_str())).collect();
    assert_eq!(few.len(), FEW.len(), "they are all built in");
    few
}

fn run(backend: &str, scenarios: Vec<Arc<Scenario>>, partition: Option<Partition>) -> Outcome {
    campaign::run(&Campaign {
        scenarios,
        generate: true,
        partition,
        ..campaign::of(Subject::of_this_executable(backend).unwrap())
    })
}

/// All that is written of a run, but for the time that it took.
fn written(mut certificate: Certificate, cases: &[crashworthy_harness::judge::Case]) -> String {
    certificate.totals.wall_seconds = 0.0;
    let identity: &SubjectIdentity = &certificate.subject;
    let files: Vec<_> =
        cases.iter().map(|case| counterexample(case, identity, None, certificate.seed)).collect();
    serde_json::to_string_pretty(&(&certificate, &files)).unwrap()
}

fn merged(backend: &str, of: u32) {
    let whole = run(backend, few(), None);
    let mut shards = Vec::new();
    for shard in 1..=of {
        let outcome = run(backend, few(), Some(Partition { shard, of }));
        assert!(!outcome.certificate.guarantees.iter().any(|row| {
            row.verdict == Verdict::Upheld
                && row.coverage.as_ref().is_some_and(|coverage| coverage.elsewhere > 0)
        }));
        let done = outcome.certificate.totals.trials;
        assert!(done > 0 && done < whole.certificate.totals.trials, "each has a part of the work");
        let text = serde_json::to_string(&outcome.shard.expect("it is one")).unwrap();
        let shard: Shard = serde_json::from_str(&text).unwrap();
        shards.push((shard.partition.to_string(), shard));
    }
    let merged = merge(shards).unwrap();
    let cases = told(merged.frame.claims.as_ref(), None, &merged.docket);
    let certificate = certificate(&merged.frame, &merged.docket, merged.totals);
    let refuted = campaign::with_verdict(&whole.certificate, Verdict::Refuted);
    assert_eq!(refuted.is_empty(), backend == "fs", "there is something to choose from");
    assert_eq!(written(certificate, &cases), written(whole.certificate, &whole.cases));
}

/// Whoever has the workload convicts; the merge keeps the workload as a regression, too.
fn only_generated() {
    const CANARY: &str = "canary:in_place_at_top";
    let run = |partition| run(CANARY, Vec::new(), partition);
    let whole = run(None);
    let parts = [1, 2].map(|shard| run(Some(Partition { shard, of: 2 })));
    let refuted =
        |outcome: &Outcome| campaign::with_verdict(&outcome.certificate, Verdict::Refuted);
    assert!(refuted(&whole).contains(&Guarantee::KillAtomicWrite));
    let shards = parts.into_iter().map(|part| (String::new(), part.shard.unwrap())).collect();
    let merged = merge(shards).unwrap();
    let cases = told(merged.frame.claims.as_ref(), None, &merged.docket);
    let certificate = certificate(&merged.frame, &merged.docket, merged.totals);
    assert_eq!(written(certificate, &cases), written(whole.certificate, &whole.cases));
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder.join("counterexamples")).unwrap();
    let entries = entries.map(|entry| entry.unwrap().path());
    let mut files: BTreeMap<String, String> = entries
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .map(|(path, text)| (path.rsplit('/').next().unwrap().to_owned(), text))
        .collect();
    let text = fs::read_to_string(folder.join("certificate.json")).unwrap();
    let mut certificate: Certificate = serde_json::from_str(&text).unwrap();
    certificate.totals.wall_seconds = 0.0;
    files.insert("certificate.json".into(), serde_json::to_string(&certificate).unwrap());
    files
}

/// The commands as people type them: exit codes, files, and what is said of shards that do not belong together.
fn commands() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let scenarios = ["crash-during-overwrite", "crash-during-write", "recovery", "list-exact"];
    let certify = |backend: &str, more: &[&str]| {
        let mut arguments = vec!["certify", backend];
        arguments.extend(scenarios.iter().flat_map(|scenario| ["--scenario", scenario]));
        arguments.extend(more);
        crashworthy(at, &arguments)
    };
    let whole = certify("fs:documented", &["--out", "whole"]);
    assert_eq!(whole.status.code(), Some(1), "{}", said(&whole));
    assert!(!at.join("whole/shard.json").exists());
    let mut codes = Vec::new();
    for shard in ["1/2", "2/2"] {
        let out = format!("s{}", &shard[..1]);
        let partition = format!("hash:{shard}");
        let output = certify("fs:documented", &["--partition", &partition, "--out", &out]);
        assert!(said(&output).contains(&partition), "{}", said(&output));
        codes.push(output.status.code());
        let text = fs::read_to_string(at.join(out).join("shard.json")).unwrap();
        let shard = serde_json::from_str(&text).unwrap();
        valid(include_str!("../../../reports/schema/shard-1.json"), &shard);
    }
    assert!(codes.contains(&Some(1)), "a shard that refutes a claim fails: {codes:?}");

    let merged = crashworthy(at, &["merge", "s1", "s2", "--out", "all"]);
    assert_eq!(merged.status.code(), Some(1), "{}", said(&merged));
    assert_eq!(files(&at.join("all")), files(&at.join("whole")));

    let sound = certify("fs", &["--partition", "hash:1/2", "--out", "sound"]);
    // Nobody judges the other claims, and that is no other shard's doing.
    assert_eq!(sound.status.code(), Some(3), "{}", said(&sound));
    let sound = crashworthy(
        at,
        &[
            "certify",
            "fs",
            "--guarantee",
            "kill-atomic-write",
            "--partition",
            "hash:1/9",
            "--out",
            "ninth",
        ],
    );
    assert_eq!(sound.status.code(), Some(0), "{}", said(&sound));
    assert!(said(&sound).contains("ONE SHARD"), "{}", said(&sound));

    for (arguments, expected) in [
        (&["merge", "s1", "--out", "x"][..], "shard hash:2/2 is missing"),
        (&["merge", "s1", "s2", "s2", "--out", "x"], "are both shard hash:2/2"),
        (&["merge", "s1", "sound", "--out", "x"], "do not belong together"),
        (&["merge", "s1", "whole", "--out", "x"], "there is no shard.json in whole"),
        (&["certify", "fs", "--out", "s1"], "s1 holds shard hash:1/2 of a run"),
        (
            &["certify", "fs", "--partition", "hash:2/2", "--out", "s1"],
            "choose another folder with --out",
        ),
        (&["merge", "s1", "s2", "--out", "s2"], "s2 holds shard hash:2/2 of a run"),
        (&["certify", "--partition", "hash:3/2"], "there is no shard 3 of 2"),
        (&["certify", "--partition", "1/2"], "expected hash:M/N"),
    ] {
        let output = crashworthy(at, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
        assert!(!at.join("x").exists(), "{arguments:?}: nothing is written");
        let shards = ["s1", "s2"].map(|shard| at.join(shard).join("shard.json").exists());
        assert_eq!(shards, [true, true], "{arguments:?}: nothing is removed");
    }
}

/// A shard whose time ran out says so, and so does the merge: what it did not get to is not measured.
fn budget() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let short = |shard: &str, out: &str| {
        let arguments =
            ["certify", "fs", "--partition", shard, "--time-budget", "1ms", "--out", out];
        crashworthy(at, &arguments)
    };
    for (shard, out) in [("hash:1/2", "s1"), ("hash:2/2", "s2")] {
        let output = short(shard, out);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    }
    let merged = crashworthy(at, &["merge", "s1", "s2", "--out", "all"]);
    assert_eq!(merged.status.code(), Some(3), "{}", said(&merged));
    assert!(said(&merged).contains("the run was cut short"), "{}", said(&merged));
}
