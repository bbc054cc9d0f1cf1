//! Soaks: clients at full speed acquit a sound backend, and convict broken ones with a history that shows why.
//!
//! Every run is cut to a few seconds by a time budget, which it must keep to.

use std::time::{Duration, Instant};

use crashworthy::Guarantee;
use crashworthy_harness::{
    explore::{Profile, Replayed, replay},
    fault::Strike,
    judge::{Totals, Verdict},
    report::story,
    scenario,
    subject::{Limits, Subject},
};

use crate::campaign::{self, Campaign, Outcome};

/// Operations that even a slow and busy machine makes in two seconds.
const OPERATIONS_MIN: u64 = 500;
/// A stretch that is shown is not longer than this, in operations.
const SHOWN_MAX: usize = 200;
/// A subject that takes longer for an operation hangs: ten times what a busy machine needs.
const HANGS_AFTER: Duration = Duration::from_secs(5);
/// How long after its time budget a run may end: a phase's processes and the last look.
const OVERDUE_MAX: Duration = Duration::from_secs(3);

pub(crate) const TESTS: &[crate::Test] = &[
    ("soak::sound", sound),
    ("soak::workloads_leave_time_for_it", workloads_leave_time_for_it),
    ("soak::shared_temporary_name", shared_temporary_name),
    ("soak::left_locked_by_a_kill", left_locked_by_a_kill),
];

/// Nothing but the soak, for so many seconds.
fn soak(backend: &str, seconds: u64, only: &[Guarantee]) -> Outcome {
    soak_as(Profile::Full, backend, seconds, only)
}

/// The workloads that a profile generates for these guarantees, and the soak, for so many seconds together.
fn soak_as(profile: Profile, backend: &str, seconds: u64, only: &[Guarantee]) -> Outcome {
    let started = Instant::now();
    let time_budget = Duration::from_secs(seconds);
    let outcome = campaign::run(&Campaign {
        scenarios: Vec::new(),
        generate: true,
        profile,
        time_budget: Some(time_budget),
        only: Some(only.to_vec()),
        // One job would be pinned to one processor, and all clients with it.
        jobs: 2,
        limits: Limits { operation: HANGS_AFTER, ..Limits::default() },
        ..campaign::of(Subject::of_this_executable(backend).unwrap())
    });
    assert!(started.elapsed() < time_budget + OVERDUE_MAX, "it took {:?}", started.elapsed());
    outcome
}

const SOAKED: [Guarantee; 5] = [
    Guarantee::NoTornRead,
    Guarantee::LastWriteWins,
    Guarantee::Linearizable,
    Guarantee::NoSpuriousError,
    Guarantee::CrashIsolated,
];

fn sound() {
    let outcome = soak("fs", 2, &SOAKED);
    let Totals { soak: Some(totals), .. } = outcome.certificate.totals else { panic!("no soak") };
    assert!(outcome.cases.is_empty(), "{}", campaign::charges(&outcome));
    assert!(totals.operations > OPERATIONS_MIN && totals.kills > 0, "{totals:?}");
    for guarantee in SOAKED {
        // Chance upholds nothing.
        assert_eq!(campaign::row(&outcome.certificate, guarantee).verdict, Verdict::NotMeasured);
    }
}

/// There are more of them than the whole budget has time for.
fn workloads_leave_time_for_it() {
    let outcome = soak_as(Profile::Nightly, "fs", 10, &[Guarantee::KillAtomicWrite, SOAKED[0]]);
    let Totals { trials, soak: Some(totals), .. } = outcome.certificate.totals else {
        panic!("no soak: {:?}", outcome.certificate.totals)
    };
    assert!(trials > 0 && !outcome.certificate.interrupted, "{trials} trials");
    assert!(totals.operations > 0, "{totals:?}");
}

fn shared_temporary_name() {
    let guarantee = Guarantee::NoSpuriousError;
    let outcome = soak("fs:documented", 10, &[guarantee]);
    let row = campaign::row(&outcome.certificate, guarantee);
    assert!(row.verdict == Verdict::Refuted && row.trials == 1, "{row:?}");
    let [case] = outcome.cases.as_slice() else { panic!("one guarantee, one case") };
    assert!(case.evidence.history.len() < SHOWN_MAX && case.has_several_actors());
    let told = story::story(case).join("\n");
    assert!(told.contains("chance decides who comes first"), "{told}");

    // It is no scenario to be run, but a file like any other.
    let stored = scenario::to_toml(&case.evidence.scenario);
    let scenario = scenario::load::from_str("stored", &stored).expect("what was written is read");
    assert_eq!(scenario, *case.evidence.scenario);
    let subject = Subject::of_this_executable("fs:documented").unwrap();
    let again = replay(&subject, Limits::default(), scenario, &case.evidence.strike, guarantee);
    assert!(matches!(again, Replayed::Reproduced(_) | Replayed::NotReproduced), "{again:?}");
}

fn left_locked_by_a_kill() {
    let outcome = soak("canary:lock_file_left_behind", 60, &[Guarantee::CrashIsolated]);
    let refuted = campaign::with_verdict(&outcome.certificate, Verdict::Refuted);
    assert_eq!(refuted, [Guarantee::CrashIsolated].into(), "{}", campaign::charges(&outcome));
    assert!(outcome.cases.iter().all(|case| case.evidence.history.len() < SHOWN_MAX));
    assert!(matches!(outcome.cases[0].evidence.strike, Strike::Soak { kills: true, .. }));
}
