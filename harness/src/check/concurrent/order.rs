//! `linearizable`: the answers about each path have a legal order, with each operation at one moment of its interval.
//!
//! A change that failed may have happened within its interval or not at all; one that was never answered, at any
//! later time. A list says of each file directly in its directory whether it is there, each at a moment of its own:
//! readdir(3) promises no snapshot. A value that nobody wrote and a name that nobody stored have no place in any
//! order.

use std::collections::{BTreeMap, BTreeSet};

use super::timeline::{Content, Timed, Timeline, contents};
use crate::{
    check::{
        Finding, Judgement,
        linearizable::{Action, Answer, End, Operation, State, Value, check},
        oracle::ancestors,
        words,
    },
    history::{Invocation, Outcome, Phase, Reply},
    scenario::{Plant, Scenario},
    subject::Bytes,
};

/// How many configurations the search may look at for one question about one path: far more than the histories of
/// scenarios have, and a fraction of a second for those that are too hard.
const CONFIGURATIONS_MAX: usize = 100_000;

/// Looks for an order for each path, and for the origin of each listed name.
pub(super) fn judge(timeline: &Timeline<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for &path in &timeline.files {
        let register = Register::new(timeline, path);
        match register.is_linearizable(&register.operations) {
            Ok(is_linearizable) => {
                judgement.comparisons += register.answers().count();
                if !is_linearizable {
                    judgement.findings.extend(register.first_unexplained());
                }
            }
            Err(Undecided) => {
                judgement.doubt = Some(format!(
                    "no order of the operations on {} was found, nor that there is none, among \
                     {CONFIGURATIONS_MAX} configurations",
                    timeline.place(path)
                ));
            }
        }
    }
    for timed in &timeline.operations {
        if let Some(names) = listed(timed) {
            judgement.comparisons += 1;
            judgement.findings.extend(stray(timeline, timed, names));
            judgement.findings.extend(twice(timeline, timed, names));
        }
    }
    judgement.findings.sort_by_key(|finding| finding.entry);
    judgement
}

/// The search has come to its limit.
struct Undecided;

/// The history of one path.
struct Register<'a, 'b> {
    timeline: &'b Timeline<'a>,
    path: &'b str,
    /// The n-th content has number n.
    values: Vec<&'a Bytes>,
    initial: Vec<State>,
    operations: Vec<Operation>,
    /// Where they come from, in the same order.
    sources: Vec<&'b Timed<'a>>,
}

impl<'a, 'b> Register<'a, 'b> {
    fn new(timeline: &'b Timeline<'a>, path: &'b str) -> Self {
        let mut numbers = BTreeMap::new();
        let mut values = Vec::new();
        let mut number = |bytes: &'a Bytes| {
            Value(*numbers.entry(bytes).or_insert_with(|| {
                values.push(bytes);
                values.len() as u32 - 1
            }))
        };
        let before = timeline.before_workload(path);
        let initial = before.into_iter().map(|content| match content {
            Content::Absent => None,
            Content::Whole(data) => Some(number(data)),
        });
        let initial = initial.collect();
        let mut operations = Vec::new();
        let mut sources = Vec::new();
        for timed in timeline.operations.iter().filter(|timed| timed.entry.phase != Phase::SetUp) {
            let Some(action) = action(timed, path, &mut number) else { continue };
            let end = match (timed.returned, timed.is_acknowledged() || !action.is_change()) {
                (Some(at), true) => End::Certain(at),
                (Some(at), false) => End::Doubtful(at),
                (None, _) => End::Open,
            };
            operations.push(Operation { invoked: timed.invoked, end, action });
            sources.push(timed);
        }
        Self { timeline, path, values, initial, operations, sources }
    }

    fn is_linearizable(&self, operations: &[Operation]) -> Result<bool, Undecided> {
        let mut answers =
            self.initial.iter().map(|initial| check(operations, *initial, CONFIGURATIONS_MAX));
        let mut undecided = false;
        let found = answers.any(|answer| {
            undecided |= answer == Answer::Unknown;
            answer == Answer::Linearizable
        });
        if !found && undecided { Err(Undecided) } else { Ok(found) }
    }

    /// The history up to the end of the operation `last`: what had not ended by then may or may not have happened.
    fn up_to(&self, last: usize) -> Vec<Operation> {
        let now = self.operations[last].deadline();
        let begun = self.operations.iter().filter(|operation| operation.invoked <= now);
        begun
            .filter(|operation| operation.deadline() <= now || operation.action.is_change())
            .map(|operation| {
                let end = if operation.deadline() <= now { operation.end } else { End::Open };
                Operation { end, ..*operation }
            })
            .collect()
    }

    /// The first answer, in the order in which they were given, that no order explains. A change that is
    /// acknowledged makes nothing wrong by that: it could have come last.
    fn first_unexplained(&self) -> Option<Finding> {
        let mut answers: Vec<usize> = self.answers().collect();
        answers.sort_by_key(|index| self.operations[*index].deadline());
        let last = answers.last().copied();
        let first = answers
            .into_iter()
            .find(|index| matches!(self.is_linearizable(&self.up_to(*index)), Ok(false)));
        // By the last answer it is wrong, also where it was too hard to say since when.
        first.or(last).map(|index| self.finding(index, &self.up_to(index)))
    }

    /// The operations that saw something.
    fn answers(&self) -> impl Iterator<Item = usize> {
        (0..self.operations.len()).filter(|index| !self.operations[*index].action.is_change())
    }

    fn finding(&self, index: usize, history: &[Operation]) -> Finding {
        let timed = self.sources[index];
        let who = self.timeline.who(timed);
        let place = self.timeline.place(self.path);
        let outcome = words::outcome(&timed.entry.outcome);
        let summary = match (&timed.entry.invocation, self.operations[index].action) {
            (Invocation::ListFiles { directory }, Action::Exists(seen)) => format!(
                "{who} listed {} and {} {place}; the contrary would have been right: no order of the operations on \
                 it explains that",
                self.timeline.place(directory),
                if seen { "found" } else { "did not find" },
            ),
            (_, Action::Exists(seen)) => format!(
                "{who} asked whether {place} exists and got {outcome}; {} would have been right: no order of the \
                 operations on it explains that",
                !seen,
            ),
            _ => format!(
                "{who} read {place} and got {outcome}; {} would have been right: no order of the operations on it \
                 explains that",
                contents(self.right(index, history)),
            ),
        };
        Finding { entry: Some(timed.index), summary }
    }

    /// What a read could have returned instead.
    fn right(&self, index: usize, history: &[Operation]) -> Vec<Content<'a>> {
        let wrong = self.operations[index];
        let all = (0..self.values.len() as u32).map(|value| Some(Value(value)));
        let explained = std::iter::once(None).chain(all).filter(|state| {
            let other = Operation { action: Action::Read(*state), ..wrong };
            let others = history.iter().map(|one| if *one == wrong { other } else { *one });
            matches!(self.is_linearizable(&others.collect::<Vec<_>>()), Ok(true))
        });
        let content = |state: State| match state {
            None => Content::Absent,
            Some(Value(value)) => Content::Whole(self.values[value as usize]),
        };
        explained.map(content).collect()
    }
}

/// What an operation did to `path` or saw of it.
fn action<'a>(
    timed: &Timed<'a>,
    path: &str,
    number: &mut impl FnMut(&'a Bytes) -> Value,
) -> Option<Action> {
    if let Some(names) = listed(timed) {
        let directory = timed.entry.invocation.path();
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        return (above == directory)
            .then(|| Action::Exists(names.iter().any(|listed| listed == name)));
    }
    if timed.entry.invocation.path() != path {
        return None;
    }
    match (&timed.entry.invocation, &timed.entry.outcome) {
        (Invocation::WriteFile { data, .. }, _) => Some(Action::Write(number(data))),
        (Invocation::DeleteFile { .. }, _) => Some(Action::Delete),
        (Invocation::ReadFile { .. }, Outcome::Ok(Reply::Data(data))) => {
            Some(Action::Read(Some(number(data))))
        }
        _ if timed.finds_nothing() => Some(Action::Read(None)),
        (Invocation::Exists { .. }, Outcome::Ok(Reply::Truth(truth))) => {
            Some(Action::Exists(*truth))
        }
        _ => None,
    }
}

/// The names that an operation beside or after the workload listed.
fn listed<'a>(timed: &Timed<'a>) -> Option<&'a [String]> {
    match (&timed.entry.invocation, &timed.entry.outcome) {
        (Invocation::ListFiles { .. }, Outcome::Ok(Reply::Names(names)))
            if timed.entry.phase != Phase::SetUp =>
        {
            Some(names)
        }
        _ => None,
    }
}

/// The path of a name that was listed.
fn listed_path(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// A listed name that nobody stored.
fn stray(timeline: &Timeline<'_>, timed: &Timed<'_>, names: &[String]) -> Option<Finding> {
    // What a killed process leaves, and whether it shows, is `kill-orphans-invisible`.
    if timeline.evidence.strike.is_kill() {
        return None;
    }
    let directory = timed.entry.invocation.path();
    let scenario = &timeline.evidence.scenario;
    let strange = names.iter().find_map(|name| {
        let path = listed_path(directory, name);
        (!is_known(scenario, &path)).then_some(path)
    })?;
    Some(Finding {
        entry: Some(timed.index),
        summary: format!(
            "{} listed {} and found {}, which nobody stored; only stored files would have been right",
            timeline.who(timed),
            timeline.place(directory),
            timeline.place(&strange),
        ),
    })
}

/// A name that is listed twice: there is no moment at which a directory has two files of one name.
fn twice(timeline: &Timeline<'_>, timed: &Timed<'_>, names: &[String]) -> Option<Finding> {
    let mut seen = BTreeSet::new();
    let name = names.iter().find(|name| !seen.insert(*name))?;
    let directory = timed.entry.invocation.path();
    let path = listed_path(directory, name);
    Some(Finding {
        entry: Some(timed.index),
        summary: format!(
            "{} listed {} and found {} twice; each file once would have been right, whoever else is active",
            timeline.who(timed),
            timeline.place(directory),
            timeline.place(&path),
        ),
    })
}

/// Whether the scenario stores a file there, or makes a directory, which lists are judged for where nobody else is
/// active.
fn is_known(scenario: &Scenario, path: &str) -> bool {
    let planted = scenario.plants.iter().map(|plant| match plant {
        Plant::File { path, .. } | Plant::Directory { path } | Plant::Symlink { path, .. } => path,
    });
    let operations =
        scenario.set_up.iter().chain(scenario.actors.iter().flat_map(|actor| &actor.operations));
    let stored = operations.filter_map(|invocation| match invocation {
        Invocation::WriteFile { path, .. } | Invocation::CreateDirectory { path } => Some(path),
        _ => None,
    });
    planted.chain(stored).any(|known| known == path || ancestors(known).any(|above| above == path))
}
