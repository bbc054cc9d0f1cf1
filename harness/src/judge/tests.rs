//! Shards and the whole: however work is shared, the merge is what one machine would have written.

use std::{collections::BTreeSet, sync::Arc};

use crashworthy::{Guarantee, PersistenceModel};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    check::Finding as Found,
    fault::{FaultKind, Side, Strike},
    history::Evidence,
    report::fixture,
    scenario::{Partition, Scenario},
    trace::Trace,
};

const JUDGED: [Guarantee; 3] =
    [Guarantee::ReadYourWrite, Guarantee::KillAtomicWrite, Guarantee::KillDurableAck];

/// One trial: what it struck, and which of the judged guarantees it refutes.
#[derive(Clone, Debug)]
struct Tried {
    strike: Strike,
    refutes: [bool; 3],
}

/// What one scenario or generated workload gives.
#[derive(Clone, Debug)]
struct Work {
    is_generated: bool,
    tried: Vec<Tried>,
    operations: usize,
    doubt: Option<u8>,
    bound: Option<u8>,
}

fn tried() -> impl Strategy<Value = Tried> {
    let strike = prop_oneof![
        1 => Just(Strike::None),
        4 => (0..4_usize).prop_map(|event| Strike::Kill { event, side: Side::After }),
        2 => (0..4_usize, 1..9_u64).prop_map(|(event, keep)| Strike::Torn { event, keep }),
        1 => (0..99_u64).prop_map(|micros| Strike::KillAfterTime { micros }),
    ];
    (strike, prop::array::uniform3(prop::bool::weighted(0.2)))
        .prop_map(|(strike, refutes)| Tried { strike, refutes })
}

fn work() -> impl Strategy<Value = Vec<Work>> {
    let one = (
        any::<bool>(),
        prop::collection::vec(tried(), 0..5),
        1..4_usize,
        prop::option::weighted(0.1, 0..3_u8),
        prop::option::weighted(0.3, 0..3_u8),
    );
    let one = one.prop_map(|(is_generated, tried, operations, doubt, bound)| Work {
        is_generated,
        tried,
        operations,
        doubt,
        bound,
    });
    prop::collection::vec(one, 1..9)
}

fn name(number: usize, work: &Work) -> String {
    format!("{}{number}", if work.is_generated { "generated-" } else { "scenario-" })
}

/// What a sweep of it would have put on the docket.
fn swept(number: usize, work: &Work) -> (Docket, Totals) {
    let template = fixture::emptied();
    let set_up = template.evidence.scenario.workload()[0].clone();
    let scenario = Arc::new(Scenario {
        name: name(number, work),
        set_up: vec![set_up; work.operations],
        judges: JUDGED.to_vec(),
        ..(*template.evidence.scenario).clone()
    });
    let (mut docket, mut totals) = (Docket::default(), Totals::default());
    for Tried { strike, refutes } in &work.tried {
        let evidence = Evidence {
            scenario: Arc::clone(&scenario),
            strike: strike.clone(),
            ..template.evidence.clone()
        };
        let found = |refuted: bool| {
            let summary = format!("{} under {strike:?} was wrong", scenario.name);
            refuted.then_some(Found { entry: None, summary })
        };
        let ruling: Ruling =
            JUDGED.into_iter().zip(refutes).map(|(id, is)| (id, found(*is))).collect();
        totals.trials += 1;
        totals.kills += usize::from(strike.is_kill());
        if !strike.is_random() {
            docket.count(&ruling, PersistenceModel::Strict, strike.kind(), &scenario);
        }
        let none = Trace::default();
        docket.keep(&ruling, &evidence, &template.trace, &none, &Losses::default());
    }
    if let Some(doubt) = work.doubt {
        docket.doubt(JUDGED[usize::from(doubt)], &format!("doubt {doubt}"));
    }
    if let Some(bound) = work.bound {
        docket.bound(JUDGED[usize::from(bound)], PersistenceModel::Strict, "some of it");
    }
    (docket, totals)
}

/// Makes cases smaller, some much more than others, so that who is the smallest changes with it.
fn reduce(docket: &mut Docket) {
    let cases: Vec<Case> = docket.cases(|_| PersistenceModel::Strict).cloned().collect();
    for mut case in cases {
        let scenario = Arc::make_mut(&mut case.evidence.scenario);
        if scenario.name.len() % 2 == scenario.set_up.len() % 2 {
            scenario.set_up.clear();
        }
        case.finding.summary = format!("reduced: {}", case.finding.summary);
        docket.replace(case);
    }
}

fn run(subject: &str) -> Run {
    let identity = SubjectIdentity {
        name: subject.into(),
        version: "1".into(),
        command: subject.into(),
        ..SubjectIdentity::default()
    };
    Run {
        version: "0.1.0".into(),
        subject: identity,
        command: None,
        options: json!({}),
        claims: None,
        recovers: true,
        forked: true,
        profile: "quick".into(),
        seed: u64::MAX,
        only: Some(JUDGED.to_vec()),
        work: "00ff".into(),
    }
}

fn frame(of: &Run) -> Frame {
    Frame {
        subject: of.subject.clone(),
        claims: None,
        recovers: of.recovers,
        profile: of.profile.clone(),
        seed: of.seed,
        interrupted: false,
        unmeasurable: None,
        broken: None,
        only: of.only.clone(),
        partition: None,
        elsewhere: std::collections::BTreeMap::new(),
    }
}

fn shard(work: &[Work], partition: Partition) -> Shard {
    let (mut docket, mut totals) = (Docket::default(), Totals::default());
    for (number, one) in work.iter().enumerate() {
        if partition.owns(&name(number, one)) {
            let (found, done) = swept(number, one);
            docket.merge(found);
            totals.add(&done);
        }
    }
    reduce(&mut docket);
    Shard {
        schema: SHARD_SCHEMA,
        partition,
        run: run("fs"),
        interrupted: false,
        unmeasurable: None,
        broken: None,
        docket,
        totals,
    }
}

/// Shards as they come from other machines: through their files, and in any order.
fn arrived(shards: Vec<Shard>) -> Vec<(String, Shard)> {
    let again = |shard: Shard| {
        let text = serde_json::to_string(&shard).expect("plain data");
        let shard: Shard = serde_json::from_str(&text).expect("it reads back");
        (format!("shard-{}", shard.partition.shard), shard)
    };
    shards.into_iter().rev().map(again).collect()
}

/// Everything that a run writes: the certificate, and every case with all that its story is made of.
fn written(frame: &Frame, docket: &Docket, totals: Totals) -> (Value, String) {
    let certificate = certificate(frame, docket, totals);
    let cases: Vec<&Case> = docket.cases(|_| PersistenceModel::Strict).collect();
    (serde_json::to_value(&certificate).expect("plain data"), format!("{cases:?}"))
}

proptest! {
    #[test]
    fn the_merge_of_any_partition_is_the_whole(work in work(), of in 1..5_u32) {
        let whole = shard(&work, Partition { shard: 1, of: 1 });
        let frame = frame(&whole.run);
        let whole = written(&frame, &whole.docket, whole.totals);

        let shards = (1..=of).map(|part| shard(&work, Partition { shard: part, of })).collect();
        let merged = merge(arrived(shards)).expect("they belong together");
        prop_assert_eq!(written(&merged.frame, &merged.docket, merged.totals), whole);
    }
}

fn two() -> Vec<(String, Shard)> {
    let part = |shard| Partition { shard, of: 2 };
    arrived(vec![shard(&[], part(1)), shard(&[], part(2))])
}

#[test]
fn shards_that_do_not_belong_together_are_told_apart() {
    type Change = fn(&mut Shard);

    assert!(merge(two()).is_ok(), "as they are, they do belong together");
    let mut said = vec![merge(Vec::new()).expect_err("there are none").to_string()];
    let changes: [Change; 15] = [
        |it| it.run.subject.command = "fs:documented".into(),
        |it| it.run.subject.name = "other".into(),
        |it| it.run.subject.version = "2".into(),
        |it| it.run.version = "9.0.0".into(),
        |it| it.partition.of = 3,
        |it| it.run.profile = "full".into(),
        |it| it.run.seed = 0,
        |it| it.run.options = json!({"durability": "none"}),
        |it| it.run.claims = Some("schema = 1\n\n[claims]\n".into()),
        |it| it.run.only = None,
        |it| it.run.forked = false,
        |it| it.run.recovers = false,
        |it| it.run.work = "00fe".into(),
        |it| it.partition.shard = 1,
        |it| it.interrupted = true,
    ];
    for change in changes {
        let mut shards = two();
        change(&mut shards[0].1);
        said.push(merge(shards).expect_err("they do not belong together").to_string());
    }
    let mut shards = two();
    shards.remove(0);
    said.push(merge(shards).expect_err("one is missing").to_string());
    let mut shards = two();
    for (_, shard) in &mut shards {
        shard.run.claims = Some("nonsense".into());
    }
    said.push(merge(shards).expect_err("the claims are none").to_string());
    assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), said.len(), "no two are alike");
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn one_that_never_met_the_subject_is_merged_and_upholds_nothing() {
    let mut shards = two();
    let (_, absent) = &mut shards[1];
    absent.run.subject = SubjectIdentity { command: "fs".into(), ..SubjectIdentity::default() };
    absent.run.recovers = false;
    absent.unmeasurable = Some("it does not start".into());
    let merged = merge(shards).expect("they belong together");
    assert_eq!(merged.frame.subject.name, "fs");
    let certificate = certificate(&merged.frame, &merged.docket, merged.totals);
    assert!(certificate.guarantees.iter().all(|row| row.verdict == Verdict::NotMeasured));
    assert_eq!(certificate.exit_code(), Rating::Inconclusive.exit_code());
}

fn docket_of(trials: usize) -> Docket {
    let scenario = Scenario { name: "one".into(), ..Scenario::default() };
    let mut docket = Docket::default();
    let ruling: Ruling = JUDGED.into_iter().map(|id| (id, None)).collect();
    for _ in 0..trials {
        docket.count(&ruling, PersistenceModel::Strict, Some(FaultKind::Kill), &scenario);
    }
    docket
}

/// A shard of a run in which `elsewhere` of ten workloads are other shards'.
fn shard_certificate(elsewhere: usize, docket: &Docket) -> Certificate {
    let mut frame = frame(&run("fs"));
    frame.partition = Some(Partition { shard: 1, of: 2 });
    frame.elsewhere = JUDGED.into_iter().map(|id| (id, (elsewhere, 10))).collect();
    certificate(&frame, docket, Totals::default())
}

#[test]
fn a_shard_upholds_nothing_that_is_others_work_and_does_not_fail_for_it() {
    let docket = docket_of(3);
    let shard = shard_certificate(4, &docket);
    for row in &shard.guarantees {
        assert_eq!(row.verdict, Verdict::NotMeasured);
        let reason = "left to other shards: 4 of the 10 workloads that judge it";
        assert_eq!(row.reason.as_deref(), Some(reason));
        assert_eq!(row.trials, 3);
    }
    assert_eq!((shard.verdict, shard.exit_code()), (Rating::Inconclusive, 0));

    // What is all its own is its own to say.
    let whole = shard_certificate(0, &docket);
    assert_eq!((whole.verdict, whole.exit_code()), (Rating::Certified, 0));
}

#[test]
fn a_shard_fails_for_what_it_was_to_do_itself() {
    let mut doubtful = docket_of(3);
    doubtful.doubt(JUDGED[1], "its calls differ");
    let shard = shard_certificate(4, &doubtful);
    assert_eq!(shard.guarantees[1].reason.as_deref(), Some("its calls differ"));
    assert_eq!((shard.verdict, shard.exit_code()), (Rating::Inconclusive, 3));

    let mut refuting = docket_of(3);
    let case = fixture::emptied();
    let ruling = vec![(JUDGED[1], Some(case.finding.clone()))];
    let none = Trace::default();
    refuting.keep(&ruling, &case.evidence, &case.trace, &none, &Losses::default());
    let shard = shard_certificate(4, &refuting);
    assert_eq!((shard.verdict, shard.exit_code()), (Rating::Refuted, 1));

    let mut interrupted = shard_certificate(4, &docket_of(3));
    interrupted.interrupted = true;
    assert_eq!(interrupted.exit_code(), 3);

    let mut unasked = shard_certificate(4, &docket_of(3));
    for row in &mut unasked.guarantees {
        row.claimed = false;
    }
    assert_eq!(unasked.exit_code(), 3, "no claim at all is no pass either");

    let mut frame = frame(&run("fs"));
    frame.partition = Some(Partition { shard: 1, of: 2 });
    frame.elsewhere = JUDGED.into_iter().map(|id| (id, (4, 10))).collect();
    frame.unmeasurable = Some("it does not start".into());
    assert_eq!(certificate(&frame, &Docket::default(), Totals::default()).exit_code(), 3);
}
