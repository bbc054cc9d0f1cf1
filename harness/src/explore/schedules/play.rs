//! The actors of one run and their steps, from the first invocation until all have finished.
//!
//! Who would wait is not asked to go: an actor that was refused something can go again only when somebody else
//! has changed something. Where all wait for each other, or for what nobody has, that is said in their answers.

use super::touches::Ledger;
use crate::{
    explore::{arena::Arena, trial::TrialError},
    history::{Entry, History, Invocation, Moment, Outcome, Phase, Span, Tree},
    scenario::Scenario,
    schedule::{Actor, Decision, Explorer, Mode, Object, Run, Schedule, Step, Touches},
    subject::{ByTheClock, Ensemble, Stop, lock_was_refused},
    trace::{Circumstance, Event, HeldCall, Trace, failure, target_of},
};

/// Most calls of one operation. One that makes more is not going to end.
const CALLS_PER_OPERATION_MAX: usize = 20_000;
/// Most calls that an actor makes for an operation that it has answered.
const CALLS_AFTER_ANSWER_MAX: usize = 1_000;
/// After so many calls of one operation an actor goes only where none can that has made fewer: it may be waiting for
/// them in a way that does not show.
const CALLS_BEFORE_OTHERS: usize = 500;
/// The same for asking again for what it was refused. Who pauses in between gives the others far more time than they
/// take for a call, and may have set itself a limit to its patience.
const REFUSALS_BEFORE_OTHERS: usize = 4;
/// An operation that asks so often to sleep does so to wait for somebody; once may be its way of working.
const NAPS_OF_WAITING: usize = 2;
/// How often in a row an actor may ask in vain before it has to let others go first.
const VAIN_IN_A_ROW_MAX: usize = 3;
/// How often an actor may ask in vain for something that nobody will ever give it.
const VAIN_MAX: usize = 100;

/// One actor is to be killed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kill {
    pub(super) victim: Actor,
    /// When so many steps have been made.
    pub(super) steps: usize,
    /// Inside the last of them, its write, when so many bytes of it have arrived.
    pub(super) keep: Option<u64>,
}

/// See the module.
pub(super) struct Play<'a, 't> {
    scenario: &'a Scenario,
    arena: &'a Arena,
    ensemble: &'a mut Ensemble<'t>,
    ledger: &'a mut Ledger,
    players: Vec<Player>,
    clock: u64,
    pub(super) history: History,
    pub(super) trace: Trace,
    pub(super) run: Run,
    pub(super) schedule: Schedule,
    /// How many bytes each step was to write; 0 where it wrote none.
    pub(super) bytes: Vec<u64>,
    /// How many bytes of a write have arrived inside which somebody was killed just now.
    torn: Option<u64>,
    /// What lay on disk after each step, where that is of interest.
    pub(super) trees: Option<Vec<(Moment, Tree)>>,
}

/// An actor in a run.
#[derive(Default)]
struct Player {
    /// Index of its next operation.
    next: usize,
    /// Place in the history of the operation that it is at.
    at: Option<usize>,
    /// It makes no step any more.
    gone: bool,
    /// Calls of the operation that it is at, or since its answer.
    calls: usize,
    /// Its steps so far.
    steps: usize,
    /// How many of them may have changed what others can see.
    changes: usize,
    /// It was given a lock, which it may release.
    locked: bool,
    /// How often the operation that it is at was refused what it had been refused before.
    refusals: usize,
    /// How often that operation asked to sleep.
    naps: usize,
    /// What it could not get.
    vain: Option<Vain>,
}

impl Player {
    /// How much it has tried what only the others can give.
    fn impatience(&self) -> usize {
        (self.calls / CALLS_BEFORE_OTHERS).max(self.refusals / REFUSALS_BEFORE_OTHERS)
    }
}

/// Something that an actor could not get.
struct Vain {
    name: &'static str,
    path: String,
    /// It waits in this very call, instead of asking again and again.
    waits: bool,
    /// How many changes the others had made by then.
    others: usize,
    /// How often it has asked since.
    times: usize,
}

impl<'a, 't> Play<'a, 't> {
    /// Everybody is idle; what the set-up did is history.
    pub(super) fn new(
        scenario: &'a Scenario,
        arena: &'a Arena,
        ensemble: &'a mut Ensemble<'t>,
        ledger: &'a mut Ledger,
        history: History,
    ) -> Self {
        let players = scenario.actors.iter().map(|_| Player::default()).collect();
        Self {
            scenario,
            arena,
            ensemble,
            ledger,
            players,
            clock: 0,
            history,
            trace: Trace::default(),
            run: Run::default(),
            schedule: Schedule::default(),
            bytes: Vec::new(),
            torn: None,
            trees: None,
        }
    }

    /// Looks at the disk before the first step, and after every one.
    pub(super) fn look(&mut self) -> Result<(), TrialError> {
        let tree = self.arena.tree()?;
        let moment = Moment::Step(self.clock);
        self.trees.get_or_insert_default().push((moment, tree));
        Ok(())
    }

    /// Goes on until all have finished, or the explorer has seen enough.
    pub(super) fn go_on_to_the_end(
        &mut self,
        explorer: &mut dyn Explorer,
        mut kill: Option<Kill>,
    ) -> Result<(), TrialError> {
        loop {
            if let Some(kill) = kill.take_if(|kill| kill.steps == self.run.steps.len()) {
                self.kill(kill.victim)?;
            }
            if (0..self.players.len()).all(|actor| self.is_done(actor)) {
                return Ok(());
            }
            let mut enabled: Vec<Actor> =
                (0..self.players.len()).filter(|&actor| self.can_go(actor)).collect();
            if enabled.is_empty() {
                enabled.extend((0..self.players.len()).filter(|&actor| self.asks_again(actor)));
            }
            let impatience = |actor: &Actor| self.players[*actor].impatience();
            let least = enabled.iter().map(impatience).min();
            let all = enabled.len();
            enabled.retain(|actor| Some(impatience(actor)) == least);
            if enabled.len() < all {
                self.trace.circumstances.insert(Circumstance::MadeWay);
            }
            let mut went = false;
            while !enabled.is_empty() && !went {
                let decision = Decision { made: &self.run.steps, enabled: &enabled };
                let Some(actor) = explorer.choose(&decision) else {
                    self.run.abandoned = true;
                    self.note_stuck(|play, actor| {
                        let vain = play.players[actor].vain.as_ref();
                        vain.is_some_and(|vain| vain.waits || vain.times >= VAIN_IN_A_ROW_MAX)
                    });
                    return Ok(());
                };
                let is_last = |kill: &Kill| kill.steps == self.run.steps.len() + 1;
                let torn = kill.filter(|kill| kill.victim == actor && is_last(kill));
                went = self.step(actor, &enabled, torn.and_then(|kill| kill.keep))?;
                if went && self.trees.is_some() {
                    self.look()?;
                }
                if !went {
                    enabled.retain(|other| *other != actor);
                }
            }
            if !went
                && !(0..self.players.len())
                    .any(|actor| self.can_go(actor) || self.asks_again(actor))
            {
                self.give_up()?;
            }
        }
    }

    /// Whether an actor has nothing left to do.
    fn is_done(&self, actor: Actor) -> bool {
        let player = &self.players[actor];
        let has_more = player.next < self.scenario.actors[actor].operations.len();
        player.gone || (player.at.is_none() && !has_more && self.ensemble.held(actor).is_none())
    }

    /// Whether an actor can make a step, as far as is known.
    fn can_go(&self, actor: Actor) -> bool {
        let player = &self.players[actor];
        if self.is_done(actor) {
            return false;
        }
        match &player.vain {
            Some(vain) if vain.others == self.changes_of_others(actor) => {
                !vain.waits && vain.times < VAIN_IN_A_ROW_MAX && self.ensemble.held(actor).is_some()
            }
            _ => player.at.is_none() || self.ensemble.held(actor).is_some(),
        }
    }

    fn changes_of_others(&self, actor: Actor) -> usize {
        let others = self.players.iter().enumerate().filter(|(other, _)| *other != actor);
        others.map(|(_, player)| player.changes).sum()
    }

    /// Whether an actor that was refused something can ask again although nobody has done anything since.
    fn asks_again(&self, actor: Actor) -> bool {
        let vain = self.players[actor].vain.as_ref();
        let asks = vain.is_some_and(|vain| !vain.waits && vain.times < VAIN_MAX);
        asks && self.ensemble.held(actor).is_some() && !self.is_done(actor)
    }

    /// One step; false where the actor turned out to wait, and nothing has happened. If it is a write of more than
    /// `keep` bytes, only so many arrive, and the actor's process is killed.
    fn step(
        &mut self,
        actor: Actor,
        enabled: &[Actor],
        keep: Option<u64>,
    ) -> Result<bool, TrialError> {
        let mut touches = Touches::default();
        let mut invoked = false;
        if self.players[actor].at.is_none() && self.ensemble.held(actor).is_none() {
            invoked = true;
            let invocation = &self.scenario.actors[actor].operations[self.players[actor].next];
            self.begin(actor, invocation, &mut touches);
            let stop = self.ensemble.invoke(actor, &self.arena.aimed(invocation))?;
            self.note_patience(actor);
            if let Stop::Answered(outcome) = stop {
                self.answered(actor, outcome, &mut touches);
                self.made(actor, enabled, touches);
                return Ok(true);
            }
        }
        // It may wait for another thread before its first call.
        let Some(mut call) = self.ensemble.held(actor).cloned() else {
            self.made(actor, enabled, touches);
            return Ok(true);
        };
        if self.trees.is_some() {
            self.rename(&mut call);
        }
        let step = self.players[actor].steps;
        touches.extend(self.ledger.touches(&call, actor, step));
        if let Some(keep) = keep.filter(|keep| call.bytes.is_some_and(|bytes| bytes > *keep)) {
            self.ensemble.tear(actor, keep)?;
            self.torn = Some(keep);
            self.ledger.made(actor, step);
            self.note(actor, &call, None);
            self.made(actor, enabled, touches);
            return Ok(true);
        }
        let mut is_refused = self.ledger.finds_taken(&call);
        let (stop, result) = self.ensemble.perform(actor, self.trees.is_some())?;
        self.note_patience(actor);
        if let (Stop::Waits, Some(_)) = (&stop, result)
            && call.waits_for_lock()
        {
            self.refused(actor, &call, true);
            if invoked {
                self.made(actor, enabled, touches);
            }
            return Ok(invoked);
        }
        self.ledger.made(actor, step);
        self.note(actor, &call, result);
        is_refused |= call.may_block() && result.is_some_and(lock_was_refused);
        if is_refused {
            self.refused(actor, &call, false);
        } else {
            let player = &mut self.players[actor];
            player.locked |= call.may_block();
            player.vain.take_if(|vain| vain.waits);
        }
        if let Stop::Answered(outcome) = stop {
            self.answered(actor, outcome, &mut touches);
        }
        for other in 0..self.players.len() {
            if other != actor
                && let Some(outcome) = self.ensemble.take_answer(other)
            {
                // It had waited for this step, and is done.
                self.answered(other, outcome, &mut touches);
            }
        }
        self.made(actor, enabled, touches);
        self.hold_to_limits(actor)?;
        Ok(true)
    }

    /// Notes that an actor waits by the clock for others that are in the middle of something: how long these take
    /// between two calls is what a schedule does not say.
    fn note_patience(&mut self, actor: Actor) {
        let ByTheClock { naps, ended } = self.ensemble.take_clock();
        let player = &mut self.players[actor];
        player.naps += naps;
        let waits = naps > 0 && (player.naps >= NAPS_OF_WAITING || player.vain.is_some());
        let is_busy = |(other, player): (Actor, &Player)| other != actor && player.at.is_some();
        if (waits || ended) && self.players.iter().enumerate().any(is_busy) {
            self.trace.circumstances.insert(Circumstance::WaitedByClock);
        }
    }

    /// Ends an actor that makes calls without end.
    fn hold_to_limits(&mut self, actor: Actor) -> Result<(), TrialError> {
        let Player { at, calls, .. } = self.players[actor];
        if at.is_some() && calls > CALLS_PER_OPERATION_MAX {
            self.ensemble.note_past_limit();
            self.condemn(
                actor,
                format!("it made more than {CALLS_PER_OPERATION_MAX} calls without an answer"),
            )?;
        } else if at.is_none() && calls > CALLS_AFTER_ANSWER_MAX {
            self.ensemble.silence(actor)?;
            self.players[actor].gone = true;
            self.players[actor].changes += 1;
        }
        Ok(())
    }

    /// The name that an open file has now: it may have been given another one since its thread was held.
    fn rename(&self, call: &mut HeldCall) {
        let target = call.descriptor().and_then(|fd| target_of(call.tid, fd).ok());
        let root = self.arena.root();
        if let Some(path) = target.as_deref().and_then(|target| target.strip_prefix(root).ok()) {
            call.path = path.to_string_lossy().into_owned();
        }
    }

    fn begin(&mut self, actor: Actor, invocation: &Invocation, touches: &mut Touches) {
        self.clock += 1;
        let span = Span { actor, invoked: self.clock, returned: None };
        let player = &mut self.players[actor];
        player.at = Some(self.history.len());
        player.calls = 0;
        player.refusals = 0;
        player.naps = 0;
        player.vain = None;
        self.history.push(Entry {
            phase: Phase::Workload,
            invocation: invocation.clone(),
            outcome: Outcome::Killed,
            span: Some(span),
        });
        for path in self.watched(invocation) {
            touches.add(Object::Clock(path), Mode::Begin);
        }
    }

    fn answered(&mut self, actor: Actor, outcome: Outcome, touches: &mut Touches) {
        let Some(at) = self.players[actor].at.take() else { return };
        self.clock += 1;
        let entry = &mut self.history[at];
        if let Some(span) = &mut entry.span {
            span.returned = Some(self.clock);
        }
        // Whoever does not answer properly is not asked again.
        self.players[actor].gone = matches!(outcome, Outcome::Broken(_));
        self.players[actor].next += 1;
        self.players[actor].calls = 0;
        self.players[actor].vain = None;
        entry.outcome = self.arena.anonymous(outcome);
        let invocation = entry.invocation.clone();
        for path in self.watched(&invocation) {
            touches.add(Object::Clock(path), Mode::End);
        }
        self.trace.operations += 1;
    }

    /// The paths of whose history an operation is a part.
    fn watched(&self, invocation: &Invocation) -> Vec<String> {
        match invocation {
            Invocation::Recover => self.scenario.paths().into_iter().map(str::to_owned).collect(),
            Invocation::ListFiles { directory } => {
                let is_in = |path: &&str| {
                    path.rsplit_once('/').map_or("", |(parent, _)| parent) == directory.as_str()
                };
                self.scenario.paths().into_iter().filter(is_in).map(str::to_owned).collect()
            }
            other => vec![other.path().to_owned()],
        }
    }

    /// A step was made.
    fn made(&mut self, actor: Actor, enabled: &[Actor], touches: Touches) {
        let player = &mut self.players[actor];
        player.steps += 1;
        // Those who ask in vain would keep each other asking for ever if that counted.
        let changes = touches.iter().any(|touch| {
            touch.mode != Mode::Read && (player.locked || !matches!(touch.object, Object::Lock(_)))
        });
        player.changes += usize::from(changes);
        self.schedule.push(actor);
        self.run.steps.push(Step { actor, enabled: enabled.to_vec(), touches });
        self.bytes.resize(self.run.steps.len(), 0);
    }

    fn note(&mut self, actor: Actor, call: &HeldCall, result: Option<i64>) {
        self.players[actor].calls += 1;
        self.clock += 1;
        self.bytes.push(call.bytes.unwrap_or(0));
        let operation = match self.players[actor].at {
            Some(_) => self.players[actor].next,
            // What goes on after the answer belongs to the operation that was answered.
            None => self.players[actor].next.saturating_sub(1),
        };
        self.trace.events.push(Event {
            call: call.name,
            path: call.path.clone(),
            to: call.to.clone(),
            bytes: call.bytes,
            failed: result.and_then(failure),
            actor,
            operation,
            clock: self.clock,
        });
    }

    /// An actor asked for a lock or a name that somebody else has.
    fn refused(&mut self, actor: Actor, call: &HeldCall, waits: bool) {
        let others = self.changes_of_others(actor);
        let player = &mut self.players[actor];
        let before = player.vain.take();
        let again = before.filter(|vain| vain.name == call.name && vain.path == call.path);
        player.refusals += usize::from(again.is_some());
        let in_a_row = again.filter(|vain| vain.others == others);
        let times = in_a_row.map_or(0, |vain| vain.times) + 1;
        let (name, path) = (call.name, call.path.clone());
        player.vain = Some(Vain { name, path, waits, others, times });
    }

    fn kill(&mut self, victim: Actor) -> Result<(), TrialError> {
        let torn = self.torn.take();
        if torn.is_none() {
            self.ensemble.kill(victim)?;
        }
        self.players[victim].gone = true;
        // Its locks are free.
        self.players[victim].changes += 1;
        // Its operation stays what it is: never answered, by a process that was killed.
        self.players[victim].at = None;
        self.schedule.kill(victim, torn);
        self.clock += 1;
        self.trace.killed_at = Some(self.clock);
        Ok(())
    }

    fn condemn(&mut self, actor: Actor, why: String) -> Result<(), TrialError> {
        let outcome = self.ensemble.condemn(actor, why)?;
        self.answered(actor, outcome, &mut Touches::default());
        self.players[actor].gone = true;
        Ok(())
    }

    /// Notes what these actors never came to do.
    fn note_stuck(&mut self, is_stuck: impl Fn(&Self, Actor) -> bool) {
        for actor in 0..self.players.len() {
            if is_stuck(self, actor) {
                let held = self.ensemble.held(actor).cloned();
                let step = self.players[actor].steps;
                let wanted = held.map(|call| self.ledger.touches(&call, actor, step));
                self.run.stuck.push((actor, wanted.unwrap_or_default()));
            }
        }
    }

    /// Nobody can go, and not all have finished: says so in the answers that are due.
    fn give_up(&mut self) -> Result<(), TrialError> {
        self.note_stuck(|play, actor| !play.is_done(actor));
        for (actor, _) in self.run.stuck.clone() {
            let why = match &self.players[actor].vain {
                Some(vain) if vain.waits => {
                    format!(
                        "it waits for the lock on {:?}, and nobody can go on to release it",
                        vain.path
                    )
                }
                Some(vain) => {
                    format!(
                        "it asks for {:?} ({}) again and again, which nobody gives up",
                        vain.path, vain.name
                    )
                }
                None => "it waits for another thread, and nobody can go on".to_owned(),
            };
            self.condemn(actor, why)?;
        }
        Ok(())
    }
}
