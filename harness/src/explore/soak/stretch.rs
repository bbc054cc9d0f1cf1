//! From a stretch of one path's history to evidence, and to as little of it as still proves the point.
//!
//! Whatever is left out must not make the rest wrong. An answer may always go: without it there is less to explain.
//! So may what began after the answer that is wrong, with all answers that came later than that; and a change that
//! another one surely replaced before any answer that is left was asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crashworthy::Guarantee;

use super::{NAME, content::Content};
use crate::{
    check::Finding,
    fault::{FaultKind, Strike},
    history::{Baseline, Entry, Evidence, Invocation, Outcome, Phase, Reply, Span},
    judge::{Ruling, rule},
    scenario::{Actor, Scenario},
};

/// What is the same for all paths of a phase.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) strike: Strike,
    pub(super) recovers: bool,
    pub(super) baseline: Arc<Baseline>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Stretch {
    pub(super) path: String,
    /// Of what it held at any time before, what somebody saw in the stretch.
    pub(super) earlier: Vec<Content>,
    /// What the file held when the stretch began.
    pub(super) before: Option<Content>,
    /// In the order of invocation.
    pub(super) entries: Vec<Entry>,
    /// What a fresh process saw when all had finished.
    pub(super) quiet: Vec<Entry>,
}

impl Stretch {
    /// What the checkers of `judges` say of it.
    pub(super) fn ruling(&self, setting: &Setting, judges: &[Guarantee]) -> Ruling {
        rule(&self.evidence(setting, judges))
    }

    /// The stretch as a trial of its own.
    pub(super) fn evidence(&self, setting: &Setting, judges: &[Guarantee]) -> Evidence {
        let set_up = self.set_up();
        let spans = || self.entries.iter().filter_map(|entry| entry.span);
        let clients: BTreeSet<usize> = spans().map(|span| span.actor).collect();
        let moments: BTreeSet<u64> =
            spans().flat_map(|span| [Some(span.invoked), span.returned]).flatten().collect();
        let clients: BTreeMap<usize, usize> = clients.into_iter().zip(0..).collect();
        let moments: BTreeMap<u64, u64> = moments.into_iter().zip(0..).collect();
        let acknowledged = |invocation: &Invocation| Entry {
            phase: Phase::SetUp,
            invocation: invocation.clone(),
            outcome: Outcome::Ok(Reply::Done),
            span: None,
        };
        let renumbered = |entry: &Entry| {
            let span = entry.span.map(|span| Span {
                actor: clients[&span.actor],
                invoked: moments[&span.invoked],
                returned: span.returned.map(|returned| moments[&returned]),
            });
            Entry { span, ..entry.clone() }
        };
        let history = set_up.iter().map(acknowledged);
        let history = history.chain(self.entries.iter().map(renumbered));
        let history = history.chain(self.quiet.iter().cloned()).collect();
        let actor = |client: &usize| {
            let of_it = |entry: &&Entry| entry.span.is_some_and(|span| span.actor == *client);
            let operations = self.entries.iter().filter(of_it);
            Actor {
                name: format!("client-{}", client + 1),
                operations: operations.map(|entry| entry.invocation.clone()).collect(),
            }
        };
        let actors: Vec<Actor> = clients.keys().map(actor).collect();
        let scenario = Scenario {
            name: NAME.into(),
            title: "Clients at full speed, from a moment when it was certain what there was".into(),
            plants: Vec::new(),
            set_up,
            // What a scenario file with several actors must ask for.
            faults: if actors.len() > 1 { vec![FaultKind::Schedules] } else { Vec::new() },
            actors,
            judges: judges.to_vec(),
        };
        Evidence {
            scenario: Arc::new(scenario),
            strike: setting.strike.clone(),
            recovers: setting.recovers,
            baseline: Arc::clone(&setting.baseline),
            history,
            trees: Vec::new(),
            outside: Vec::new(),
        }
    }

    /// What leads to where it begins. A value of long ago that shows again is stale, and not torn.
    fn set_up(&self) -> Vec<Invocation> {
        let path = || self.path.clone();
        let write = |value: &Content| Invocation::WriteFile { path: path(), data: value.bytes() };
        let earlier = self.earlier.iter().filter(|value| Some(**value) != self.before);
        let mut set_up: Vec<Invocation> = earlier.map(write).collect();
        match &self.before {
            Some(value) => set_up.push(write(value)),
            None if set_up.is_empty() => {}
            None => set_up.push(Invocation::DeleteFile { path: path() }),
        }
        set_up
    }

    /// As little of it as still refutes `guarantee`.
    pub(super) fn reduced(mut self, setting: &Setting, guarantee: Guarantee) -> Self {
        let convicts = |one: &Self| one.finding(setting, guarantee).is_some();
        if let Some(shorter) = self.up_to_finding(setting, guarantee).filter(convicts) {
            self = shorter;
        }
        let mut index = 0;
        while index < self.quiet.len() {
            let mut without = self.clone();
            without.quiet.remove(index);
            if convicts(&without) { self = without } else { index += 1 }
        }
        // Answers first: once nobody has seen a change, it may go, too.
        for changes in [false, true] {
            let mut index = 0;
            while index < self.entries.len() && self.entries.len() > 1 {
                let is_up = is_change(&self.entries[index]) == changes;
                let mut without = self.clone();
                without.entries.remove(index);
                if is_up && (!changes || self.is_replaced(index)) && convicts(&without) {
                    self = without;
                } else {
                    index += 1;
                }
            }
        }
        self
    }

    fn finding(&self, setting: &Setting, guarantee: Guarantee) -> Option<Finding> {
        let mut ruling = self.ruling(setting, &[guarantee]).into_iter();
        ruling.find_map(|(_, finding)| finding)
    }

    /// Without what began after the answer that is wrong, and without later answers.
    fn up_to_finding(&self, setting: &Setting, guarantee: Guarantee) -> Option<Self> {
        let at = self.finding(setting, guarantee)?.entry?;
        let wrong = self.entries.get(at.checked_sub(self.set_up().len())?)?;
        let end = wrong.span?.returned?;
        let is_earlier = |entry: &&Entry| {
            entry.span.is_some_and(|span| {
                span.invoked < end
                    && (is_change(entry) || span.returned.is_some_and(|at| at <= end))
            })
        };
        let entries = self.entries.iter().filter(is_earlier).cloned().collect();
        Some(Self { entries, quiet: Vec::new(), ..self.clone() })
    }

    /// Whether another change had surely taken the place of this one before anybody looked.
    fn is_replaced(&self, index: usize) -> bool {
        let spans =
            |entry: &Entry| entry.span.and_then(|span| Some((span.invoked, span.returned?)));
        let is_acknowledged = |entry: &&Entry| is_change(entry) && entry.outcome.is_ok();
        let one = &self.entries[index];
        let Some((_, end)) = spans(one).filter(|_| is_acknowledged(&one)) else { return false };
        let Invocation::WriteFile { data, .. } = &one.invocation else { return false };
        let answers = || self.entries.iter().filter(|entry| !is_change(entry));
        let first_look = answers().filter_map(|entry| entry.span).map(|span| span.invoked).min();
        let is_seen = answers()
            .chain(&self.quiet)
            .any(|entry| matches!(&entry.outcome, Outcome::Ok(Reply::Data(seen)) if seen == data));
        let mut later = self.entries.iter().filter(is_acknowledged).filter_map(spans);
        !is_seen
            && later.any(|(invoked, returned)| {
                end < invoked && first_look.is_none_or(|first| returned < first)
            })
    }
}

/// Whether it may have changed what the path holds; `recover` may not.
fn is_change(entry: &Entry) -> bool {
    matches!(entry.invocation, Invocation::WriteFile { .. } | Invocation::DeleteFile { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(number: u32) -> Content {
        Content { key: 1, number }
    }

    fn entry(client: usize, times: (u64, u64), seen: Outcome, write: Option<u32>) -> Entry {
        let path = "left/k1".to_owned();
        let invocation = match write {
            Some(number) => Invocation::WriteFile { path, data: value(number).bytes() },
            None => Invocation::ReadFile { path },
        };
        let span = Some(Span { actor: client, invoked: times.0, returned: Some(times.1) });
        Entry { phase: Phase::Workload, invocation, outcome: seen, span }
    }

    fn written(client: usize, times: (u64, u64), number: u32) -> Entry {
        entry(client, times, Outcome::Ok(Reply::Done), Some(number))
    }

    fn read(client: usize, times: (u64, u64), number: u32) -> Entry {
        entry(client, times, Outcome::Ok(Reply::Data(value(number).bytes())), None)
    }

    fn setting() -> Setting {
        let strike = Strike::Soak { seed: 0, kills: false };
        Setting { strike, recovers: false, baseline: Arc::default() }
    }

    fn stretch(earlier: Vec<Content>, entries: Vec<Entry>) -> Stretch {
        let (path, before) = ("left/k1".to_owned(), Some(value(3)));
        Stretch { path, earlier, before, entries, quiet: Vec::new() }
    }

    fn refuted(stretch: &Stretch) -> Vec<Guarantee> {
        let judges = [Guarantee::NoTornRead, Guarantee::Linearizable];
        let ruling = stretch.ruling(&setting(), &judges).into_iter();
        ruling.filter_map(|(guarantee, finding)| finding.map(|_| guarantee)).collect()
    }

    #[test]
    fn a_value_of_before_the_stretch_is_stale_and_not_torn() {
        let entries = || vec![written(0, (10, 11), 4), read(2, (12, 14), 1), read(0, (15, 16), 4)];
        assert_eq!(refuted(&stretch(vec![value(1)], entries())), [Guarantee::Linearizable]);
        assert_eq!(refuted(&stretch(Vec::new(), entries())).len(), 2, "nobody wrote it");
    }

    #[test]
    fn what_does_not_matter_is_left_out() {
        let entries = vec![
            read(0, (1, 2), 3),
            written(1, (3, 4), 4),
            read(2, (5, 6), 4),
            written(1, (7, 8), 5),
            read(2, (9, 12), 3),
            written(3, (10, 11), 6),
            read(0, (13, 14), 6),
        ];
        let all = stretch(Vec::new(), entries);
        assert_eq!(refuted(&all), [Guarantee::Linearizable]);
        let reduced = all.reduced(&setting(), Guarantee::Linearizable);
        assert_eq!(refuted(&reduced), [Guarantee::Linearizable]);
        let left: Vec<_> = reduced.entries.iter().filter_map(|entry| entry.span).collect();
        let invoked: Vec<u64> = left.iter().map(|span| span.invoked).collect();
        assert_eq!(invoked, [7, 9, 10], "the last write before, and what was beside the read");
    }
}
