//! The story once more, step by step: whose step it is, and what memory, disk and a reader show at it.
//!
//! A view comes from what was seen at that moment, by the trial or by a re-enactment of it. Between two
//! calls nothing changes what is stored, so a view holds until the next call; after a call that nobody looked at, and
//! once a process has opened what is left, it is not known any more.

#[cfg(test)]
mod tests;
mod view;

use self::view::Contents;
use super::{
    ACKNOWLEDGED, OPENS, STRIKE_MARK, Teller, WHOLE_WORKLOAD_OPERATIONS_MAX, WRONG, base, call,
    losses::Which, operation::of_operation, schedule::Act,
};
use crate::{
    fault::{Interleaving, Strike},
    history::{Entry, Moment, Outcome, Phase, Tree},
    judge::{Answer, Instant, Item, Sight, Step, StepKind, Timeline},
    report::text,
    trace::Event,
};

/// Steps of one timeline. Whoever needs more reads the history; a slider of more stops is no help.
const STEPS_MAX: usize = 120;
/// Who looks when the fault has struck.
const AFTERWARDS: &str = "a new process";

/// What memory, disk and a reader show.
#[derive(Clone, Default)]
struct Views {
    memory: Option<Vec<Item>>,
    disk: Option<Vec<Item>>,
    reader: Option<Vec<Answer>>,
}

struct Plot<'t, 'a> {
    teller: &'t mut Teller<'a>,
    contents: Contents,
    lanes: Vec<String>,
    steps: Vec<Step>,
    now: Views,
}

/// The timeline of what `teller` has told.
pub(super) fn plot(teller: &mut Teller<'_>) -> Timeline {
    let actors = 0..teller.case.evidence.scenario.actors.len().max(1);
    let mut lanes: Vec<String> = actors.map(|actor| teller.name_of(actor)).collect();
    lanes.push(AFTERWARDS.to_owned());
    let lanes = lanes.iter().map(|lane| text::printable(lane)).collect();
    let cause = teller.cause().map(|cause| text::printable(&cause));
    let model = teller.case.evidence.strike.model();
    let contents = Contents::default();
    let mut plot = Plot { teller, contents, lanes, steps: Vec::new(), now: Views::default() };
    plot.before();
    match &plot.teller.case.evidence.strike {
        Strike::Schedule(interleaving) => plot.interleaved(interleaving),
        Strike::Soak { .. } => plot.interleaved(&Interleaving::default()),
        _ => plot.alone(),
    }
    plot.lost(Which::First);
    plot.rotten();
    plot.lost_again();
    plot.recovery();
    plot.looks();
    let afterwards = plot.lanes.len() - 1;
    if plot.steps.iter().all(|step| step.lane != afterwards) {
        plot.lanes.pop();
    }
    plot.steps.truncate(STEPS_MAX);
    Timeline { model, cause, lanes: plot.lanes, steps: plot.steps }
}

impl Plot<'_, '_> {
    fn push(&mut self, lane: usize, kind: StepKind, told: &str) {
        let told = told.strip_prefix(STRIKE_MARK).unwrap_or(told);
        let (told, wrong) = match told.strip_suffix(WRONG) {
            Some(told) => (told, true),
            None => (told, false),
        };
        let Views { memory, disk, reader } = self.now.clone();
        self.steps.push(Step {
            lane,
            kind,
            text: text::printable(told),
            answer: None,
            wrong,
            lost: Vec::new(),
            memory,
            disk,
            reader,
        });
    }

    fn afterwards(&self) -> usize {
        self.lanes.len() - 1
    }

    /// The moment is this one, as far as anybody saw it.
    fn at(&mut self, instant: Instant, moment: Option<Moment>) {
        let sight = self.teller.case.sights.get(&instant).cloned().unwrap_or_default();
        let tree = moment.and_then(|moment| self.teller.case.evidence.tree(moment)).cloned();
        self.show(Sight { memory: tree.or(sight.memory), ..sight });
    }

    fn show(&mut self, sight: Sight) {
        self.now = Views {
            memory: sight.memory.as_ref().map(|tree| self.items(tree)),
            disk: sight.disk.as_ref().map(|tree| self.items(tree)),
            reader: sight.reader.map(|entries| self.answers(&entries)),
        };
    }

    fn before(&mut self) {
        let scenario = &self.teller.case.evidence.scenario;
        let (set_up, planted) = (scenario.set_up.len(), !scenario.plants.is_empty());
        let moment = match self.teller.case.evidence.strike {
            Strike::Schedule(_) => Moment::Step(0),
            _ => Moment::Settled,
        };
        self.at(Instant::Settled, Some(moment));
        let told = match set_up {
            0 if planted => "what the scenario puts there beforehand".to_owned(),
            0 => "nothing is stored yet".to_owned(),
            n => format!("the set-up is done: {}, acknowledged", text::count(n, "operation")),
        };
        self.push(0, StepKind::Before, &told);
    }

    /// The workload of one actor.
    fn alone(&mut self) {
        let operations = self.teller.operations();
        let events = self.teller.events();
        let mut row = 0;
        let mut marked = false;
        let strike = &self.teller.case.evidence.strike;
        let opening = self.teller.opening();
        if !opening.is_empty() {
            self.push(0, StepKind::Begins, OPENS);
            marked |= self.events(0, &opening, strike);
        }
        for (index, (at, entry)) in operations.iter().enumerate() {
            let inside = of_operation(&events, index);
            let is_told = operations.len() <= WHOLE_WORKLOAD_OPERATIONS_MAX
                || self.teller.is_told(operations.len(), index, *at, entry, &events);
            if !is_told {
                row += 1;
                self.after_events(&inside, Some(Moment::Acknowledged(index)));
                continue;
            }
            self.row(&mut row);
            let spelled = self.teller.spelled(index, entry);
            let asked = self.teller.asked(spelled);
            self.push(0, StepKind::Begins, &asked);
            marked |= self.events(0, &inside, strike);
            if entry.outcome == Outcome::Killed {
                if !marked {
                    marked = true;
                    self.free_mark(strike);
                }
                continue;
            }
            let answer = self.teller.answer(*at, &entry.outcome);
            self.push(0, StepKind::Ends, &answer);
            if matches!(base(strike), Strike::KillAfterAck { operation } if *operation == index) {
                marked = true;
                self.free_mark(strike);
            }
        }
        self.row(&mut row);
        self.repetition(operations.len(), &events);
        if !marked || call::strikes_first(strike) {
            self.free_mark(strike);
        }
    }

    /// What is done before the power fails, and after something else has struck.
    fn repetition(&mut self, operations: usize, events: &[(usize, &Event)]) {
        let lane = self.last_lane();
        for (n, (at, entry)) in self.teller.repetition().into_iter().enumerate() {
            let asked = self.teller.asked(&entry.invocation);
            let asked = match entry.phase {
                Phase::Repeat => format!("once more: {asked}"),
                _ => asked,
            };
            self.push(lane, StepKind::Begins, &asked);
            self.events(lane, &of_operation(events, operations + n), &Strike::None);
            let answer = self.teller.answer(at, &entry.outcome);
            self.push(lane, StepKind::Ends, &answer);
        }
    }

    /// The lane of the process that is at work when the power fails.
    fn last_lane(&self) -> usize {
        if self.teller.is_repeated_by_another() { self.afterwards() } else { 0 }
    }

    fn row(&mut self, row: &mut usize) {
        if std::mem::take(row) > 0 {
            self.push(0, StepKind::Row, "earlier operations, all acknowledged");
        }
    }

    /// What holds when these calls have been made.
    fn after_events(&mut self, events: &[(usize, &Event)], moment: Option<Moment>) {
        if let Some((index, _)) = events.last() {
            self.at(Instant::Called(*index), moment);
        }
    }

    /// Calls, and the strike if it fell on one of them: whether it did.
    fn events(&mut self, lane: usize, events: &[(usize, &Event)], strike: &Strike) -> bool {
        let mut marked = false;
        let mut rest = events;
        while let Some(((index, event), tail)) = rest.split_first() {
            if let Some(lines) = call::mark(*index, event, strike, &mut self.teller.names) {
                marked = true;
                rest = tail;
                self.struck(*index, &lines, strike);
                if let Strike::Pause { .. } = strike {
                    self.beside();
                    let call = call::call(event, &mut self.teller.names);
                    self.now = Views::default();
                    self.push(lane, StepKind::Call, &call);
                }
                continue;
            }
            let alike = call::alike(rest, strike);
            let (some, tail) = rest.split_at(alike);
            self.after_events(some, None);
            let told = if alike == 1 {
                call::call(event, &mut self.teller.names)
            } else {
                call::row(some, &mut self.teller.names)
            };
            self.push(lane, StepKind::Call, &told);
            rest = tail;
        }
        marked
    }

    /// The call at which the strike fell, and the strike.
    fn struck(&mut self, index: usize, lines: &[String], strike: &Strike) {
        let disk_stands =
            !matches!(base(strike), Strike::Kill { side: crate::fault::Side::After, .. });
        let is_torn = matches!(base(strike), Strike::Torn { .. });
        if !disk_stands {
            self.at(Instant::Called(index), None);
        }
        match lines {
            [call, mark] if is_torn => {
                let mark = mark.strip_prefix(STRIKE_MARK).unwrap_or(mark);
                self.crash();
                self.push(0, StepKind::Strike, &format!("{mark}: {call}"));
            }
            [call, mark] => {
                if matches!(base(strike), Strike::Short { .. } | Strike::DiskFull { .. }) {
                    self.at(Instant::Called(index), None);
                }
                self.push(0, StepKind::Call, call);
                if base(strike).is_kill() {
                    self.crash();
                }
                self.push(0, StepKind::Strike, mark);
            }
            lines => {
                // A call that fails changes nothing, but the subject's sync may: what follows is looked at anew.
                if base(strike).is_kill() {
                    self.crash();
                }
                for line in lines {
                    self.push(0, StepKind::Strike, line);
                }
            }
        }
    }

    /// A process is gone; memory and disk are as they were.
    fn crash(&mut self) {
        let case = self.teller.case;
        if let Some(tree) = case.evidence.tree(Moment::Crashed) {
            self.now.memory = Some(self.items(tree));
        }
        self.now.reader = self.seen(Phase::Crashed);
    }

    fn free_mark(&mut self, strike: &Strike) {
        let Some(mark) = call::free_mark(strike) else { return };
        match strike.power_loss() {
            // What lay there then, nobody kept: it is lost once more.
            Some(loss) if loss.again.is_some() => self.now = Views::default(),
            Some(_) => self.power_lost(),
            None => self.crash(),
        }
        self.push(self.last_lane(), StepKind::Strike, &mark);
    }

    /// After a power loss memory holds what the disk does.
    fn power_lost(&mut self) {
        let tree = self.teller.case.evidence.tree(Moment::Crashed);
        self.now.memory = tree.map(|tree| self.items(tree));
        self.now.disk.clone_from(&self.now.memory);
        self.now.reader = self.seen(Phase::Crashed);
    }

    /// The process in which the power fails a second time.
    fn lost_again(&mut self) {
        let Some(again) = self.teller.again() else { return };
        let lane = self.afterwards();
        let does = self.teller.does_until_lost(again);
        self.push(lane, StepKind::Begins, does);
        self.now = Views::default();
        let events: Vec<_> = self.teller.case.recovery.events.iter().collect();
        for event in events {
            let call = call::call(event, &mut self.teller.names);
            self.push(lane, StepKind::Call, &call);
        }
        if again.acknowledged > 0 {
            self.push(lane, StepKind::Ends, ACKNOWLEDGED);
        }
        self.power_lost();
        self.push(lane, StepKind::Strike, call::FAILS_AGAIN);
        self.lost(Which::Second);
    }

    /// What another process did while the writer was held.
    fn beside(&mut self) {
        let lane = self.afterwards();
        for (at, entry) in self.teller.entries(|phase| phase == Phase::BesideWriter) {
            let asked = self.teller.asked(&entry.invocation);
            self.push(lane, StepKind::Begins, &asked);
            self.now = Views::default();
            for event in &self.teller.case.recovery.events {
                let call = call::call(event, &mut self.teller.names);
                self.push(lane, StepKind::Call, &call);
            }
            let answer = self.teller.answer(at, &entry.outcome);
            self.push(lane, StepKind::Ends, &answer);
        }
    }

    /// The workload of several actors.
    fn interleaved(&mut self, interleaving: &Interleaving) {
        let mut acts = self.teller.acts(interleaving);
        super::schedule::shorten(&mut acts);
        for (clock, lane, act) in acts {
            // A step is a call and what follows it until the actor is held again; the disk was looked at after it.
            // Being called and being killed changes nothing.
            if let Act::Calls(_) | Act::CallsMore(_) | Act::Returns(..) = act {
                let looks = self.teller.case.evidence.trees.iter();
                let looks = looks.filter_map(|(moment, _)| match moment {
                    Moment::Step(step) if *step >= clock => Some(*step),
                    _ => None,
                });
                match looks.min() {
                    Some(step) => self.at(Instant::Step(step), Some(Moment::Step(step))),
                    None => self.now = Views::default(),
                }
            }
            match act {
                Act::Invokes(entry) => {
                    let asked = self.teller.asked(&entry.invocation);
                    self.push(lane, StepKind::Begins, &asked);
                }
                Act::Calls(event) => {
                    let call = call::call(event, &mut self.teller.names);
                    self.push(lane, StepKind::Call, &call);
                }
                Act::CallsMore(calls) => {
                    let told = format!("{} more calls", text::thousands(calls));
                    self.push(lane, StepKind::Row, &told);
                }
                Act::Returns(at, entry) => {
                    let answer = self.teller.answer(at, &entry.outcome);
                    self.push(lane, StepKind::Ends, &answer);
                }
                Act::IsKilled(keep) => {
                    let inside = super::schedule::inside(keep);
                    self.push(lane, StepKind::Strike, &format!("killed{inside}"));
                }
            }
        }
    }

    /// What a power loss took, beside it.
    fn lost(&mut self, which: Which) {
        if self.teller.case.evidence.strike.power_loss().is_none() {
            return;
        }
        let lines = self.teller.loss_lines(which);
        let struck = self.steps.iter_mut().rfind(|step| step.kind == StepKind::Strike);
        if let Some(step) = struck {
            step.lost = lines;
        }
    }

    /// A stored file changes.
    fn rotten(&mut self) {
        let Strike::BitRot { path, damage } = &self.teller.case.evidence.strike else { return };
        let tree = self.teller.case.evidence.tree(Moment::Stored);
        let content = match tree.and_then(|tree| tree.nodes.get(path)) {
            Some(crate::history::Node::File(content)) => &**content,
            _ => &[],
        };
        let told = damage.describe(&self.teller.names.path(path), content);
        self.now = Views { reader: self.seen(Phase::Damaged), ..Views::default() };
        self.push(0, StepKind::Strike, &told);
    }

    fn recovery(&mut self) {
        let case = self.teller.case;
        let finding = case.finding.entry.and_then(|at| case.evidence.history.get(at));
        if !self.teller.recovery_matters(finding.map(|entry| entry.phase)) {
            return;
        }
        let lane = self.afterwards();
        let strike = match &case.evidence.strike {
            Strike::InRecovery { recovery, .. } => recovery,
            _ => &Strike::None,
        };
        for (n, at, entry) in self.teller.recoveries() {
            let does = self.teller.recovers(n, entry, strike);
            self.push(lane, StepKind::Begins, does.strip_prefix("calls ").unwrap_or(&does));
            self.now = Views::default();
            if n == 0 {
                let last = call::struck_event(strike).unwrap_or(usize::MAX);
                let mut told = false;
                for (index, event) in case.recovery.events.iter().enumerate() {
                    if index > last {
                        break;
                    }
                    let lines = call::mark(index, event, strike, &mut self.teller.names);
                    told |= lines.is_some();
                    let call = call::call(event, &mut self.teller.names);
                    for line in lines.unwrap_or(vec![call]) {
                        let is_mark = line.starts_with(STRIKE_MARK);
                        let kind = if is_mark { StepKind::Strike } else { StepKind::Call };
                        self.push(lane, kind, &line);
                    }
                }
                if !told && let Some(mark) = call::free_mark(strike) {
                    self.push(lane, StepKind::Strike, &mark);
                }
                if *strike != Strike::None && !entry.outcome.is_ok() {
                    continue;
                }
            }
            if entry.outcome.is_ok() {
                let tree = case.evidence.tree(Moment::Recovered);
                self.now.memory = tree.map(|tree| self.items(tree));
                self.now.reader = self.seen(Phase::Recovered);
            }
            let answer = self.teller.answer(at, &entry.outcome);
            self.push(lane, StepKind::Ends, &answer);
        }
    }

    /// The look that gave the finding.
    fn looks(&mut self) {
        let case = self.teller.case;
        let Some(at) = case.finding.entry else {
            // Nobody was answered wrongly: what is wrong lies on the disk.
            if let Some(step) = self.steps.last_mut() {
                step.wrong = true;
            }
            return;
        };
        let Some(entry) = case.evidence.history.get(at) else { return };
        let told = [Phase::SetUp, Phase::Workload, Phase::Recovery, Phase::BesideWriter];
        if told.contains(&entry.phase) {
            return;
        }
        if !matches!(entry.phase, Phase::Crashed | Phase::Recovered | Phase::Quiet | Phase::Damaged)
        {
            self.now = Views::default();
            if let Phase::Faulted = entry.phase {
                let tree = case.evidence.tree(Moment::Faulted);
                self.now.memory = tree.map(|tree| self.items(tree));
            }
        }
        for (at, before) in self.teller.done_before(entry) {
            self.look(at, before);
        }
        self.now.reader = self.seen(entry.phase);
        self.look(at, entry);
    }

    fn look(&mut self, at: usize, entry: &Entry) {
        let lane = match entry.phase {
            Phase::Finished | Phase::Repeat => 0,
            _ => self.afterwards(),
        };
        let asked = self.teller.asked(&entry.invocation);
        let answer = self.teller.answer(at, &entry.outcome);
        self.push(lane, StepKind::Looks, &asked);
        let Some(step) = self.steps.last_mut() else { return };
        step.wrong = answer.ends_with(WRONG);
        step.answer = Some(text::printable(answer.strip_suffix(WRONG).unwrap_or(&answer)));
    }

    /// What was answered in a phase.
    fn seen(&mut self, phase: Phase) -> Option<Vec<Answer>> {
        let seen = self.teller.entries(|one| one == phase);
        let entries: Vec<Entry> = seen.into_iter().map(|(_, entry)| entry.clone()).collect();
        (!entries.is_empty()).then(|| self.answers(&entries))
    }

    fn items(&mut self, tree: &Tree) -> Vec<Item> {
        self.contents.items(tree, self.teller)
    }

    fn answers(&mut self, entries: &[Entry]) -> Vec<Answer> {
        self.contents.answers(entries, self.teller)
    }
}
