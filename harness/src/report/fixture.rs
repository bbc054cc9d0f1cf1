//! Cases and certificates made by hand, for the tests of the reports.

mod outcomes;

use std::sync::Arc;

pub(super) use outcomes::{HOSTILE, hostile, one_shard, outcomes};

use crashworthy::{
    Category, Claims, ErrorKind, Guarantee,
    fs::{FsBackend, FsOptions, Profile},
};

use crate::{
    check::Finding,
    fault::{Side, Strike},
    history::{Baseline, Entry, Evidence, Invocation, Moment, Node, Outcome, Phase, Reply, Tree},
    judge::{
        CERTIFICATE_SCHEMA, Case, Certificate, Counterexample, GuaranteeResult, Losses, Rating,
        Sights, SubjectIdentity, Totals, Verdict,
    },
    report::story,
    scenario::{Scenario, builtin},
    trace::{Event, Trace},
};

/// The random names of one run of a backend, and of another.
pub(super) const RUNS: [&str; 2] =
    ["9f86d081884c7d659a2feaa0c55ad015", "60303ae22b998861bce3b28f33eec1be"];

pub(super) fn builtin(name: &str) -> Arc<Scenario> {
    builtin::all()
        .into_iter()
        .find(|scenario| scenario.name == name)
        .expect("the scenario is built in")
}

pub(super) fn write(path: &str, data: &str) -> Invocation {
    Invocation::WriteFile { path: path.into(), data: data.into() }
}

pub(super) fn read(path: &str) -> Invocation {
    Invocation::ReadFile { path: path.into() }
}

pub(super) fn entry(phase: Phase, invocation: Invocation, outcome: Outcome) -> Entry {
    Entry { phase, invocation, outcome, span: None }
}

pub(super) fn done() -> Outcome {
    Outcome::Ok(Reply::Done)
}

pub(super) fn data(text: &str) -> Outcome {
    Outcome::Ok(Reply::Data(text.into()))
}

/// An event of the workload's operation `operation`. A `to` that is empty is none.
pub(super) fn event(
    operation: usize,
    call: &'static str,
    path: &str,
    to: &str,
    bytes: Option<u64>,
) -> Event {
    let to = (!to.is_empty()).then(|| to.to_owned());
    Event { call, path: path.to_owned(), to, bytes, failed: None, actor: 0, clock: 0, operation }
}

/// A case of `scenario` whose set-up went well. The finding is about the last entry of `history`.
pub(super) fn case(
    guarantee: Guarantee,
    scenario: Arc<Scenario>,
    strike: Strike,
    events: Vec<Event>,
    history: Vec<Entry>,
    summary: &str,
) -> Case {
    let set_up = scenario.set_up.iter().map(|op| entry(Phase::SetUp, op.clone(), done()));
    let history: Vec<_> = set_up.chain(history).collect();
    let operations = history
        .iter()
        .filter(|entry| entry.phase == Phase::Workload && entry.outcome.is_ok())
        .count();
    Case {
        guarantee,
        finding: Finding { entry: history.len().checked_sub(1), summary: summary.to_owned() },
        evidence: Evidence {
            scenario,
            strike,
            recovers: true,
            baseline: Arc::new(Baseline::default()),
            history,
            trees: Vec::new(),
            outside: Vec::new(),
        },
        trace: Trace { events, operations, ..Trace::default() },
        recovery: Trace::default(),
        losses: Losses::default(),
        sights: Sights::new(),
    }
}

/// A backend that writes in place, killed after it has emptied the file.
pub(crate) fn emptied() -> Case {
    let scenario = builtin("crash-during-overwrite");
    case(
        Guarantee::KillAtomicWrite,
        scenario.clone(),
        Strike::Kill { event: 0, side: Side::After },
        vec![event(0, "openat", "blocks/a.bin", "", None)],
        vec![
            entry(Phase::Workload, scenario.workload()[0].clone(), Outcome::Killed),
            entry(Phase::Crashed, read("blocks/a.bin"), data("")),
        ],
        "after the kill, a read of \"blocks/a.bin\" returned 0 bytes; the whole old value (43 bytes) or the whole new value (5 bytes) would have been right",
    )
}

/// The events of a write through `<path>.tmp`.
pub(super) fn through_temp(operation: usize, path: &str, bytes: u64) -> Vec<Event> {
    let temp = format!("{path}.tmp");
    vec![
        event(operation, "openat", &temp, "", None),
        event(operation, "write", &temp, "", Some(bytes)),
        event(operation, "rename", &temp, path, None),
    ]
}

/// A backend with `<path>.tmp`, killed inside the write of the temporary file, which a list then shows.
pub(super) fn listed_temp() -> Case {
    let scenario = builtin("crash-during-write");
    let path = scenario.workload()[0].path().to_owned();
    let (directory, name) = path.rsplit_once('/').expect("it is in a directory");
    let Some(Invocation::WriteFile { data, .. }) = scenario.workload().first() else {
        unreachable!("the scenario writes")
    };
    let bytes = data.len() as u64;
    case(
        Guarantee::KillOrphansInvisible,
        scenario.clone(),
        Strike::Torn { event: 1, keep: bytes / 2 },
        through_temp(0, &path, bytes)[..2].to_vec(),
        vec![
            entry(Phase::Workload, scenario.workload()[0].clone(), Outcome::Killed),
            entry(
                Phase::Crashed,
                Invocation::ListFiles { directory: directory.to_owned() },
                Outcome::Ok(Reply::Names(vec![format!("{name}.tmp"), "neighbour.bin".into()])),
            ),
        ],
        "after the kill, a list showed a file that nobody stored; only the files of \"blocks\" would have been right",
    )
}

/// A backend with random temporary names that recovery leaves behind. `random` is the name.
pub(super) fn left_over(random: &str) -> Case {
    let temp = format!(".crashworthy-tmp/{random}");
    let scenario = builtin("recovery");
    let mut case = case(
        Guarantee::KillOrphansReclaimed,
        scenario.clone(),
        Strike::InRecovery {
            workload: Box::new(Strike::Kill { event: 2, side: Side::Before }),
            recovery: Box::new(Strike::Kill { event: 0, side: Side::Before }),
        },
        vec![
            event(0, "mkdirat", ".crashworthy-tmp", "", None),
            event(0, "openat", &temp, "", None),
            event(0, "write", &temp, "", Some(31)),
        ],
        vec![
            entry(Phase::Workload, scenario.workload()[0].clone(), Outcome::Killed),
            entry(Phase::Recovery, Invocation::Recover, Outcome::Killed),
            entry(Phase::Recovery, Invocation::Recover, done()),
        ],
        &format!(
            "after recover, \"{temp}\" was still on disk; a tree without it would have been right"
        ),
    );
    case.finding.entry = None;
    case.recovery.events = vec![event(0, "unlinkat", &temp, "", None)];
    let files = [(temp, Node::File("".into()))];
    case.evidence.trees = vec![(Moment::Recovered, Tree::from_iter(files))];
    case
}

/// A recovery that takes the file of a writer that is held before its rename.
pub(super) fn stolen(random: &str) -> Case {
    let temp = format!(".crashworthy-tmp/{random}");
    let scenario = builtin("recovery-beside-writer");
    let bytes = 35;
    let mut case = case(
        Guarantee::KillOrphansReclaimed,
        scenario.clone(),
        Strike::Pause { event: 2 },
        vec![
            event(0, "openat", &temp, "", None),
            event(0, "write", &temp, "", Some(bytes)),
            event(0, "rename", &temp, "blocks/a.bin", None),
        ],
        vec![
            entry(
                Phase::Workload,
                scenario.workload()[0].clone(),
                Outcome::Fail {
                    kind: ErrorKind::NotFound,
                    message: format!(
                        "rename '/tmp/run-{random}/root/{temp}' to '/tmp/run-{random}/root/blocks/a.bin': no such file"
                    ),
                },
            ),
            entry(Phase::BesideWriter, Invocation::Recover, done()),
        ],
        "recover took the file of a live writer, whose write then failed; a live file left alone would have been right",
    );
    case.finding.entry = Some(scenario.set_up.len());
    case.recovery.events = vec![event(0, "unlinkat", &temp, "", None)];
    case
}

/// A certificate of a backend with `claims`: what `cases` refute is refuted, and the rest is upheld, but for what
/// this backend gives no occasion to measure.
pub(crate) fn certificate(verdict: Rating, claims: &Claims, cases: &[&Case]) -> Certificate {
    let guarantees = Guarantee::ALL.iter().map(|&id| {
        let case = cases.iter().find(|case| case.guarantee == id);
        // Nothing fails a sync where none is made.
        let measured = id != Guarantee::FsyncFailureHonest || claims.get(id).is_some();
        let verdict = match (measured, case) {
            (false, _) => Verdict::NotMeasured,
            (true, Some(_)) => Verdict::Refuted,
            (true, None) => Verdict::Upheld,
        };
        let bound = match id.category() {
            Category::ProcessKill => "killed before, after and inside every call of 14 scenarios",
            Category::IoFault => "every call failing in 3 scenarios",
            Category::Concurrency => "1,234 schedules of several actors, in 11 scenarios",
            Category::Integrity => "the stored files of 1 scenario damaged",
            _ => "fault-free runs of 22 scenarios",
        };
        GuaranteeResult {
            id,
            category: id.category(),
            claimed: claims.is_empty() || claims.get(id).is_some(),
            claim: claims.get(id).map(str::to_owned),
            verdict,
            trials: if measured { 37 * id.to_string().len() } else { 0 },
            bound: if measured { bound.to_owned() } else { String::new() },
            reason: (!measured).then(|| "no trial of this run gave anything to compare".to_owned()),
            counterexample: case.map(|_| Counterexample::path(id)),
            summary: case.map(|case| story::summary(case)),
            models: Vec::new(),
            coverage: None,
        }
    });
    Certificate {
        schema: CERTIFICATE_SCHEMA,
        harness: None,
        subject: SubjectIdentity {
            name: "fs".into(),
            version: "0.1.0".into(),
            command: "fs".into(),
            ..SubjectIdentity::default()
        },
        profile: "quick".into(),
        seed: 42,
        verdict,
        claims_assumed: claims.is_empty(),
        interrupted: false,
        partition: None,
        guarantees: guarantees.collect(),
        totals: Totals {
            trials: 1432,
            kills: 1370,
            torn_writes: 288,
            wall_seconds: 7.42,
            soak: None,
            ..Totals::default()
        },
        measured: None,
    }
}

/// The claims of the reference backend's profiles.
pub(crate) fn claims(profile: Profile) -> Claims {
    FsBackend::claims(&FsOptions::new().profile(profile))
}

/// A certificate on which everything claimed was refuted or upheld, with its cases.
pub(crate) fn refuted() -> (Certificate, Vec<Case>) {
    let cases = vec![emptied(), listed_temp(), left_over(RUNS[0])];
    let verdicts: Vec<_> = cases.iter().collect();
    let mut certificate = certificate(Rating::Refuted, &claims(Profile::Documented), &verdicts);
    "fs:documented".clone_into(&mut certificate.subject.command);
    (certificate, cases)
}
