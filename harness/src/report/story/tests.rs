//! Stories as people read them, one for each place where a strike can fall.

use std::sync::Arc;

use crashworthy::Guarantee;
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    fault::{AfterFailedSync, Damage, FailedSync, Interleaving, KilledThenLost, PowerLoss, Side},
    history::{Moment, Node, Outcome, Reply, Span, Tree},
    judge::Losses,
    persist::{Lost, LostKind, Place},
    report::fixture::{self, case, data, done, entry, event, read, through_temp, write},
    scenario::{Actor, Scenario},
};

fn told(case: &Case) -> String {
    story(case).join("\n")
}

/// The write of one file through a temporary file, struck, and the read of a fresh process.
fn struck(strike: Strike, events: usize, outcome: Outcome, seen: &str) -> Case {
    let scenario = fixture::builtin("crash-during-overwrite");
    let operations = scenario.workload();
    let Some(Invocation::WriteFile { path, data: value }) = operations.first() else {
        unreachable!("the scenario writes")
    };
    let mut history = vec![entry(Phase::Workload, operations[0].clone(), outcome)];
    history.push(entry(Phase::Crashed, read(path), data(seen)));
    let trace = through_temp(0, path, value.len() as u64)[..events].to_vec();
    let summary = "a read returned what nobody wrote; one of the two values would have been right";
    case(Guarantee::KillAtomicWrite, scenario.clone(), strike, trace, history, summary)
}

#[test]
fn killed_before_a_call() {
    let strike = Strike::Kill { event: 2, side: Side::Before };
    assert_snapshot!(told(&struck(strike, 3, Outcome::Killed, "x")));
}

#[test]
fn killed_before_a_call_that_the_trace_lacks() {
    let strike = Strike::Kill { event: 2, side: Side::Before };
    let story = told(&struck(strike, 2, Outcome::Killed, "x"));
    assert!(story.contains("  --> killed here, before the next call\n"), "{story}");
}

#[test]
fn killed_after_a_call() {
    assert_snapshot!(told(&fixture::emptied()));
}

#[test]
fn nothing_is_told_of_what_would_have_come_after_the_kill() {
    let strike = Strike::Kill { event: 0, side: Side::After };
    let story = told(&struck(strike, 3, Outcome::Killed, "x"));
    assert!(!story.contains("rename"), "{story}");
}

#[test]
fn killed_inside_a_write() {
    assert_snapshot!(told(&fixture::listed_temp()));
}

#[test]
fn killed_after_the_acknowledgement() {
    assert_snapshot!(told(&struck(Strike::KillAfterAck { operation: 0 }, 3, done(), "x")));
}

#[test]
fn killed_at_some_time() {
    let strike = Strike::KillAfterTime { micros: 153 };
    assert_snapshot!(told(&struck(strike, 1, Outcome::Killed, "x")));
}

#[test]
fn killed_inside_recovery() {
    assert_snapshot!(told(&fixture::left_over(fixture::RUNS[0])));
}

#[test]
fn held_while_another_process_recovers() {
    assert_snapshot!(told(&fixture::stolen(fixture::RUNS[0])));
}

#[test]
fn the_retry_fails_after_recovery() {
    let strike = Strike::Kill { event: 1, side: Side::After };
    let mut case = struck(strike, 2, Outcome::Killed, "x");
    case.guarantee = Guarantee::KillRetryHeals;
    let retried = case.evidence.scenario.workload()[0].clone();
    let gone = "backend.mjs exited with code 1; it last said: Error: EEXIST".to_owned();
    case.evidence.history.extend([
        entry(Phase::Recovery, Invocation::Recover, done()),
        entry(Phase::Retry, retried, Outcome::Broken(gone)),
        entry(Phase::Retried, read("blocks/a.bin"), data("the old value")),
    ]);
    case.finding.entry = Some(case.evidence.history.len() - 1);
    assert_snapshot!(told(&case));
}

/// A loss of the bytes that the call with index `call` wrote to `path`, which nothing has synced.
fn lost_bytes(call: usize, path: &str) -> Lost {
    Lost {
        call,
        kind: LostKind::Data,
        operations: Vec::new(),
        inode: serde_json::from_str("1").expect("it is a number"),
        path: Some(path.to_owned()),
        entries: Vec::new(),
        needed: Vec::new(),
        synced_before: None,
        synced_between: None,
        synced_after: None,
        sync_failed: None,
    }
}

/// A log whose tail is cut when it is opened: the power fails in the append, and again in what opens it then.
fn lost_twice(first: Vec<Lost>, second: Vec<Lost>) -> Case {
    let again = Some(Box::new(PowerLoss { calls: 2, ..PowerLoss::default() }));
    let strike = Strike::PowerLoss(PowerLoss { calls: 1, again, ..PowerLoss::default() });
    let mut case = struck(strike, 0, Outcome::Killed, "x");
    case.guarantee = Guarantee::PowerAtomicWrite;
    case.trace.events = vec![event(0, "write", "store.log", "", Some(9))];
    case.recovery.events = vec![
        event(0, "ftruncate", "store.log", "", None),
        event(0, "write", "store.log", "", Some(40)),
    ];
    case.losses = Losses { first, second };
    case
}

#[test]
fn the_power_fails_twice_and_each_loss_is_told() {
    let [first, second] = [lost_bytes(0, "store.log"), lost_bytes(1, "store.log")];
    assert_snapshot!(told(&lost_twice(Vec::new(), vec![second.clone()])));
    let both = told(&lost_twice(vec![first.clone()], vec![second]));
    assert!(both.contains("  lost: bytes written to \"store.log\"; nothing synced \"store.log\" between the write and the power loss\n"), "{both}");
    assert!(both.contains(" and the second power loss\n"), "{both}");
    assert!(!both.contains("nothing is lost"), "{both}");
    let timeline = timeline(&lost_twice(vec![first], Vec::new()));
    let lost: Vec<_> = timeline.steps.iter().filter(|step| !step.lost.is_empty()).collect();
    let [one, other] = &lost[..] else { panic!("{lost:?}") };
    assert!(one.lost[0].starts_with("bytes written to"), "{one:?}");
    assert!(other.lost[0].starts_with("nothing is lost"), "{other:?}");
    assert_eq!((one.memory.is_some(), other.lane), (false, 1), "{other:?}");
}

/// The sync of a temporary file fails, and whoever does it all once more believes the second one.
fn believed_sync() -> Case {
    let failed = FailedSync {
        event: 2,
        errno: crate::fault::Errno::EIO,
        lasting: false,
        after: AfterFailedSync::KeptInMemory,
        loss: PowerLoss::default(),
    };
    let io = Outcome::Fail { kind: crashworthy::ErrorKind::Io, message: "fsync: EIO".into() };
    let mut case = struck(Strike::FailedSync(failed), 0, io, "");
    case.guarantee = Guarantee::FsyncFailureHonest;
    let operation = case.evidence.scenario.workload()[0].clone();
    let look = case.evidence.history.len() - 1;
    case.evidence.history.insert(look, entry(Phase::Repeat, operation, done()));
    case.finding.entry = Some(look + 1);
    let temp = "blocks/a.bin.tmp";
    let sync = |operation| event(operation, "fsync", temp, "", None);
    case.trace.events = through_temp(0, "blocks/a.bin", 5);
    case.trace.events[2] = sync(0);
    let exists = Event { failed: Some(17), ..event(1, "mkdir", "blocks", "", None) };
    case.trace.events.extend([exists, sync(1), event(1, "rename", temp, "blocks/a.bin", None)]);
    let mut lost = lost_bytes(1, temp);
    lost.sync_failed = Some(2);
    case.losses = Losses { first: vec![lost], second: Vec::new() };
    case
}

#[test]
fn a_sync_fails_and_then_the_power() {
    assert_snapshot!(told(&believed_sync()));
}

#[test]
fn the_timeline_tells_of_the_repetition_and_of_the_power_loss() {
    let timeline = timeline(&believed_sync());
    let steps: Vec<_> = timeline.steps.iter().map(|step| step.text.as_str()).collect();
    let power = steps.iter().position(|text| *text == "the power fails here").expect("it does");
    assert_eq!(steps[power - 1], "acknowledged", "{steps:#?}");
    assert!(steps[power - 5].starts_with("once more: writeFile"), "{steps:#?}");
    assert!(timeline.steps[power].lost[0].contains("the sync of"), "{:?}", timeline.steps[power]);
}

/// A delete that finds nothing to delete, because a killed process has removed the name.
fn believed_removal() -> Case {
    let scenario = fixture::builtin("power-after-killed-delete");
    let delete = scenario.workload()[0].clone();
    let strike = Strike::KilledThenLost(KilledThenLost { event: 1, loss: PowerLoss::default() });
    let history = vec![
        entry(Phase::Workload, delete.clone(), Outcome::Killed),
        entry(Phase::Recovery, Invocation::Recover, done()),
        entry(Phase::Repeat, delete, done()),
        entry(Phase::Crashed, read("blocks/a.bin"), data("a value that is about to be deleted")),
    ];
    let summary = "it returned what was deleted; an error would have been right";
    let events = vec![
        event(0, "unlink", "blocks/a.bin", "", None),
        event(0, "fsync", "blocks", "", None),
        event(1, "mkdir", ".tmp", "", None),
    ];
    let guarantee = Guarantee::PowerDurableDelete;
    let mut case = case(guarantee, scenario.clone(), strike, events, history, summary);
    let mut lost = Lost { kind: LostKind::Entry, ..lost_bytes(0, "blocks/a.bin") };
    let (path, name) = (Some("blocks".to_owned()), "a.bin".to_owned());
    lost.entries.push(Place { directory: lost.inode, path, name });
    case.losses = Losses { first: vec![lost], second: Vec::new() };
    case
}

#[test]
fn a_process_is_killed_and_then_the_power_fails() {
    assert_snapshot!(told(&believed_removal()));
    let timeline = timeline(&believed_removal());
    let power = timeline.steps.iter().find(|step| step.text == "the power fails here");
    let power = power.expect("it does");
    assert_eq!(timeline.lanes[power.lane], "a new process");
    assert_eq!(power.lost.len(), 1);
}

/// What is stored of the built-in scenario is damaged, and a fresh process returns it.
fn rotten(path: &str, damage: Damage, seen: &str) -> Case {
    let scenario = fixture::builtin("bit-rot");
    let mut history: Vec<_> =
        scenario.set_up.iter().map(|one| entry(Phase::SetUp, one.clone(), done())).collect();
    history
        .extend(scenario.workload().iter().map(|one| entry(Phase::Workload, one.clone(), done())));
    let stored = history.iter().filter_map(|entry| match &entry.invocation {
        Invocation::WriteFile { path, data } => Some((path.clone(), Node::File(data.clone()))),
        _ => None,
    });
    let stored: Tree = stored.collect();
    let Some(Node::File(right)) = stored.nodes.get(path) else { panic!("{path} is stored") };
    history.push(entry(Phase::Undamaged, read(path), Outcome::Ok(Reply::Data(right.clone()))));
    history.push(entry(Phase::Damaged, read(path), data(seen)));
    let strike = Strike::BitRot { path: path.into(), damage };
    let summary = "it returned what nobody wrote; an error would have been right";
    let guarantee = Guarantee::BitrotDetected;
    let mut case = case(guarantee, scenario.clone(), strike, Vec::new(), history, summary);
    case.evidence.trees.push((Moment::Stored, stored));
    case
}

#[test]
fn a_stored_file_changes() {
    let flip = Damage::Flip { offset: 0, mask: 0x20 };
    assert_snapshot!(told(&rotten(
        "blocks/a.bin",
        flip,
        "Its new value, which is read from now on"
    )));
    let zero = Damage::Zero { offset: 4096, length: 4096 };
    let story = told(&rotten("blocks/large.bin", zero, "x"));
    assert!(
        story.contains("\n--> bytes 4096 to 8191 of \"blocks/large.bin\" were zeroed\n"),
        "{story}"
    );
}

#[test]
fn nothing_strikes() {
    let scenario = fixture::builtin("overwrite-replaces");
    let history: Vec<_> = scenario
        .workload()
        .iter()
        .map(|operation| match operation {
            Invocation::ReadFile { .. } => {
                entry(Phase::Workload, operation.clone(), data("a mixture of two"))
            }
            other => entry(Phase::Workload, other.clone(), done()),
        })
        .take_while(|entry| entry.outcome.is_ok())
        .collect();
    let events = (0..history.len())
        .filter(|index| matches!(history[*index].invocation, Invocation::WriteFile { .. }))
        .flat_map(|index| through_temp(index, history[index].invocation.path(), 5))
        .collect();
    let summary = "the read returned a mixture; the last value would have been right";
    let guarantee = Guarantee::OverwriteReplaces;
    let case = case(guarantee, scenario, Strike::None, events, history, summary);
    assert_snapshot!(told(&case));
}

#[test]
fn long_workloads_are_folded() {
    let path = |n: usize| format!("events/{n:02}.bin");
    let operations: Vec<_> = (0..20).map(|n| write(&path(n), "an event")).collect();
    let scenario = Arc::new(Scenario {
        name: "many".into(),
        title: "Twenty events".into(),
        set_up: (20..30).map(|n| write(&path(n), "an old event")).collect(),
        actors: vec![Actor { name: "appender".into(), operations: operations.clone() }],
        ..Scenario::default()
    });
    let mut history: Vec<_> =
        operations.into_iter().map(|operation| entry(Phase::Workload, operation, done())).collect();
    history[19].outcome = Outcome::Killed;
    history.push(entry(Phase::Crashed, read(&path(7)), data("")));
    let mut events: Vec<_> = (0..20).flat_map(|n| through_temp(n, &path(n), 8)).collect();
    let piece = event(19, "write", "events/19.bin.tmp", "", Some(65_536));
    events.splice(58..59, vec![piece; 20]);
    let strike = Strike::Kill { event: 70, side: Side::After };
    let summary = "after the kill, \"events/07.bin\" was empty; its 8 bytes would have been right";
    let case = case(Guarantee::KillDurableAck, scenario, strike, events, history, summary);
    assert_snapshot!(told(&case));
}

#[test]
fn calls_that_go_in_circles_are_cut_short() {
    let scenario = fixture::builtin("two-terminals-new-file");
    let operation = scenario.actors[0].operations[0].clone();
    let mut spinning = entry(Phase::Workload, operation, Outcome::Broken("no end".into()));
    spinning.span = Some(Span { actor: 0, invoked: 1, returned: Some(200) });
    let look = event(0, "newfstatat", "blocks/lock", "", None);
    let events = (0..100).map(|n| Event { clock: 2 + n, ..look.clone() }).collect();
    let strike = Strike::Schedule(Interleaving::default());
    let case =
        case(Guarantee::NoSpuriousError, scenario, strike, events, vec![spinning], "no answer");
    let story = story(&case);
    let looks = story.iter().filter(|line| line.contains("newfstatat")).count();
    assert_eq!(looks, 20, "{story:#?}");
    assert!(story.iter().any(|line| line.contains("80 more calls")), "{story:#?}");
}

#[test]
fn what_others_wrote_is_escaped_and_shortened() {
    let long = format!("d/{}", "é".repeat(127));
    let evil = "d/\u{1b}[2J\u{202e}\n.bin";
    let operations = vec![write(&long, "\u{1b}]0;title\u{7}"), write(evil, "\u{200b}zero")];
    let scenario = Arc::new(Scenario {
        name: "evil".into(),
        title: "Names\u{1b}[31m that bite".into(),
        plants: vec![Plant::Symlink { path: evil.into(), target: "{outside}/x\ny".into() }],
        actors: vec![Actor { name: "wri\rter".into(), operations: operations.clone() }],
        ..Scenario::default()
    });
    let message = "cannot open /var/tmp/x1/root/d/\u{1b}[31mred: \u{8}no\nsuch file".to_owned();
    let history = vec![
        entry(Phase::Workload, operations[0].clone(), done()),
        entry(
            Phase::Workload,
            operations[1].clone(),
            Outcome::Fail { kind: crashworthy::ErrorKind::Io, message },
        ),
    ];
    let events = vec![event(0, "openat", &format!("{long}.tmp"), "", None)];
    let case =
        case(Guarantee::PathFidelity, scenario, Strike::None, events, history, "bad\u{7} name");
    assert_snapshot!(told(&case));
}

/// Two runs with one seed differ in random names, and in nothing else.
#[test]
fn chance_does_not_change_a_story() {
    for make in [fixture::left_over, fixture::stolen] {
        let [one, other] = fixture::RUNS.map(make);
        assert_eq!(story(&one), story(&other));
        assert!(!told(&one).contains(fixture::RUNS[0]), "{}", told(&one));
        assert_eq!(summary(&one), summary(&other));
    }
}

#[test]
fn names_are_shown_only_if_something_vouches_for_them() {
    let mut case = fixture::emptied();
    case.evidence.baseline = Arc::new(crate::history::Baseline {
        files: ["wal/x7".to_owned()].into(),
        ..Default::default()
    });
    case.trace.events = vec![event(0, "mkdir", "my-staging", "", None)];
    let mut names = Names::new(&case);
    for stable in [
        "blocks",
        "blocks/a.bin",
        "blocks/a.bin.tmp",
        "blocks/a.bin~",
        "blocks/a.bin.partial",
        "wal/x7",
        "my-staging",
        ".lock",
        "",
    ] {
        assert!(names.is_stable(stable), "{stable}");
    }
    for (path, shown) in [
        ("blocks/a.bin.k3Gq9z", "\"blocks/<temporary 1>\""),
        ("blocks/a.bin.qwertz", "\"blocks/<temporary 2>\""),
        ("my-staging/1234", "\"my-staging/<temporary 3>\""),
        ("tmpabcdef", "\"<temporary 4>\""),
        ("tmpabcdef/data1", "\"<temporary 4>/<temporary 5>\""),
        ("blocks/a.bin.k3Gq9z", "\"blocks/<temporary 1>\""),
    ] {
        assert_eq!(names.path(path), shown);
    }
    let text = "open '/r/blocks/a.bin.k3Gq9z': not /etc/passwd, a.bin.k3Gq9z or /r/blocks/a.bin";
    assert_eq!(
        names.scrub(text),
        "open '<root>/blocks/<temporary 1>': not <path>, <temporary 1> or <root>/blocks/a.bin"
    );
}

#[test]
fn what_a_run_without_faults_leaves_is_not_called_temporary() {
    let mut case = fixture::emptied();
    case.evidence.baseline = Arc::new(crate::history::Baseline {
        files: ["segments/0a1b2c3d".to_owned()].into(),
        ..Default::default()
    });
    let gone = event(0, "rename", "segments/9z8y7x6w", "segments/0a1b2c3d", None);
    case.trace.events = vec![gone];
    let mut names = Names::new(&case);
    assert_eq!(names.path("segments/5e6f7g8h"), "\"segments/<internal 1>\"");
    assert_eq!(names.left_over("segments/1i2j3k4l"), "\"segments/<internal 2>\"");
    assert_eq!(names.path("segments/9z8y7x6w"), "\"segments/<temporary 1>\"");
    assert_eq!(names.left_over("blocks/9z8y7x6w"), "\"blocks/<left-over 1>\"");
}

proptest! {
    #[test]
    fn a_story_holds_nothing_that_a_terminal_acts_on(
        title in "\\PC*|(?s).*", path in "(?s).{0,300}", to in "(?s).{0,30}", message in "(?s).*",
        names in prop::collection::vec("(?s).{0,20}", 0..9), bytes in prop::collection::vec(any::<u8>(), 0..64),
        event_index in 0..4usize, side in prop::bool::ANY,
    ) {
        let operation = Invocation::WriteFile { path: path.clone(), data: bytes.into() };
        let scenario = Arc::new(Scenario {
            name: title.clone(),
            title: title.clone(),
            actors: vec![Actor { name: title, operations: vec![operation.clone()] }],
            ..Scenario::default()
        });
        let side = if side { Side::Before } else { Side::After };
        let history = vec![
            entry(Phase::Workload, operation, Outcome::Broken(message.clone())),
            entry(
                Phase::Crashed,
                Invocation::ListFiles { directory: path.clone() },
                Outcome::Ok(Reply::Names(names)),
            ),
        ];
        let events =
            vec![event(0, "openat", &path, "", None), event(0, "rename", &to, &path, Some(3))];
        let strike = Strike::Kill { event: event_index, side };
        let case = case(Guarantee::ListExact, scenario, strike, events, history, &message);
        for line in story(&case) {
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        }
    }
}
