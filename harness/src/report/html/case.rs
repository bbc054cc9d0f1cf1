//! A counterexample as the template takes it: the gist, the steps with their lanes, and at each step three
//! views with what has changed since the step before.

use crate::{
    judge::{Answer, Counterexample, GuaranteeResult, Item, Step, StepKind, Timeline},
    report::story::STRIKE_MARK,
};

/// What the checkers say after what would have been right.
const RIGHT: &str = " would have been right";
/// What a story's line ends with that refutes the guarantee.
const WRONG: &str = "<-- wrong";
/// How the story's last line begins: the gist has said it already.
const SHORT: &str = "in short: ";
/// What the story says of a change of turns, which is no fault.
const TURN: &str = " takes over";

pub(super) struct CaseView {
    pub(super) id: &'static str,
    pub(super) statement: &'static str,
    pub(super) claim: Option<Words>,
    pub(super) found: Words,
    pub(super) right: Option<Words>,
    pub(super) cause: Option<String>,
    pub(super) replay: String,
    pub(super) scenario: String,
    pub(super) timeline: Option<TimelineView>,
    pub(super) story: Vec<Line>,
}

/// A sentence in which names stand in backticks.
pub(super) struct Words(String);

impl Words {
    pub(super) fn new(sentence: String) -> Self {
        Self(sentence)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it consists of, and whether each is a name. A backtick that does not begin a word, or is never closed, is
    /// itself.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (bool, &str)> {
        let mut pieces = Vec::new();
        let (mut rest, mut from) = (self.0.as_str(), 0);
        while let Some(at) = rest[from..].find('`').map(|at| from + at) {
            let begins =
                rest[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
            match rest[at + 1..].find('`') {
                Some(length) if begins && length > 0 => {
                    let (before, name) = (&rest[..at], &rest[at + 1..at + 1 + length]);
                    pieces.extend([(false, before), (true, name)]);
                    (rest, from) = (&rest[at + 2 + length..], 0);
                }
                _ => from = at + 1,
            }
        }
        pieces.push((false, rest));
        pieces.into_iter()
    }

    pub(super) fn plain(&self) -> String {
        self.pieces().map(|(_, piece)| piece).collect()
    }
}

pub(super) struct Line {
    pub(super) class: &'static str,
    /// Whether it is inside an operation.
    pub(super) inside: bool,
    pub(super) text: String,
}

pub(super) struct TimelineView {
    pub(super) lanes: Vec<String>,
    pub(super) steps: Vec<StepView>,
    /// The step that is shown first.
    pub(super) start: usize,
}

pub(super) struct StepView {
    pub(super) class: &'static str,
    pub(super) lane: String,
    pub(super) badge: Option<&'static str>,
    pub(super) text: String,
    pub(super) answer: Option<String>,
    pub(super) wrong: bool,
    pub(super) lost: Vec<String>,
    pub(super) cells: Vec<BarCell>,
    pub(super) views: [View; 3],
}

/// A step in one lane.
pub(super) struct BarCell {
    /// Whether the step is this lane's.
    pub(super) mine: bool,
    /// The part of an operation's bar that it shows.
    pub(super) bar: &'static str,
}

pub(super) struct View {
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) empty: &'static str,
    pub(super) lines: Option<Vec<ViewLine>>,
}

#[derive(Clone)]
pub(super) struct ViewLine {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) name: String,
    pub(super) shown: String,
    pub(super) note: &'static str,
}

impl CaseView {
    pub(super) fn new(case: &Counterexample, row: &GuaranteeResult, file: &str) -> Self {
        let timeline = case.timeline.as_ref();
        let cause = timeline.and_then(|timeline| timeline.cause.clone());
        let summary = match &cause {
            Some(cause) => case.summary.trim_end_matches(&format!(" ({cause})")),
            None => &case.summary,
        };
        let (found, right) = halves(summary);
        let scenario = case.story.first().filter(|line| line.starts_with("scenario "));
        let told = case.story.iter().skip(usize::from(scenario.is_some()));
        Self {
            id: row.id.id(),
            statement: row.id.statement(),
            claim: row.claim.clone().map(Words::new),
            found: Words(found),
            right: right.map(Words),
            cause,
            replay: format!("crashworthy replay {file}"),
            scenario: scenario.cloned().unwrap_or_default(),
            timeline: timeline.filter(|timeline| !timeline.steps.is_empty()).map(timeline_view),
            story: told
                .filter(|line| !line.starts_with(SHORT))
                .map(|line| story_line(line))
                .collect(),
        }
    }
}

/// What was found, and what would have been right.
fn halves(summary: &str) -> (String, Option<String>) {
    for (at, _) in summary.match_indices("; ") {
        let (found, right) = (&summary[..at], &summary[at + 2..]);
        if right.contains(RIGHT) {
            return (found.to_owned(), Some(right.replacen(RIGHT, "", 1)));
        }
    }
    (summary.to_owned(), None)
}

fn story_line(line: &str) -> Line {
    let text = line.trim_start();
    let class = match text {
        text if text.starts_with(STRIKE_MARK) && text.ends_with(TURN) => "turn",
        text if text.starts_with(STRIKE_MARK) => "struck",
        text if text.ends_with(WRONG) => "wrong",
        _ => "",
    };
    let sign = if class == "turn" { "⇄" } else { "⚡" };
    let text =
        text.strip_prefix(STRIKE_MARK).map_or(text.to_owned(), |mark| format!("{sign} {mark}"));
    let inside = line.starts_with(' ');
    Line { class, inside, text: text.replace(WRONG, "✗ wrong") }
}

fn timeline_view(timeline: &Timeline) -> TimelineView {
    let lanes = &timeline.lanes;
    let mut under_way = vec![false; lanes.len()];
    let mut steps: Vec<StepView> = Vec::new();
    let mut before: Option<&Step> = None;
    for step in &timeline.steps {
        let cells = (0..lanes.len()).map(|lane| cell(step, lane, &mut under_way));
        let (class, badge) = match step.kind {
            StepKind::Before => ("before", None),
            StepKind::Row => ("row", None),
            StepKind::Begins => ("begins", None),
            StepKind::Call => ("call", None),
            StepKind::Ends => ("ends", None),
            StepKind::Strike => ("strike", Some("⚡ fault")),
            StepKind::Looks => ("looks", None),
        };
        steps.push(StepView {
            class,
            lane: lanes.get(step.lane).cloned().unwrap_or_default(),
            badge,
            text: step.text.clone(),
            answer: step.answer.clone(),
            wrong: step.wrong,
            lost: step.lost.clone(),
            cells: cells.collect(),
            views: views(timeline, before, step),
        });
        before = Some(step);
    }
    // What a fault does is best seen where it strikes; without one, where it comes out.
    let strike = timeline.steps.iter().rposition(|step| step.kind == StepKind::Strike);
    let wrong = timeline.steps.iter().position(|step| step.wrong);
    let start = strike.or(wrong).unwrap_or(steps.len() - 1);
    TimelineView { lanes: lanes.clone(), steps, start }
}

fn cell(step: &Step, lane: usize, under_way: &mut [bool]) -> BarCell {
    let mine = step.lane == lane;
    let was = under_way[lane];
    let (bar, is) = match (mine, step.kind) {
        (true, StepKind::Begins) => ("start", true),
        (true, StepKind::Ends) => ("end", false),
        (true, StepKind::Looks) => ("solo", false),
        // Whoever is killed calls nothing any more; a call that fails or a pause ends nothing.
        (true, StepKind::Strike) if was && ends(&step.text) => ("cut", false),
        _ if was => ("mid", true),
        _ => ("", false),
    };
    under_way[lane] = is;
    BarCell { mine, bar }
}

fn ends(strike: &str) -> bool {
    ["killed", "the power fails"].iter().any(|end| strike.starts_with(end))
}

fn views(timeline: &Timeline, before: Option<&Step>, step: &Step) -> [View; 3] {
    let memory = diff(before.and_then(|it| it.memory.as_deref()), step.memory.as_deref());
    let mut disk = diff(before.and_then(|it| it.disk.as_deref()), step.disk.as_deref());
    if let (Some(lines), Some(memory), Some(on_disk)) = (&mut disk, &step.memory, &step.disk) {
        compare(lines, memory, on_disk);
    }
    let reader = answers(before.and_then(|it| it.reader.as_deref()), step.reader.as_deref());
    [
        View {
            class: "memory",
            title: "In memory (what the kernel shows)".to_owned(),
            empty: "no files",
            lines: memory,
        },
        View {
            class: "disk",
            title: format!("On disk for sure (model: {})", timeline.model),
            empty: "no files",
            lines: disk,
        },
        View {
            class: "reader",
            title: "What a new reader would see".to_owned(),
            empty: "nothing to ask for",
            lines: reader,
        },
    ]
}

/// The lines of a tree, with what has changed since the step before.
fn diff(before: Option<&[Item]>, now: Option<&[Item]>) -> Option<Vec<ViewLine>> {
    let now = now?;
    let line = |item: &Item, (class, mark, note)| ViewLine {
        class,
        mark,
        name: item.path.clone(),
        shown: item.shown.clone(),
        note,
    };
    let same = ("same", "", "");
    let Some(before) = before else {
        return Some(now.iter().map(|item| line(item, same)).collect());
    };
    let mut lines: Vec<ViewLine> = now
        .iter()
        .map(|item| match before.iter().find(|old| old.path == item.path) {
            None => line(item, ("new", "+", "new")),
            Some(old) if old != item => line(item, ("changed", "~", "changed")),
            Some(_) => line(item, same),
        })
        .collect();
    let gone = before.iter().filter(|old| now.iter().all(|item| item.path != old.path));
    lines.extend(gone.map(|old| line(old, ("gone", "−", "gone"))));
    Some(lines)
}

/// What the disk lacks of what memory has.
fn compare(lines: &mut Vec<ViewLine>, memory: &[Item], disk: &[Item]) {
    for item in memory {
        match disk.iter().find(|it| it.path == item.path) {
            None => {
                lines.retain(|line| line.class != "gone" || line.name != item.path);
                lines.push(ViewLine {
                    class: "absent",
                    mark: "∅",
                    name: item.path.clone(),
                    shown: String::new(),
                    note: "in memory only",
                });
            }
            Some(it) if it != item => {
                for line in lines.iter_mut().filter(|line| line.name == item.path) {
                    (line.mark, line.note) = ("≠", "not what memory has");
                    if line.class == "same" {
                        line.class = "behind";
                    }
                }
            }
            Some(_) => {}
        }
    }
}

fn answers(before: Option<&[Answer]>, now: Option<&[Answer]>) -> Option<Vec<ViewLine>> {
    let lines = now?.iter().map(|answer| {
        let old = before.and_then(|old| old.iter().find(|old| old.asked == answer.asked));
        // What was not asked before has not changed.
        let changed = old.is_some_and(|old| old != answer);
        let (class, mark, note) =
            if changed { ("changed", "~", "changed") } else { ("same", "", "") };
        ViewLine { class, mark, name: answer.asked.clone(), shown: answer.answer.clone(), note }
    });
    Some(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_around_a_name_are_told_from_those_that_were_read() {
        let pieces = |text: &str| {
            let words = Words::new(text.to_owned());
            words
                .pieces()
                .filter(|(_, piece)| !piece.is_empty())
                .map(
                    |(is_name, piece)| {
                        if is_name { format!("<{piece}>") } else { piece.to_owned() }
                    },
                )
                .collect::<String>()
        };
        assert_eq!(pieces("read `a` and (`b`), got \"`\""), "read <a> and (<b>), got \"`\"");
        assert_eq!(pieces("`never closed"), "`never closed");
        assert_eq!(pieces("`` and `a`"), "`` and <a>");
        assert_eq!(pieces(""), "");
    }
}
