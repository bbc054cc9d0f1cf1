//! The workload of several actors: turn by turn, each call in its place, and what lay on disk where another
//! one took over.

use std::collections::BTreeMap;

use super::{STRIKE_MARK, Teller, call};
use crate::{
    fault::{Among, Interleaving, Strike},
    history::{Entry, Moment, Node, Outcome},
    report::text,
    trace::Event,
};

/// Files that are shown at one moment.
const FILES_MAX: usize = 6;

/// Of more calls in a row, the first and the last ones are told: the rest goes in circles.
const CALLS_MAX: usize = 60;
/// How many at either end.
const CALLS_TOLD: usize = 10;

/// Something that an actor does, in the order of the schedule.
pub(super) enum Act<'a> {
    Invokes(&'a Entry),
    Calls(&'a Event),
    /// So many calls that are not told.
    CallsMore(usize),
    Returns(usize, &'a Entry),
    /// Inside its last call where so many bytes of it had arrived.
    IsKilled(Option<u64>),
}

impl<'a> Teller<'a> {
    /// Tells the workload of several actors; false where one actor has it alone.
    pub(super) fn interleaved(&mut self) -> bool {
        let Strike::Schedule(interleaving) = &self.case.evidence.strike else { return false };
        let mut acts = self.acts(interleaving);
        shorten(&mut acts);
        let mut shown = BTreeMap::new();
        let mut last = None;
        self.on_disk(0, &mut shown);
        for (index, (clock, actor, act)) in acts.iter().enumerate() {
            let name = self.name_of(*actor);
            if last.is_some_and(|last| last != *actor) && !matches!(act, Act::IsKilled(_)) {
                self.line(false, format!("{STRIKE_MARK}{name} takes over"));
            }
            last = Some(*actor);
            match act {
                Act::Invokes(entry) => {
                    let asked = self.asked(&entry.invocation);
                    self.line(false, format!("{name} calls {asked}"));
                }
                Act::Calls(event) => {
                    let call = call::call(event, &mut self.names);
                    self.line(true, format!("{name}: {call}"));
                }
                Act::CallsMore(calls) => {
                    self.line(true, format!("{name}: {} more calls", text::thousands(*calls)));
                }
                Act::Returns(at, entry) => {
                    let answer = self.answer(*at, &entry.outcome);
                    self.line(true, format!("{name}: {answer}"));
                }
                Act::IsKilled(keep) => {
                    self.line(false, format!("{STRIKE_MARK}{name} is killed{}", inside(*keep)));
                }
            }
            if acts.get(index + 1).is_none_or(|(_, next, _)| next != actor) {
                self.on_disk(*clock, &mut shown);
            }
        }
        true
    }

    pub(super) fn acts(&self, interleaving: &Interleaving) -> Vec<(u64, usize, Act<'a>)> {
        let case = self.case;
        let mut acts = Vec::new();
        for (at, entry) in case.evidence.history.iter().enumerate() {
            let Some(span) = entry.span else { continue };
            acts.push((span.invoked, span.actor, Act::Invokes(entry)));
            if let Some(returned) = span.returned
                && entry.outcome != Outcome::Killed
            {
                acts.push((returned, span.actor, Act::Returns(at, entry)));
            }
        }
        acts.extend(
            case.trace.events.iter().map(|event| (event.clock, event.actor, Act::Calls(event))),
        );
        let killed = interleaving.schedule.turns.iter().find(|turn| turn.killed);
        if let (Some(turn), Some(clock)) = (killed, case.trace.killed_at) {
            acts.push((clock, turn.actor, Act::IsKilled(turn.keep)));
        }
        acts.sort_by_key(|(clock, ..)| *clock);
        acts
    }

    pub(super) fn name_of(&self, actor: usize) -> String {
        let actor_of = self.case.evidence.scenario.actors.get(actor);
        let name = actor_of.map_or_else(|| format!("actor {actor}"), |actor| actor.name.clone());
        match &self.case.evidence.strike {
            Strike::Schedule(Interleaving { among: Among::Threads, .. }) => {
                format!("thread {name}")
            }
            _ => name,
        }
    }

    /// What is on disk at a moment and was not shown yet.
    fn on_disk(&mut self, clock: u64, shown: &mut BTreeMap<String, Option<Node>>) {
        let moments = self.case.evidence.trees.iter();
        let tree = moments.rev().find_map(|(moment, tree)| match moment {
            Moment::Step(step) if *step <= clock => Some(tree),
            _ => None,
        });
        let Some(tree) = tree else { return };
        let mut changes = Vec::new();
        for (path, node) in &tree.nodes {
            if !matches!(node, Node::Directory)
                && shown.insert(path.clone(), Some(node.clone())) != Some(Some(node.clone()))
            {
                changes.push((path.clone(), Some(node)));
            }
        }
        let gone =
            shown.iter().filter(|(path, node)| node.is_some() && !tree.nodes.contains_key(*path));
        let gone: Vec<String> = gone.map(|(path, _)| path.clone()).collect();
        for path in gone {
            shown.insert(path.clone(), None);
            changes.push((path, None));
        }
        let more = changes.len().saturating_sub(FILES_MAX);
        let mut told: Vec<String> = Vec::new();
        for (path, node) in changes.into_iter().take(FILES_MAX) {
            let path = self.names.path(&path);
            told.push(match node {
                Some(Node::File(content)) => format!("{path} ({})", text::content(content)),
                Some(_) => path,
                None => format!("no {path} any more"),
            });
        }
        if more > 0 {
            told.push(format!("{more} more"));
        }
        if !told.is_empty() {
            self.line(true, format!("on disk now: {}", told.join("; ")));
        }
    }
}

/// Where somebody was killed, if it was inside a write.
pub(super) fn inside(keep: Option<u64>) -> String {
    let arrived = |keep| text::count(usize::try_from(keep).unwrap_or(usize::MAX), "byte");
    keep.map(|keep| format!(" inside that call: only {} of it arrived", arrived(keep)))
        .unwrap_or_default()
}

/// Leaves out the middle of long rows of calls.
pub(super) fn shorten(acts: &mut Vec<(u64, usize, Act<'_>)>) {
    let rows = acts.chunk_by(|(_, one, act), (_, other, next)| {
        one == other && matches!((act, next), (Act::Calls(_), Act::Calls(_)))
    });
    let mut end = 0;
    let mut long = Vec::new();
    for row in rows {
        if row.len() > CALLS_MAX {
            long.push(end + CALLS_TOLD..end + row.len() - CALLS_TOLD);
        }
        end += row.len();
    }
    for left_out in long.into_iter().rev() {
        let (clock, actor, _) = acts[left_out.start];
        let more = Act::CallsMore(left_out.len());
        acts.splice(left_out, [(clock, actor, more)]);
    }
}
