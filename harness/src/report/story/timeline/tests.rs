//! Timelines of the cases that the stories are tested with: whose step it is, what is wrong, and that a view is
//! what somebody saw.

use super::*;
use crate::{
    history::{Node, Tree},
    judge::Case,
    report::{fixture, story::timeline},
};

fn kinds(timeline: &Timeline) -> Vec<(StepKind, &str)> {
    let lane = |step: &Step| timeline.lanes[step.lane].as_str();
    timeline.steps.iter().map(|step| (step.kind, lane(step))).collect()
}

#[test]
fn a_kill_cuts_an_operation_short_and_another_process_looks() {
    let timeline = timeline(&fixture::emptied());
    assert_eq!(timeline.lanes, ["writer", AFTERWARDS]);
    assert_eq!(
        kinds(&timeline),
        [
            (StepKind::Before, "writer"),
            (StepKind::Begins, "writer"),
            (StepKind::Call, "writer"),
            (StepKind::Strike, "writer"),
            (StepKind::Looks, AFTERWARDS),
        ]
    );
    let look = &timeline.steps[4];
    assert!(look.wrong && look.answer.as_deref() == Some("returned 0 bytes"), "{look:?}");
    assert_eq!(timeline.steps.iter().filter(|step| step.wrong).count(), 1);
    let reader = look.reader.as_ref().expect("the trial asked");
    assert_eq!(reader[0].answer, "0 bytes");
    // Nobody looked at memory or disk.
    assert!(timeline.steps.iter().all(|step| step.memory.is_none() && step.disk.is_none()));
}

#[test]
fn a_view_holds_until_the_next_call_and_no_longer() {
    let mut case = fixture::emptied();
    let tree = |text: &str| Tree::from_iter([("blocks/a.bin".to_owned(), Node::File(text.into()))]);
    let sight = |memory: &str, disk: &str| Sight {
        memory: Some(tree(memory)),
        disk: Some(tree(disk)),
        reader: None,
    };
    case.sights.insert(Instant::Settled, sight("old", "old"));
    let shown = |case: &Case| {
        let view = |items: &Option<Vec<Item>>| {
            items.as_ref().map_or("?".to_owned(), |items| items[0].shown.clone())
        };
        let steps = timeline(case).steps;
        steps.iter().map(|step| [view(&step.memory), view(&step.disk)]).collect::<Vec<_>>()
    };
    let old = "3 bytes, \"old\"";
    assert_eq!(shown(&case)[..3], [[old, old], [old, old], ["?", "?"]], "unseen after the call");
    case.sights.insert(Instant::Called(0), sight("", "old"));
    assert_eq!(shown(&case)[2..4], [["0 bytes", old], ["0 bytes", old]], "a kill changes nothing");
}

#[test]
fn chance_does_not_change_a_timeline() {
    for make in [fixture::left_over, fixture::stolen] {
        let [one, other] = fixture::RUNS.map(|run| timeline(&make(run)));
        assert_eq!(one, other);
        let text = serde_json::to_string(&one).expect("it is JSON");
        assert!(!text.contains(fixture::RUNS[0]), "{text}");
    }
}

#[test]
fn equal_contents_have_equal_numbers_whatever_they_are() {
    let mut case = fixture::emptied();
    let file = |text: &str| Node::File(text.into());
    let tree = Tree::from_iter([
        ("blocks/a.bin".to_owned(), file("same")),
        ("blocks/b.bin".to_owned(), file("other")),
        ("blocks/c.bin".to_owned(), file("same")),
        ("empty".to_owned(), Node::Directory),
        ("blocks".to_owned(), Node::Directory),
    ]);
    case.sights.insert(Instant::Settled, Sight { memory: Some(tree), disk: None, reader: None });
    let timeline = timeline(&case);
    let items = timeline.steps[0].memory.as_ref().expect("it was seen");
    assert_eq!(items.len(), 4, "directories with something in them go without saying: {items:?}");
    let mut contents: Vec<_> = items.iter().filter_map(|item| item.content).collect();
    contents.sort_unstable();
    contents.dedup();
    assert_eq!(contents.len(), 2, "{items:?}");
}
