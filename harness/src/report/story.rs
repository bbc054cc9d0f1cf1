//! The story of a counterexample in plain words, one line a step: what was done, which system calls that
//! made, where the strike fell, what the next process saw, and what would have been right.
//!
//! Lines inside an operation are indented. The strike's line begins with [`STRIKE_MARK`]. Two runs with
//! one seed tell the same story byte for byte, so random names are numbered (see `story/names.rs`), and
//! no line holds anything that a terminal could act on.

mod after;
mod call;
mod losses;
mod names;
mod operation;
mod schedule;
mod soak;
#[cfg(test)]
mod tests;
mod timeline;

pub(crate) use call::STRIKE_MARK;

use self::names::Names;
use super::text;
use crate::{
    fault::Strike,
    history::{Entry, Invocation, Phase},
    judge::{Case, Timeline},
    scenario::Plant,
    trace::Event,
};

/// What an actor does before its first operation.
const OPENS: &str = "opens the root";
/// What a process does before it recovers.
const OPENS_AND_READS: &str = "opens the root and reads what is there";
/// What a process does that comes to recover.
const OPENS_READS_AND_RECOVERS: &str = "opens the root, reads what is there, and calls recover";
/// How an operation ends that has nothing to return.
const ACKNOWLEDGED: &str = "acknowledged";
/// Workloads up to this many operations are told whole; of longer ones, what touches the finding.
const WHOLE_WORKLOAD_OPERATIONS_MAX: usize = 4;
/// Operations in a row that are told one by one although they only succeeded.
const ROW_OPERATIONS_MAX: usize = 3;
/// Things put on disk beforehand that are told one by one.
const PLANTS_MAX: usize = 6;

/// What happened in `case`, one line a step; the last line is [`summary`].
pub fn story(case: &Case) -> Vec<String> {
    let (mut lines, summary) = tell(case);
    lines.push(format!("in short: {summary}"));
    lines
}

/// What the checker said of `case`, with the story's names for what has random ones. Certificates and
/// counterexample files say it in these words.
pub fn summary(case: &Case) -> String {
    tell(case).1
}

/// The story of `case` step by step, with what was in memory and on disk and what a reader was answered.
pub fn timeline(case: &Case) -> Timeline {
    // Told first: names are numbered as in the story.
    timeline::plot(&mut told(case))
}

fn told(case: &Case) -> Teller<'_> {
    let mut teller = Teller { case, names: Names::new(case), lines: Vec::new(), marked: false };
    teller.beginning();
    teller.workload();
    teller.losses();
    teller.afterwards();
    teller
}

/// Everything but the summary, and the summary.
pub(crate) fn tell(case: &Case) -> (Vec<String>, String) {
    let mut teller = told(case);
    let mut summary = teller.names.scrub(&case.finding.summary);
    if let Some(cause) = teller.cause() {
        summary = format!("{} ({cause})", summary.trim());
    }
    (teller.lines, text::printable(summary.trim()))
}

/// What the marked entry's line ends with.
const WRONG: &str = "  <-- wrong";

struct Teller<'a> {
    case: &'a Case,
    names: Names,
    lines: Vec<String>,
    /// Whether it was said where the strike on the workload fell.
    marked: bool,
}

impl<'a> Teller<'a> {
    /// Adds a line, indented where it is inside an operation.
    fn line(&mut self, inside: bool, line: impl AsRef<str>) {
        let indent = if inside { "  " } else { "" };
        self.lines.push(format!("{indent}{}", text::printable(line.as_ref())));
    }

    fn beginning(&mut self) {
        let scenario = &self.case.evidence.scenario;
        self.line(false, format!("scenario {}: {}", scenario.name, scenario.title));
        for plant in scenario.plants.iter().take(PLANTS_MAX) {
            let plant = match plant {
                Plant::File { path, data } => {
                    format!("a file {} ({})", self.names.path(path), text::content(data))
                }
                Plant::Directory { path } => format!("a directory {}", self.names.path(path)),
                Plant::Symlink { path, target } => {
                    format!("a link {} to {}", self.names.path(path), text::path(target))
                }
            };
            self.line(false, format!("on disk beforehand: {plant}"));
        }
        let more = scenario.plants.len().saturating_sub(PLANTS_MAX);
        if more > 0 {
            self.line(false, format!("on disk beforehand: {more} more"));
        }
        for row in scenario.set_up.chunk_by(|a, b| a.operation() == b.operation()) {
            if row.len() > ROW_OPERATIONS_MAX {
                let row = self.row(row);
                self.line(false, format!("set-up: {row}, all acknowledged"));
            } else {
                for invocation in row {
                    let asked = self.asked(invocation);
                    self.line(false, format!("set-up: {asked}, acknowledged"));
                }
            }
        }
    }

    /// The workload's operations, with their indices in the history.
    fn operations(&self) -> Vec<(usize, &'a Entry)> {
        let history = self.case.evidence.history.iter().enumerate();
        history.filter(|(_, entry)| entry.phase == Phase::Workload).collect()
    }

    /// The scenario's spelling of the workload's operation `index`: the history's may have absolute
    /// paths of this machine in it.
    fn spelled(&self, index: usize, entry: &'a Entry) -> &'a Invocation {
        let scenario = &self.case.evidence.scenario;
        scenario
            .actors
            .first()
            .and_then(|actor| actor.operations.get(index))
            .unwrap_or(&entry.invocation)
    }

    fn actor(&self) -> String {
        let name = self.case.evidence.scenario.actors.first().map_or("", |actor| &actor.name);
        if name.is_empty() { "the process".to_owned() } else { name.to_owned() }
    }

    /// The calls of the workload's operations.
    fn events(&self) -> Vec<(usize, &'a Event)> {
        self.calls_made().skip(self.case.trace.opened).collect()
    }

    /// The calls of `open`, where they were recorded.
    fn opening(&self) -> Vec<(usize, &'a Event)> {
        self.calls_made().take(self.case.trace.opened).collect()
    }

    fn calls_made(&self) -> impl Iterator<Item = (usize, &'a Event)> + use<'a> {
        // What came after a kill did not happen, whoever recorded it.
        let last = match base(&self.case.evidence.strike) {
            Strike::Kill { event, .. } | Strike::Torn { event, .. } => *event,
            _ => usize::MAX,
        };
        self.case.trace.events.iter().enumerate().filter(move |(index, _)| *index <= last)
    }

    fn workload(&mut self) {
        if self.interleaved() || self.ran_free() {
            return;
        }
        let opening = self.opening();
        if !opening.is_empty() {
            let actor = self.actor();
            self.line(false, format!("{actor} {OPENS}"));
            self.calls(&opening, &self.case.evidence.strike);
        }
        let operations = self.operations();
        let events = self.events();
        let mut rest: &[_] = &operations;
        let mut index = 0;
        while let Some(((at, entry), tail)) = rest.split_first() {
            if self.is_told(operations.len(), index, *at, entry, &events) {
                let inside: Vec<_> =
                    events.iter().copied().filter(|(_, event)| event.operation == index).collect();
                self.operation(index, *at, entry, &inside);
                (rest, index) = (tail, index + 1);
                continue;
            }
            let row = rest
                .iter()
                .enumerate()
                .take_while(|(n, (at, other))| {
                    !self.is_told(operations.len(), index + n, *at, other, &events)
                })
                .count();
            let spelled: Vec<_> = rest[..row]
                .iter()
                .enumerate()
                .map(|(n, (_, entry))| self.spelled(index + n, entry).clone())
                .collect();
            let actor = self.actor();
            if row > ROW_OPERATIONS_MAX {
                let row = self.row(&spelled);
                self.line(false, format!("{actor} calls {row}: all acknowledged"));
            } else {
                for invocation in &spelled {
                    let asked = self.asked(invocation);
                    self.line(false, format!("{actor} calls {asked}: acknowledged"));
                }
            }
            (rest, index) = (&rest[row..], index + row);
        }
        self.repeated(operations.len(), &events);
        let strike = &self.case.evidence.strike;
        if (!self.marked || call::strikes_first(strike))
            && let Some(mark) = call::free_mark(strike)
        {
            self.line(false, mark);
        }
    }

    /// Whether the operation is told with its calls: in a short workload always, in a long one where it
    /// did not just succeed, was struck, or touches the path of the finding.
    fn is_told(
        &self,
        operations: usize,
        index: usize,
        at: usize,
        entry: &Entry,
        events: &[(usize, &Event)],
    ) -> bool {
        let strike = &self.case.evidence.strike;
        let finding = self.case.finding.entry;
        let suspect = finding.and_then(|at| self.case.evidence.history.get(at));
        let suspect = suspect.map(|entry| entry.invocation.path());
        let mut inside = events.iter().filter(|(_, event)| event.operation == index);
        operations <= WHOLE_WORKLOAD_OPERATIONS_MAX
            || finding == Some(at)
            || !entry.outcome.is_ok()
            || suspect == Some(entry.invocation.path())
            || matches!(base(strike), Strike::KillAfterAck { operation } if *operation == index)
            || inside.any(|(event, call)| {
                call::struck_event(strike) == Some(*event)
                    || suspect == Some(call.path.as_str())
                    || (suspect.is_some() && suspect == call.to.as_deref())
            })
    }
}

/// The strike on the workload.
fn base(strike: &Strike) -> &Strike {
    match strike {
        Strike::InRecovery { workload, .. } => base(workload),
        other => other,
    }
}
