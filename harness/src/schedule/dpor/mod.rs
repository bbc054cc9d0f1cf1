//! Every schedule but for those that differ in the order of independent steps only: dynamic partial-order
//! reduction (Flanagan and Godefroid, 2005) with sleep sets (Godefroid, 1996) and source sets (Abdulla, Aronis,
//! Jonsson and Sagonas, *Optimal dynamic partial order reduction*, 2014).
//!
//! After each step one looks back: which earlier steps conflict with it, and could have come after it? There,
//! somebody else is to go first in another run. An actor of which everything that begins with its next step was
//! tried *sleeps*, until a step conflicts with that one; where everybody sleeps, the run is given up, so that no
//! two complete runs are equivalent.
//!
//! *Waiting.* An actor that waits for a lock could not have gone before the one that releases it, but before the
//! one that took it. What an actor wanted that is stuck to the end counts like a step, for else no order in which
//! it gets it would be looked for.
//!
//! *Data.* What a step touches may depend on what it reads, such as the file that a name leads to. It is the same
//! as long as nothing that it touches is changed; a sleeper that is woken may do something else afterwards, and what
//! would conflict with what it would have done is looked for without it.
//!
//! *Repetition.* All this is true of subjects that make the same steps after the same choices. One that does not
//! is explored as far as its runs can be followed, and nothing is claimed of it.

mod clock;

use std::sync::Arc;

use super::{Actor, Decision, Explorer, Run, Step, Touches};
use crate::report::text;
use clock::{Event, look_ahead, look_back};

/// Actors that need not go, with what their next step touches: what begins with it was tried.
type Sleep = Vec<(Actor, Arc<Touches>)>;

/// A point of the run at which somebody had to go next.
#[derive(Clone, Debug)]
struct Node {
    /// Without those that turned out to wait.
    enabled: Vec<Actor>,
    sleep: Sleep,
    /// Who went here, in any run; the last of them does in this one.
    tried: Vec<Actor>,
    /// Who is to go here, in other runs.
    wanted: Vec<Actor>,
}

impl Node {
    fn sleeps(&self, actor: Actor) -> bool {
        self.sleep.iter().any(|(sleeper, _)| *sleeper == actor)
    }

    fn has(&self, actor: Actor) -> bool {
        self.tried.contains(&actor) || self.wanted.contains(&actor) || self.sleeps(actor)
    }

    /// Sees to it that one of these goes here, if any of them can: else whoever it is about waits for somebody, and
    /// is in a race with what made it wait.
    fn want(&mut self, instead: &[Actor]) {
        if !instead.iter().any(|actor| self.has(*actor)) {
            let actor = instead.iter().find(|actor| self.enabled.contains(actor));
            self.wanted.extend(actor);
        }
    }

    /// Who goes here next.
    fn next(&mut self) -> Option<Actor> {
        while let Some(actor) = self.wanted.pop() {
            if self.enabled.contains(&actor) && !self.sleeps(actor) && !self.tried.contains(&actor)
            {
                self.tried.push(actor);
                return Some(actor);
            }
        }
        None
    }
}

/// Who still sleeps after a step.
fn after(sleep: &Sleep, actor: Actor, touches: &Touches) -> Sleep {
    let stays =
        |(sleeper, wants): &&(Actor, Arc<Touches>)| *sleeper != actor && !wants.conflict(touches);
    sleep.iter().filter(stays).cloned().collect()
}

/// An explorer of one schedule of each kind.
#[derive(Clone, Debug, Default)]
pub struct Dpor {
    /// Those of the present run; between runs, those up to where the next one leaves the last one.
    nodes: Vec<Node>,
    /// The steps made at them, but for the last node between runs.
    events: Vec<Event>,
    /// Steps of the present run that were looked at.
    seen: usize,
    /// Up to here the run follows the last one, and then leaves it; the first run leaves nothing.
    leaves_at: Option<usize>,
    /// Who sleeps after the last event.
    sleep: Sleep,
    /// Who was chosen where the run leaves the last one, and did not turn out to wait.
    asked: Option<Actor>,
    /// Whether the run cannot be what it was to be.
    is_lost: bool,
    runs: usize,
    is_over: bool,
    has_diverged: bool,
}

impl Dpor {
    /// Will try one schedule of each kind.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the subject made other steps after the same choices.
    pub fn has_diverged(&self) -> bool {
        self.has_diverged
    }

    /// Takes notice of a step, the next one after those seen.
    fn see(&mut self, step: &Step) {
        let at = self.seen;
        self.seen += 1;
        if self.leaves_at.is_some_and(|leaves_at| at < leaves_at) {
            let event = &self.events[at];
            self.is_lost |= event.actor != step.actor;
            self.has_diverged |= *event.touches != step.touches;
            return;
        }
        if self.leaves_at == Some(at) {
            if self.nodes[at].tried.last() != Some(&step.actor) {
                self.is_lost = true;
                return;
            }
        } else {
            self.nodes.push(Node {
                enabled: step.enabled.clone(),
                sleep: std::mem::take(&mut self.sleep),
                tried: vec![step.actor],
                wanted: Vec::new(),
            });
        }
        let (event, races) = look_back(&self.events, step.actor, Arc::new(step.touches.clone()));
        self.sleep = after(&self.nodes[at].sleep, step.actor, &step.touches);
        self.events.push(event);
        for race in races {
            self.nodes[race.at].want(&race.instead);
        }
    }

    fn see_all(&mut self, steps: &[Step]) {
        while let Some(step) = steps.get(self.seen).filter(|_| !self.is_lost) {
            self.see(step);
        }
    }

    /// Who is to go where the run leaves the last one.
    fn leave(&mut self, at: usize, decision: &Decision<'_>) -> Option<Actor> {
        let node = &mut self.nodes[at];
        let mut actor = *node.tried.last()?;
        while !decision.enabled.contains(&actor) {
            // Either it turned out to wait, so that there is no such schedule, or it could have gone last time.
            self.has_diverged |= self.asked != Some(actor);
            node.enabled.retain(|other| *other != actor);
            node.tried.pop();
            self.asked = None;
            actor = node.next()?;
        }
        self.asked = Some(actor);
        Some(actor)
    }

    /// Looks for the races of sleepers that, when they went at last, did something else than they would have done
    /// while they slept: nobody will see them do that here, and a step that comes later may conflict with it.
    fn look_after_sleepers(&mut self) {
        for (at, node) in self.nodes.iter_mut().enumerate().take(self.events.len()) {
            let later = &self.events[at..];
            let changes = |(sleeper, touches): &&(Actor, Arc<Touches>)| {
                let next = later.iter().find(|event| event.actor == *sleeper);
                next.is_none_or(|event| event.touches != *touches)
            };
            let races: Vec<_> = node
                .sleep
                .iter()
                .filter(changes)
                .flat_map(|(sleeper, touches)| look_ahead(&self.events, at, *sleeper, touches))
                .collect();
            for race in races {
                node.want(&race.instead);
            }
        }
    }

    /// Goes back to the last point at which somebody else is to go.
    fn go_back(&mut self) -> bool {
        self.seen = 0;
        self.sleep.clear();
        self.asked = None;
        self.is_lost = false;
        while let Some(mut node) = self.nodes.pop() {
            let at = self.nodes.len();
            if let Some(event) = self.events.get(at) {
                node.sleep.push((event.actor, event.touches.clone()));
                self.events.truncate(at);
            }
            if node.next().is_some() {
                self.nodes.push(node);
                self.leaves_at = Some(at);
                return true;
            }
        }
        self.is_over = true;
        false
    }
}

impl Explorer for Dpor {
    fn choose(&mut self, decision: &Decision<'_>) -> Option<Actor> {
        self.see_all(decision.made);
        if self.is_lost {
            return None;
        }
        let at = decision.step();
        match self.leaves_at {
            Some(leaves_at) if at < leaves_at => {
                let actor = self.events[at].actor;
                self.is_lost = !decision.enabled.contains(&actor);
                (!self.is_lost).then_some(actor)
            }
            Some(leaves_at) if at == leaves_at => self.leave(at, decision),
            _ => {
                let sleeps = |actor: &Actor| self.sleep.iter().any(|(sleeper, _)| sleeper == actor);
                [decision.default_choice()]
                    .iter()
                    .chain(decision.enabled)
                    .find(|actor| !sleeps(actor))
                    .copied()
            }
        }
    }

    fn learn(&mut self, run: &Run) -> bool {
        self.see_all(&run.steps);
        self.is_lost |= run.steps.len() < self.seen;
        let left = self.leaves_at.is_none_or(|leaves_at| leaves_at < self.seen);
        // Given up because everybody who was to go elsewhere turned out to wait.
        let could_not = self.leaves_at == Some(self.seen) && self.asked.is_none() && run.abandoned;
        if self.is_lost || !(left || could_not) {
            self.has_diverged = true;
        } else {
            self.runs += usize::from(!run.abandoned);
            for (actor, touches) in &run.stuck {
                let (_, races) = look_back(&self.events, *actor, Arc::new(touches.clone()));
                for race in races {
                    self.nodes[race.at].want(&race.instead);
                }
            }
            self.look_after_sleepers();
        }
        self.go_back()
    }

    fn is_complete(&self) -> bool {
        self.is_over && !self.has_diverged
    }

    fn bound(&self) -> String {
        let kinds = "that differs in more than independent calls";
        if self.is_complete() {
            return format!("every order {kinds}");
        }
        match self.runs {
            1 => format!("1 order {kinds}"),
            n => {
                format!("{} orders that differ in more than independent calls", text::thousands(n))
            }
        }
    }
}
