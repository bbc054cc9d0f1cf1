//! The reference backend at each durability, judged by what a power loss leaves: what a level promises is upheld,
//! what it does not promise is refuted, and no file system is found worse than `strict`.

use std::{collections::BTreeSet, sync::Arc};

use crashworthy::{
    Category,
    Guarantee::{
        self, FsyncFailureHonest, PowerAtomicDelete, PowerAtomicWrite, PowerDurableAck,
        PowerDurableDelete, PowerDurableMkdir, PowerNeighboursIntact, PowerPrefixOrder,
        PowerRetryHeals,
    },
    PersistenceModel,
};
use crashworthy_harness::{
    judge::{Certificate, Verdict},
    scenario,
    subject::Subject,
};
use serde_json::json;

use crate::campaign::{self, Campaign, Outcome};

pub(crate) const TESTS: &[crate::Test] = &[
    ("durability::none", none),
    ("durability::file", file),
    ("durability::file_and_directory", file_and_directory),
    ("durability::no_false_alarm_where_states_are_sampled", sampled),
];

/// More is pending at once than is looked at: the pages of a large value, and a deep tree of directories.
const SAMPLED: &str = r#"
schema = 1
name = "sampled"
title = "The power fails while more is pending than can be enumerated"
judges = ["power-atomic-write", "power-durable-ack", "power-durable-mkdir", "power-prefix-order"]
faults = ["power-loss"]
set-up = [{ write = "blocks/a.bin", data = { bytes = 10000, seed = 1 } }]

[[actors]]
operations = [
  { write = "blocks/a.bin", data = { bytes = 200000, seed = 2 } },
  { create-directory = "a/b/c/d/e/f/g/h/i/j/k/l" },
  { write = "a/b/c/d/e/f/g/h/i/j/k/l/b.bin", data = "a file in it" },
]
"#;

fn judged() -> impl Iterator<Item = Guarantee> {
    let is_judged =
        |it: &Guarantee| it.category() == Category::PowerLoss || *it == FsyncFailureHonest;
    Guarantee::ALL.iter().copied().filter(is_judged)
}

fn of(durability: &str) -> Campaign {
    let mut subject = Subject::of_this_executable("fs").unwrap();
    subject.options = json!({ "durability": durability });
    Campaign { only: Some(judged().collect()), ..campaign::of(subject) }
}

/// Runs all power losses; what was refuted, and what was not measured.
fn run(durability: &str) -> (BTreeSet<Guarantee>, BTreeSet<Guarantee>, Outcome) {
    let outcome = campaign::run(&of(durability));
    let certificate = &outcome.certificate;
    no_model_is_worse_than_strict(certificate);
    let not_measured = campaign::with_verdict(certificate, Verdict::NotMeasured);
    let not_measured = not_measured.into_iter().filter(|it| judged().any(|judged| judged == *it));
    (campaign::with_verdict(certificate, Verdict::Refuted), not_measured.collect(), outcome)
}

fn no_model_is_worse_than_strict(certificate: &Certificate) {
    for row in certificate.guarantees.iter().filter(|row| !row.models.is_empty()) {
        let strict = row.models.iter().find(|it| it.model == PersistenceModel::Strict).unwrap();
        for result in row.models.iter().filter(|_| strict.verdict == Verdict::Upheld) {
            assert_eq!(result.verdict, Verdict::Upheld, "{} under {}", row.id, result.model);
            assert!(result.crash_states > 0, "{} under {}", row.id, result.model);
        }
    }
}

fn none() {
    let (refuted, not_measured, outcome) = run("none");
    let expected = BTreeSet::from([
        PowerAtomicWrite,
        PowerDurableAck,
        PowerDurableMkdir,
        PowerDurableDelete,
        PowerPrefixOrder,
    ]);
    assert_eq!(refuted, expected, "{}", campaign::charges(&outcome));
    assert_eq!(
        not_measured,
        BTreeSet::from([FsyncFailureHonest]),
        "it makes no sync that could fail"
    );
}

fn file() {
    let (refuted, not_measured, outcome) = run("file");
    let expected =
        BTreeSet::from([PowerDurableAck, PowerDurableMkdir, PowerDurableDelete, PowerPrefixOrder]);
    assert_eq!(refuted, expected, "{}", campaign::charges(&outcome));
    assert_eq!(not_measured, BTreeSet::new());
    let kept = [
        PowerAtomicWrite,
        PowerAtomicDelete,
        PowerRetryHeals,
        PowerNeighboursIntact,
        FsyncFailureHonest,
    ];
    assert_eq!(campaign::with_verdict(&outcome.certificate, Verdict::Upheld), kept.into());
}

fn file_and_directory() {
    let (refuted, not_measured, outcome) = run("file-and-directory");
    assert_eq!(refuted, BTreeSet::new(), "{}", campaign::charges(&outcome));
    assert_eq!(not_measured, BTreeSet::new());
    assert_eq!(campaign::with_verdict(&outcome.certificate, Verdict::Upheld), judged().collect());
}

fn sampled() {
    let scenario = Arc::new(scenario::load::from_str("sampled.toml", SAMPLED).unwrap());
    for seed in 0..10 {
        let scenarios = vec![Arc::clone(&scenario)];
        let outcome = campaign::run(&Campaign { scenarios, seed, ..of("file-and-directory") });
        for &guarantee in &scenario.judges {
            let row = campaign::row(&outcome.certificate, guarantee);
            assert_eq!(row.verdict, Verdict::Upheld, "{guarantee} with seed {seed}: {row:#?}");
            assert!(row.bound.contains(&format!("seed {seed}")), "{}", row.bound);
        }
    }
}
