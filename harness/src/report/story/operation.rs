//! One operation in a story: what was asked, the calls inside, the strike, and the answer.

use super::{ACKNOWLEDGED, OPENS, Teller, WRONG, base, call};
use crate::{
    fault::Strike,
    history::{Entry, Invocation, Outcome, Phase, Reply},
    report::text,
    trace::Event,
};

/// Names of a list that are shown.
const NAMES_MAX: usize = 6;

impl<'a> Teller<'a> {
    /// Tells of the workload's operation `index`, which is entry `at` of the history.
    pub(super) fn operation(
        &mut self,
        index: usize,
        at: usize,
        entry: &'a Entry,
        events: &[(usize, &Event)],
    ) {
        let strike = &self.case.evidence.strike;
        let asked = self.asked(self.spelled(index, entry));
        let actor = self.actor();
        self.line(false, format!("{actor} calls {asked}"));
        let held = matches!(strike, Strike::Pause { .. })
            .then(|| {
                events.iter().position(|(event, _)| call::struck_event(strike) == Some(*event))
            })
            .flatten();
        let (first, then) = events.split_at(held.map_or(events.len(), |held| held + 1));
        self.calls(first, strike);
        if let Some((_, event)) = held.and_then(|held| events.get(held)) {
            self.beside();
            self.line(false, format!("{actor} goes on"));
            let call = call::call(event, &mut self.names);
            self.line(true, call);
            self.calls(then, strike);
        }
        if let Outcome::Killed = entry.outcome {
            if !self.marked
                && let Some(mark) = call::free_mark(strike)
            {
                self.marked = true;
                self.line(true, mark);
            }
            return;
        }
        let answer = self.answer(at, &entry.outcome);
        self.line(true, answer);
        if let Strike::KillAfterAck { operation } = base(strike)
            && *operation == index
            && let Some(mark) = call::free_mark(strike)
        {
            self.marked = true;
            self.line(true, mark);
        }
    }

    /// What is done before the power fails, and after something else has struck.
    pub(super) fn repetition(&self) -> Vec<(usize, &'a Entry)> {
        match self.case.evidence.strike {
            Strike::FailedSync(_) => self.entries(|phase| phase == Phase::Repeat),
            Strike::KilledThenLost(_) => {
                self.entries(|phase| matches!(phase, Phase::Recovery | Phase::Repeat))
            }
            _ => Vec::new(),
        }
    }

    /// Whether it is another process that does it.
    pub(super) fn is_repeated_by_another(&self) -> bool {
        matches!(self.case.evidence.strike, Strike::KilledThenLost(_))
    }

    /// Tells of [`Self::repetition`]; its calls are numbered after those of the workload's operations.
    pub(super) fn repeated(&mut self, operations: usize, events: &[(usize, &Event)]) {
        for (n, (at, entry)) in self.repetition().into_iter().enumerate() {
            let asked = self.asked(&entry.invocation);
            let who = match (self.is_repeated_by_another(), n) {
                (true, 0) => format!("a new process {OPENS} and"),
                (true, _) => "it".to_owned(),
                (false, _) => self.actor(),
            };
            let again = if entry.phase == Phase::Repeat { " once more" } else { "" };
            self.line(false, format!("{who} calls{again} {asked}"));
            let inside = of_operation(events, operations + n);
            self.calls(&inside, &Strike::None);
            let answer = self.answer(at, &entry.outcome);
            self.line(true, answer);
        }
    }

    /// Tells of calls, and of the strike if it fell on one of them.
    pub(super) fn calls(&mut self, events: &[(usize, &Event)], strike: &Strike) {
        self.marked |= events.iter().any(|(event, _)| call::struck_event(strike) == Some(*event));
        for line in call::lines(events, strike, &mut self.names) {
            self.line(true, line);
        }
    }

    /// What another process did while the writer was held.
    fn beside(&mut self) {
        let beside: Vec<_> = self.entries(|phase| phase == Phase::BesideWriter);
        for (at, entry) in beside {
            let asked = self.asked(&entry.invocation);
            self.line(false, format!("another process calls {asked}"));
            let events: Vec<_> = self.case.recovery.events.iter().enumerate().collect();
            self.calls(&events, &Strike::None);
            let answer = self.answer(at, &entry.outcome);
            self.line(true, answer);
        }
    }

    /// The history's entries of some phases, with their indices.
    pub(super) fn entries(&self, wanted: impl Fn(Phase) -> bool) -> Vec<(usize, &'a Entry)> {
        let history = self.case.evidence.history.iter().enumerate();
        history.filter(|(_, entry)| wanted(entry.phase)).collect()
    }

    /// An operation with its arguments.
    pub(super) fn asked(&mut self, invocation: &Invocation) -> String {
        let operation = invocation.operation();
        match invocation {
            Invocation::Recover => operation.to_string(),
            Invocation::WriteFile { path, data } => {
                format!("{operation} {} ({})", self.names.path(path), text::content(data))
            }
            other => format!("{operation} {}", self.names.path(other.path())),
        }
    }

    /// Several operations in a row, in short.
    pub(super) fn row(&mut self, row: &[Invocation]) -> String {
        let [first, .., last] = row else { return String::new() };
        let n = row.len();
        if row.iter().all(|other| other.operation() == first.operation()) {
            let (from, to) = (self.names.path(first.path()), self.names.path(last.path()));
            format!("{} {n} times, from {from} to {to}", first.operation())
        } else {
            let (from, to) = (self.asked(first), self.asked(last));
            format!("{n} operations, from {from} to {to}")
        }
    }

    /// How the operation that is entry `at` of the history ended.
    pub(super) fn answer(&mut self, at: usize, outcome: &Outcome) -> String {
        let directory = self.case.evidence.history.get(at).map(|entry| entry.invocation.path());
        let mut answer = match outcome {
            Outcome::Ok(Reply::Done) => ACKNOWLEDGED.to_owned(),
            Outcome::Ok(Reply::Data(data)) => format!("returned {}", text::content(data)),
            Outcome::Ok(Reply::Names(names)) => self.listed(directory.unwrap_or_default(), names),
            Outcome::Ok(Reply::Truth(truth)) => format!("answered {truth}"),
            Outcome::Fail { kind, message } => {
                format!("failed with {kind}: {}", text::message(&self.names.scrub(message)))
            }
            Outcome::Killed => "never answered: it was killed".to_owned(),
            Outcome::Broken(why) => {
                format!("did not answer: {}", text::message(&self.names.scrub(why)))
            }
        };
        if self.case.finding.entry == Some(at) {
            answer.push_str(WRONG);
        }
        answer
    }

    pub(super) fn listed(&mut self, directory: &str, names: &[String]) -> String {
        let mut shown = Vec::new();
        for name in names.iter().take(NAMES_MAX) {
            let path =
                if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            // The directory is known from the question, so only what is below it is said.
            let vouched = self.names.is_stable(&path);
            let text = if vouched { text::path(name) } else { self.names.left_over(&path) };
            shown.push(text);
        }
        let more = names.len().saturating_sub(NAMES_MAX);
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        if shown.is_empty() {
            "returned no names".to_owned()
        } else {
            format!("returned {}", shown.join(", "))
        }
    }
}

/// The calls inside the operation with this index.
pub(super) fn of_operation<'e>(
    events: &[(usize, &'e Event)],
    operation: usize,
) -> Vec<(usize, &'e Event)> {
    events.iter().copied().filter(|(_, event)| event.operation == operation).collect()
}
