//! Subjects that misbehave where several actors are at work: none may keep a campaign from its end, each gets a
//! clear finding or a reason why nothing could be measured, and nothing of them is left behind.
//!
//! Who merely waits for another one, or leaves an idle child behind, has done nothing wrong.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use crashworthy::Guarantee::{self, LastWriteWins, Linearizable, NoSpuriousError, NoTornRead};
use crashworthy_harness::{
    judge::Verdict,
    scenario::{self, Plant},
};

use crate::{
    campaign::{self, Campaign, Outcome},
    hostile,
};

/// Many times what any of them takes on an idle machine.
const TIME_MAX: Duration = Duration::from_secs(90);
const PROGRAM: &str = "tests/it/subjects/hostile_schedules.py";
const NEW_FILE: &str = "two-terminals-new-file";
const SHUT: &[&str] = &["got the error Conflict"];

pub(crate) const TESTS: &[crate::Test] = &[
    ("hostile_schedules::waits_for_another", || acquit("wait-for-other")),
    ("hostile_schedules::leaves_an_idle_child", || acquit("child")),
    ("hostile_schedules::takes_locks_only_beside_others", || acquit("late-lock")),
    ("hostile_schedules::gives_up_unforeseen_locks_early", gives_up_unforeseen_locks_early),
    // Nobody can look between two changes of permissions that are no steps.
    ("hostile_schedules::shuts_a_path", || fails("shut-by-path", NEW_FILE, SHUT)),
    ("hostile_schedules::shuts_a_descriptor", || fails("shut-by-descriptor", NEW_FILE, SHUT)),
    ("hostile_schedules::loses_its_patience", || waits_by_the_clock("impatient")),
    ("hostile_schedules::waits_for_what_is_no_file", || waits_by_the_clock("socket-lock")),
    ("hostile_schedules::spins", || fails("spin", NEW_FILE, &["did not answer within 2s"])),
    ("hostile_schedules::spins_on_a_file", || {
        fails("spin-on-file", NEW_FILE, &["it made more than 20000 calls without an answer"]);
    }),
    ("hostile_schedules::starts_threads_without_end", || {
        fails("threads", NEW_FILE, &["it started more threads than any backend has use for"]);
    }),
    ("hostile_schedules::starts_processes_without_end", || {
        fails("forks", NEW_FILE, &["it started more than 128 processes"]);
    }),
    ("hostile_schedules::waits_for_a_planted_lock", || {
        fails("planted-lock", NEW_FILE, &["it asks for \"lock\"", "which nobody gives up"]);
    }),
    ("hostile_schedules::waits_in_a_circle", || {
        let reasons = ["it waits for the lock on", "nobody can go on to release it"];
        fails("deadlock", "writers-in-new-directory", &reasons);
    }),
    ("hostile_schedules::dies", || fails("die", NEW_FILE, &["code 3", "out of luck"])),
    ("hostile_schedules::answers_twice", || fails("twice", NEW_FILE, &["it answered request"])),
    ("hostile_schedules::answers_another_request", || {
        fails("wrong-id", NEW_FILE, &["it answered request 100"]);
    }),
    ("hostile_schedules::writes_after_its_answer", writes_after_its_answer),
    ("hostile_schedules::leaves_a_child_that_writes", || {
        cannot_be_measured("child-writes", "it goes on making calls after its answer");
    }),
    ("hostile_schedules::shares_a_file_elsewhere", || {
        cannot_be_measured("shares-elsewhere", "it changes files outside its root");
    }),
];

/// An operation gets no proper answer, for this reason, and nothing else is held against the subject.
fn fails(mode: &str, scenario: &str, reasons: &[&str]) {
    let outcome = run(mode, scenario);
    assert_eq!(refuted(&outcome), [NoSpuriousError].into(), "{}", campaign::charges(&outcome));
    let row = campaign::row(&outcome.certificate, NoSpuriousError);
    let summary = row.summary.as_deref().unwrap_or_default();
    for part in reasons {
        assert!(summary.contains(part), "{part:?} is not in the summary {summary:?}");
    }
}

fn acquit(mode: &str) {
    let outcome = run(mode, NEW_FILE);
    for guarantee in [NoTornRead, LastWriteWins, Linearizable, NoSpuriousError] {
        let row = campaign::row(&outcome.certificate, guarantee);
        assert_eq!(row.verdict, Verdict::Upheld, "{guarantee}: {:?} {:?}", row.reason, row.summary);
    }
}

/// That it takes locks shows only in schedules, in which nobody has seen when they are given up until then: what
/// refutes it is from others, in which that is a step.
fn gives_up_unforeseen_locks_early() {
    let outcome = run("short-lock", NEW_FILE);
    assert!(refuted(&outcome).contains(&NoSpuriousError), "{}", campaign::charges(&outcome));
    for case in &outcome.cases {
        let calls: Vec<&str> = case.trace.events.iter().map(|event| event.call).collect();
        let is_locked = calls.contains(&"flock");
        assert_eq!(is_locked, calls.contains(&"close"), "{}: {calls:?}", case.guarantee);
        assert!(is_locked, "{}: {calls:?}", case.guarantee);
    }
}

/// How long somebody holds what another one waits for is not known, so that giving up is nobody's fault.
fn waits_by_the_clock(mode: &str) {
    let outcome = run(mode, NEW_FILE);
    assert_eq!(refuted(&outcome), BTreeSet::new(), "{}", campaign::charges(&outcome));
    let row = campaign::row(&outcome.certificate, NoSpuriousError);
    let reason = row.reason.as_deref().unwrap_or_default();
    assert_eq!(row.verdict, Verdict::NotMeasured, "{:?}", row.summary);
    assert!(reason.contains("waits by the clock"), "{reason}");
}

/// An acknowledged write that is not there yet is lost to whoever reads it, and whole when it comes.
fn writes_after_its_answer() {
    let outcome = run("late", NEW_FILE);
    let expected = [LastWriteWins, Linearizable].into();
    assert_eq!(refuted(&outcome), expected, "{}", campaign::charges(&outcome));
}

/// Its calls have no end, or some of them cannot be put in order, so that no order of all calls can be tried.
fn cannot_be_measured(mode: &str, why: &str) {
    let outcome = run(mode, NEW_FILE);
    for guarantee in [NoTornRead, LastWriteWins, Linearizable, NoSpuriousError] {
        let row = campaign::row(&outcome.certificate, guarantee);
        let reason = row.reason.as_deref().unwrap_or_default();
        assert_eq!(row.verdict, Verdict::NotMeasured, "{guarantee}: {:?}", row.summary);
        assert!(reason.contains(why), "{reason}");
    }
}

fn refuted(outcome: &Outcome) -> BTreeSet<Guarantee> {
    campaign::with_verdict(&outcome.certificate, Verdict::Refuted)
}

/// One scenario, with a file `lock` that nobody removes.
fn run(mode: &str, scenario: &str) -> Outcome {
    let all = scenario::builtin::all();
    let scenario = all.iter().find(|known| known.name == scenario).expect("it is built in");
    let mut scenario = scenario.as_ref().clone();
    scenario.plants.push(Plant::File { path: "lock".into(), data: "".into() });
    let begun = Instant::now();
    let outcome = hostile::leaving_nothing(PROGRAM, mode, |subject| {
        campaign::run(&Campaign {
            scenarios: vec![Arc::new(scenario)],
            limits: hostile::LIMITS,
            // Each try would hang or die as the first one did.
            shrink: false,
            ..campaign::of(subject)
        })
    });
    assert!(begun.elapsed() < TIME_MAX, "it took {:?}", begun.elapsed());
    outcome
}
