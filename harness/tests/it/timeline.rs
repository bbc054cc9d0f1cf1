//! Timelines of real counterexamples: what memory, disk and a reader show is seen, step by step, and shows why.

use crashworthy::Guarantee;
use crashworthy_harness::{
    judge::{Item, Step, StepKind, Timeline},
    report::story,
    scenario,
    subject::Subject,
};

use crate::campaign::{self, Campaign};

pub(crate) const TESTS: &[crate::Test] = &[
    ("timeline::power_loss", power_loss),
    ("timeline::kill", kill),
    ("timeline::failed_calls", failed_calls),
    ("timeline::failed_sync", failed_sync),
    ("timeline::random_names_are_translated", random_names_are_translated),
];

fn timeline(backend: &str, guarantee: Guarantee, seed: u64) -> Timeline {
    let subject = Subject::of_this_executable(backend).unwrap();
    let only = Some(vec![guarantee]);
    let outcome = campaign::run(&Campaign { only, seed, ..campaign::of(subject) });
    let case = outcome.cases.iter().find(|case| case.guarantee == guarantee);
    story::timeline(case.expect("it is refuted"))
}

fn shown<'a>(items: Option<&'a Vec<Item>>, path: &str) -> Option<&'a str> {
    let items = items.expect("somebody looked");
    items.iter().find(|item| item.path == path).map(|item| item.shown.as_str())
}

fn call<'a>(timeline: &'a Timeline, name: &str) -> &'a Step {
    let call = |step: &&Step| step.kind == StepKind::Call && step.text.starts_with(name);
    timeline.steps.iter().find(call).unwrap_or_else(|| panic!("{name}: {timeline:#?}"))
}

/// A rename of a file that nobody synced: memory has the value, the disk does not.
fn power_loss() {
    let timeline = timeline("fs:documented", Guarantee::PowerAtomicWrite, 7);
    let rename = call(&timeline, "rename");
    let in_memory = shown(rename.memory.as_ref(), "blocks/a.bin").expect("it has its name");
    assert!(!in_memory.starts_with("0 bytes"), "{in_memory}");
    assert_ne!(shown(rename.disk.as_ref(), "blocks/a.bin"), Some(in_memory));
    let reader = rename.reader.as_ref().expect("a process was asked");
    let read = reader.iter().find(|answer| answer.asked.starts_with("readFile")).unwrap();
    assert_eq!(read.answer, in_memory, "a reader sees what the kernel shows");
    let struck = timeline.steps.iter().find(|step| step.kind == StepKind::Strike).unwrap();
    assert!(!struck.lost.is_empty());
    assert_eq!(struck.memory, struck.disk, "after a power loss they are one");
    assert!(timeline.cause.is_some_and(|cause| cause.contains("nothing synced")));
}

/// What a killed process wrote is in memory, and a reader's view was asked for at each call.
fn kill() {
    let timeline = timeline("canary:write_in_place", Guarantee::KillAtomicWrite, 7);
    let calls: Vec<_> = timeline.steps.iter().filter(|step| step.kind == StepKind::Call).collect();
    assert!(!calls.is_empty());
    for step in calls {
        assert!(step.memory.is_some() && step.disk.is_some() && step.reader.is_some(), "{step:#?}");
    }
    assert!(timeline.steps.last().is_some_and(|step| step.wrong));
}

/// What a call that failed before the kill has failed with is known from the run without faults.
fn failed_calls() {
    let subject = Subject::of_this_executable("fs:documented").unwrap();
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| scenario.name == "crash-during-overwrite");
    let only = Some(vec![Guarantee::KillOrphansInvisible]);
    let whole = Campaign { scenarios, only, shrink: false, ..campaign::of(subject) };
    let outcome = campaign::run(&whole);
    let story = story::story(outcome.cases.first().expect("it is refuted"));
    let is_mkdir = |line: &&String| line.trim_start().starts_with("mkdir");
    let made = story.iter().find(is_mkdir).expect("it makes the directory that is there");
    assert!(made.ends_with("(failed with EEXIST)"), "{story:#?}");
    let opened = story.iter().find(|line| line.trim_start().starts_with("open")).expect("it opens");
    assert!(!opened.contains("failed"), "{story:#?}");
}

/// The operation is done once more, and acknowledged, before the power fails.
fn failed_sync() {
    let timeline = timeline("canary:sync_retried", Guarantee::FsyncFailureHonest, 7);
    let strikes = timeline.steps.iter().filter(|step| step.kind == StepKind::Strike);
    let [sync, power] = strikes.collect::<Vec<_>>()[..] else { panic!("{timeline:#?}") };
    assert!(sync.text.contains("sync") && sync.lost.is_empty(), "{sync:#?}");
    assert!(power.text.starts_with("the power fails"), "{power:#?}");
    assert!(power.lost.iter().any(|lost| lost.contains("failed")), "{power:#?}");
    let at = timeline.steps.iter().position(|step| step == power).unwrap_or_default();
    assert_eq!(timeline.steps[at - 1].text, "acknowledged", "{timeline:#?}");
}

/// Two runs with one seed differ in the names of temporary files, and in nothing that is told.
fn random_names_are_translated() {
    let [one, other] =
        [1, 1].map(|seed| timeline("canary:sync_after_rename", Guarantee::PowerAtomicWrite, seed));
    assert_eq!(one, other);
    let rename = call(&one, "rename");
    assert!(rename.memory.is_some(), "the re-enactment was understood: {one:#?}");
}
