//! Everything that may get worse, one at a time, and what chance may change without being held against a run.

use crashworthy::{PersistenceModel, fs::Profile};

use super::*;
use crate::{
    judge::{Coverage, ModelResult, Rating},
    report::fixture,
};

const REFUTED: &str = "kill-atomic-write";
const UPHELD: &str = "read-your-write";
const UNCLAIMED: &str = "path-fidelity";
const POWER: &str = "power-atomic-write";

/// A certificate on which there is something to lose everywhere.
fn certificate() -> Certificate {
    let (mut certificate, _) = fixture::refuted();
    for row in &mut certificate.guarantees {
        let is_refuted = row.verdict == Verdict::Refuted;
        let measured = row.trials > 0;
        row.trials *= 10;
        row.coverage = Some(Coverage {
            scenarios: if measured { vec!["one".into(), "two".into()] } else { Vec::new() },
            generated: 3 * usize::from(measured),
            generated_trials: 100 * usize::from(measured),
            exhaustive: measured,
            kinds: if is_refuted {
                vec!["kill in generated".into(), "kill in one".into()]
            } else {
                Vec::new()
            },
            ..Coverage::default()
        });
        if row.id.id() == POWER {
            let under =
                |model, verdict| ModelResult { model, verdict, crash_states: 1000, summary: None };
            row.models = vec![
                under(PersistenceModel::Strict, Verdict::Upheld),
                under(PersistenceModel::Ext4, Verdict::Upheld),
                under(PersistenceModel::Btrfs, Verdict::NotMeasured),
            ];
        }
    }
    certificate
}

fn baseline() -> Baseline {
    Baseline::of(&certificate()).expect("it makes one")
}

fn row<'a>(certificate: &'a mut Certificate, id: &str) -> &'a mut crate::judge::GuaranteeResult {
    certificate.guarantees.iter_mut().find(|row| row.id.id() == id).expect("every id has a row")
}

fn covered<'a>(certificate: &'a mut Certificate, id: &str) -> &'a mut Coverage {
    row(certificate, id).coverage.as_mut().expect("it has one")
}

/// What is found of a run that `change` makes of the one that the baseline is of.
fn after(change: impl FnOnce(&mut Certificate)) -> Ratchet {
    let mut now = certificate();
    change(&mut now);
    ratchet(&baseline(), &now, None)
}

/// Nothing is worse or better.
#[track_caller]
fn assert_unchanged(found: &Ratchet) {
    assert_eq!((&found.worse[..], &found.better[..]), (&[][..], &[][..]));
}

#[test]
fn the_same_again_is_neither_worse_nor_better() {
    let found = after(|_| {});
    assert_unchanged(&found);
    assert_eq!(found.known, [Guarantee::KillAtomicWrite, Guarantee::KillOrphansInvisible]);
}

#[test]
fn everything_that_gets_worse_is_said() {
    type Change = fn(&mut Certificate);
    let changes: [(&str, Change); 15] = [
        ("refuted", |it| row(it, UPHELD).verdict = Verdict::Refuted),
        ("not measured", |it| row(it, UPHELD).verdict = Verdict::NotMeasured),
        ("not claimed, and worse", |it| row(it, UNCLAIMED).verdict = Verdict::NotMeasured),
        ("under a model alone", |it| row(it, POWER).models[1].verdict = Verdict::Refuted),
        ("under a model that is not decided by", |it| {
            row(it, POWER).models[2].verdict = Verdict::Refuted;
        }),
        ("by all models", |it| {
            row(it, POWER).verdict = Verdict::NotMeasured;
            row(it, POWER).models.clear();
        }),
        ("a new kind", |it| covered(it, REFUTED).kinds.push("torn in two".into())),
        ("a guarantee that vanished", |it| it.guarantees.retain(|row| row.id.id() != UPHELD)),
        ("a scenario that vanished", |it| {
            for row in &mut it.guarantees[..2] {
                row.coverage.as_mut().expect("it has one").scenarios.remove(0);
            }
        }),
        ("fewer trials", |it| row(it, UPHELD).trials /= 2),
        ("fewer crash states", |it| row(it, POWER).models[1].crash_states = 899),
        ("a bound", |it| covered(it, UPHELD).exhaustive = false),
        ("no generated workload", |it| {
            covered(it, UPHELD).generated = 0;
        }),
        ("a claim withdrawn", |it| row(it, REFUTED).claimed = false),
        ("interrupted", |it| it.interrupted = true),
    ];
    let mut told = Vec::new();
    for (what, change) in changes {
        let found = after(change);
        assert!(!found.worse.is_empty(), "{what}");
        assert_eq!(found.better, Vec::<String>::new(), "{what}");
        told.push(format!("{what}:\n  {}", found.worse.join("\n  ")));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn everything_that_gets_better_is_said_and_fails_nobody() {
    let found = after(|it| {
        row(it, REFUTED).verdict = Verdict::Upheld;
        covered(it, REFUTED).kinds.clear();
        row(it, POWER).models[2].verdict = Verdict::Upheld;
        row(it, UNCLAIMED).claimed = true;
        row(it, UPHELD).trials *= 2;
    });
    assert_eq!(found.worse, Vec::<String>::new());
    insta::assert_snapshot!(found.better.join("\n"));
}

#[test]
fn what_was_refuted_is_not_better_because_nobody_looked() {
    let look_away = |it: &mut Certificate| {
        row(it, REFUTED).verdict = Verdict::NotMeasured;
        covered(it, REFUTED).kinds.clear();
    };
    let said = "kill-atomic-write: refuted in the baseline, not measured now";
    let found = after(look_away);
    assert_eq!((found.worse, found.better), (vec![said.to_owned()], Vec::new()));

    let mut then = certificate();
    row(&mut then, REFUTED).claimed = false;
    let mut now = then.clone();
    look_away(&mut now);
    let known = Baseline::of(&then).expect("it makes one");
    assert_unchanged(&ratchet(&known, &now, None));
}

#[test]
fn what_is_claimed_anew_has_to_hold() {
    let found = after(|it| {
        row(it, UNCLAIMED).claimed = true;
        row(it, UNCLAIMED).verdict = Verdict::Refuted;
    });
    assert_eq!(found.worse.len(), 2, "{found:?}");
    let mut known = baseline();
    known.guarantees.remove(REFUTED);
    let found = ratchet(&known, &certificate(), None);
    let said = "kill-atomic-write: it is claimed and refuted, and the baseline does not know it";
    assert_eq!(found.worse, [said]);
}

#[test]
fn chance_is_not_held_against_a_run() {
    let another_seed = after(|it| {
        it.seed += 1;
        row(it, UPHELD).trials -= 100;
        *covered(it, UPHELD) =
            Coverage { generated: 0, generated_trials: 0, ..covered(it, UPHELD).clone() };
        covered(it, REFUTED).kinds.retain(|kind| kind == "kill in one");
    });
    assert_unchanged(&another_seed);
    let shown_by_another_seed = |it: &mut Certificate| {
        it.seed += 1;
        covered(it, REFUTED).kinds.push("torn in generated".into());
    };
    assert_unchanged(&after(shown_by_another_seed));
    let fewer_within_tolerance = |it: &mut Certificate| {
        row(it, UPHELD).trials = 100 + (row(it, UPHELD).trials - 100) * 9 / 10;
    };
    let trials = row(&mut certificate(), UPHELD).trials - 100;
    assert_eq!(trials % 10, 0, "the tolerance ends at a whole trial");
    assert_unchanged(&after(fewer_within_tolerance));
}

#[test]
fn what_older_certificates_do_not_say_is_unknown() {
    let mut old = certificate();
    for row in &mut old.guarantees {
        row.coverage = None;
    }
    assert_eq!(ratchet(&baseline(), &old, None).worse, Vec::<String>::new());
    let known = Baseline::of(&old).expect("it makes one");
    let found = ratchet(&known, &certificate(), None);
    // Their trials are with those of generated workloads, and those are left out now.
    assert!(found.worse.iter().all(|sentence| sentence.contains("trials")), "{found:?}");
}

#[test]
fn a_run_that_was_asked_for_some_is_measured_by_those() {
    let mut some = certificate();
    some.guarantees.retain(|row| row.id == Guarantee::ReadYourWrite);
    let asked = [Guarantee::ReadYourWrite];
    let found = ratchet(&baseline(), &some, Some(&asked));
    assert_eq!((found.worse.len(), found.better.len()), (0, 0), "{found:?}");
    // And what it was not asked for is named: nobody knows what became of that.
    let unknown: Vec<_> =
        baseline().guarantees.into_keys().filter(|id| id != "read-your-write").collect();
    assert_eq!(found.left_out, unknown);
    assert!(!unknown.is_empty());
    assert!(ratchet(&baseline(), &certificate(), None).left_out.is_empty());
    assert!(!ratchet(&baseline(), &some, None).worse.is_empty());
    some.guarantees[0].verdict = Verdict::Refuted;
    assert_eq!(ratchet(&baseline(), &some, Some(&asked)).worse.len(), 1);
}

#[test]
fn some_certificates_make_no_baseline() {
    use crate::judge::NoBaseline;

    let of = |change: fn(&mut Certificate)| {
        let mut certificate = certificate();
        change(&mut certificate);
        Baseline::of(&certificate).map(drop)
    };
    assert_eq!(of(|_| {}), Ok(()));
    assert_eq!(of(|it| it.interrupted = true), Err(NoBaseline::Interrupted));
    assert_eq!(of(|it| it.partition = "hash:1/2".parse().ok()), Err(NoBaseline::Shard));
    assert_eq!(of(|it| it.subject.name.clear()), Err(NoBaseline::Nameless));
    assert_eq!(of(|it| it.verdict = Rating::HarnessBroken), Err(NoBaseline::Broken));
}

#[test]
fn what_is_told_after_the_certificate() {
    use std::path::Path;

    use crate::report::terminal::ratchet::render;

    let file = Path::new("crashworthy.json");
    let worse = after(|it| {
        row(it, UPHELD).verdict = Verdict::Refuted;
        row(it, UNCLAIMED).claimed = true;
        covered(it, REFUTED).kinds.push("torn in two".into());
    });
    let better = after(|it| row(it, UNCLAIMED).claimed = true);
    let known = baseline();
    let told = [
        render(&worse, &known, file, (false, 80)),
        render(&worse, &known, file, (false, 60)),
        render(&better, &known, file, (false, 80)),
        render(&after(|_| {}), &known, file, (false, 80)),
    ];
    insta::assert_snapshot!(told.join("----\n"));
}

#[test]
fn an_honest_claim_of_the_reference_backend_is_in_it() {
    let claims = fixture::claims(Profile::Documented);
    let known = baseline();
    for (guarantee, _) in claims.iter() {
        assert!(known.guarantees[guarantee.id()].claimed, "{guarantee}");
    }
}

#[test]
fn fewer_trials_are_no_loss_where_there_was_no_time_for_more_in_either_run() {
    let fewer = |then_timed: bool, now_timed: bool| {
        let mut then = certificate();
        covered(&mut then, UPHELD).timed = then_timed;
        let mut now = then.clone();
        covered(&mut now, UPHELD).timed = now_timed;
        row(&mut now, UPHELD).trials /= 2;
        ratchet(&Baseline::of(&then).expect("it makes one"), &now, None).worse.len()
    };
    assert_eq!([fewer(false, false), fewer(false, true), fewer(true, false)], [1; 3]);
    assert_eq!(fewer(true, true), 0);
}
