//! A machine of a few actors with registers, directories and locks, of which everything is known at once: what
//! its schedules are, and what came of each.
//!
//! It behaves as real processes do where that is hard on an explorer: what a call touches can depend on what it
//! reads, whether an actor has to wait can be found out only by letting it go, and waiting actors may never be
//! released.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::schedule::{
    Actor, Decision, Explorer, Mode, Object, Run, Schedule, Step, Touches, estimate,
};

pub(super) const REGISTERS: usize = 3;
const NAMES: usize = 2;
const LOCKS: usize = 2;
/// No toy program is so long.
const RUNS_MAX: usize = 100_000;

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Read(usize),
    /// Writes something that nobody else writes.
    Write(usize),
    /// Reads the register that a register points to.
    Follow(usize),
    /// Writes to the register that a register points to.
    Store(usize),
    /// Waits until somebody has written to a register, and reads it.
    Await(usize),
    /// Makes a name in the only directory.
    Insert(usize),
    List,
    Lock(usize),
    LockShared(usize),
    /// Without effect where the actor does not hold it.
    Unlock(usize),
}

/// What an actor does at a time. The operation of a client that it belongs to may begin or end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) call: Call,
    pub(super) begins: bool,
    pub(super) ends: bool,
}

impl From<Call> for Action {
    fn from(call: Call) -> Self {
        Self { call, begins: false, ends: false }
    }
}

/// What every actor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) actors: Vec<Vec<Action>>,
    /// Whether an actor that waits is known to, or has to be chosen before that is noticed.
    pub(super) knows_who_waits: bool,
    /// Whether taking a lock together with others is reported as looking at it, or as changing it.
    pub(super) shares: bool,
    /// Whether conflicts on registers are left out, which is a mistake that has to be noticed.
    pub(super) forgets: bool,
}

/// What could be noticed of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Outcome {
    registers: [usize; REGISTERS],
    names: BTreeSet<usize>,
    /// By actor, what its calls gave it.
    results: Vec<Vec<Vec<usize>>>,
    stuck: Vec<Actor>,
    /// Actor and number of the operation that ended, and of the one that began afterwards.
    precedes: BTreeSet<((Actor, usize), (Actor, usize))>,
}

/// A run that was not given up.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    pub(super) run: Run,
    pub(super) outcome: Outcome,
    /// How often somebody else went although the one that went last could have gone on.
    pub(super) preemptions: usize,
}

impl Ran {
    pub(super) fn schedule(&self) -> Schedule {
        self.run.schedule()
    }
}

#[derive(Clone, Debug, Default)]
struct LockState {
    alone: Option<Actor>,
    together: BTreeSet<Actor>,
}

struct Machine<'a> {
    program: &'a Program,
    registers: [usize; REGISTERS],
    names: BTreeSet<usize>,
    locks: [LockState; LOCKS],
    /// By actor, how many steps it made.
    made: Vec<usize>,
    operations: Vec<usize>,
    ended: Vec<(Actor, usize)>,
    outcome: Outcome,
    preemptions: usize,
}

impl<'a> Machine<'a> {
    fn new(program: &'a Program) -> Self {
        let n = program.actors.len();
        let results = vec![Vec::new(); n];
        Self {
            program,
            registers: [0; REGISTERS],
            names: BTreeSet::new(),
            locks: <[LockState; LOCKS]>::default(),
            made: vec![0; n],
            operations: vec![0; n],
            ended: Vec::new(),
            outcome: Outcome { results, ..Outcome::default() },
            preemptions: 0,
        }
    }

    fn next(&self, actor: Actor) -> Option<Action> {
        self.program.actors[actor].get(self.made[actor]).copied()
    }

    fn waits(&self, actor: Actor) -> bool {
        let others = |lock: &LockState| lock.together.iter().any(|holder| *holder != actor);
        let excluded = |lock: &LockState| lock.alone.is_some_and(|holder| holder != actor);
        match self.next(actor).map(|action| action.call) {
            Some(Call::Lock(lock)) => excluded(&self.locks[lock]) || others(&self.locks[lock]),
            Some(Call::LockShared(lock)) => excluded(&self.locks[lock]),
            Some(Call::Await(r)) => self.registers[r] == 0,
            _ => false,
        }
    }

    fn touches(&self, actor: Actor, action: Action) -> Touches {
        let mut touches = Touches::default();
        let register = |r: usize| {
            if self.program.forgets {
                Object::Attributes((actor as u64, 0))
            } else {
                Object::Content((0, r as u64))
            }
        };
        let name = |n: usize| Object::Name(n.to_string());
        let sharing = if self.program.shares { Mode::Read } else { Mode::Change };
        let lock = |l: usize| Object::Lock((0, l as u64));
        match action.call {
            Call::Read(r) | Call::Await(r) => touches.add(register(r), Mode::Read),
            Call::Write(r) => touches.add(register(r), Mode::Change),
            Call::Follow(r) => {
                touches.add(register(r), Mode::Read);
                touches.add(register(self.registers[r] % REGISTERS), Mode::Read);
            }
            Call::Store(r) => {
                touches.add(register(r), Mode::Read);
                touches.add(register(self.registers[r] % REGISTERS), Mode::Change);
            }
            Call::Insert(n) => {
                touches.add(name(n), Mode::Change);
                touches.add(Object::Listing(String::new()), Mode::Contribute);
            }
            Call::List => touches.add(Object::Listing(String::new()), Mode::Read),
            Call::Lock(l) => touches.add(lock(l), Mode::Change),
            Call::Unlock(l) if self.locks[l].alone == Some(actor) => {
                touches.add(lock(l), Mode::Change);
            }
            Call::LockShared(l) | Call::Unlock(l) => touches.add(lock(l), sharing),
        }
        if action.begins {
            touches.add(Object::Clock(String::new()), Mode::Begin);
        }
        if action.ends {
            touches.add(Object::Clock(String::new()), Mode::End);
        }
        touches
    }

    /// Makes a step, and says what it touched.
    fn step(&mut self, actor: Actor, action: Action) -> Touches {
        let touches = self.touches(actor, action);
        if action.begins {
            let operation = (actor, self.operations[actor]);
            self.outcome.precedes.extend(
                self.ended.iter().filter(|ended| ended.0 != actor).map(|ended| (*ended, operation)),
            );
        }
        let unique = 10 + actor * 100 + self.made[actor];
        let result = match action.call {
            Call::Read(r) | Call::Await(r) => vec![self.registers[r]],
            Call::Write(r) => {
                self.registers[r] = unique;
                Vec::new()
            }
            Call::Follow(r) => vec![self.registers[self.registers[r] % REGISTERS]],
            Call::Store(r) => {
                self.registers[self.registers[r] % REGISTERS] = unique;
                Vec::new()
            }
            Call::Insert(n) => vec![usize::from(self.names.insert(n))],
            Call::List => self.names.iter().copied().collect(),
            Call::Lock(l) => {
                self.locks[l].together.remove(&actor);
                self.locks[l].alone = Some(actor);
                Vec::new()
            }
            Call::LockShared(l) => {
                if self.locks[l].alone != Some(actor) {
                    self.locks[l].together.insert(actor);
                }
                Vec::new()
            }
            Call::Unlock(l) => {
                self.locks[l].alone.take_if(|holder| *holder == actor);
                self.locks[l].together.remove(&actor);
                Vec::new()
            }
        };
        if action.ends {
            self.ended.push((actor, self.operations[actor]));
            self.operations[actor] += 1;
        }
        self.outcome.results[actor].push(result);
        self.made[actor] += 1;
        touches
    }

    /// The run as it is reported: of those that wait, only those of which it was noticed.
    fn finish(mut self, steps: Vec<Step>, abandoned: bool, noticed: &[Actor]) -> Ran {
        let waiting = (0..self.made.len()).filter(|actor| self.waits(*actor));
        self.outcome.stuck = waiting.collect();
        let stuck = noticed
            .iter()
            .filter_map(|actor| Some((*actor, self.touches(*actor, self.next(*actor)?))))
            .collect();
        self.outcome.registers = self.registers;
        self.outcome.names = self.names;
        Ran {
            run: Run { steps, stuck, abandoned },
            outcome: self.outcome,
            preemptions: self.preemptions,
        }
    }
}

impl Program {
    pub(super) fn new<A: Into<Action> + Copy, const N: usize>(actors: [&[A]; N]) -> Self {
        Self {
            actors: actors.map(|actor| actor.iter().map(|a| (*a).into()).collect()).to_vec(),
            knows_who_waits: true,
            shares: false,
            forgets: false,
        }
    }

    pub(super) fn run(&self, explorer: &mut impl Explorer) -> Ran {
        let mut machine = Machine::new(self);
        let mut steps: Vec<Step> = Vec::new();
        loop {
            let mut enabled: Vec<Actor> =
                (0..self.actors.len()).filter(|actor| machine.next(*actor).is_some()).collect();
            let mut noticed: Vec<Actor> = Vec::new();
            if self.knows_who_waits {
                noticed.extend(enabled.extract_if(.., |actor| machine.waits(*actor)));
            }
            let chosen = loop {
                if enabled.is_empty() {
                    return machine.finish(steps, false, &noticed);
                }
                let Some(actor) = explorer.choose(&Decision { made: &steps, enabled: &enabled })
                else {
                    return machine.finish(steps, true, &noticed);
                };
                assert!(enabled.contains(&actor), "{actor} was chosen of {enabled:?}");
                if !machine.waits(actor) {
                    break actor;
                }
                enabled.retain(|other| *other != actor);
                noticed.push(actor);
            };
            let action = machine.next(chosen).expect("whoever is enabled has a step to make");
            let could_go_on = |last: Actor| machine.next(last).is_some() && !machine.waits(last);
            let preempts =
                steps.last().is_some_and(|last| last.actor != chosen && could_go_on(last.actor));
            machine.preemptions += usize::from(preempts);
            let touches = machine.step(chosen, action);
            steps.push(Step { actor: chosen, enabled, touches });
        }
    }

    /// Every run that was not given up, and how many were.
    pub(super) fn explore(&self, explorer: &mut impl Explorer) -> (Vec<Ran>, usize) {
        let mut all = Vec::new();
        let mut abandoned = 0;
        for _ in 0..RUNS_MAX {
            let ran = self.run(explorer);
            let goes_on = explorer.learn(&ran.run);
            if ran.run.abandoned {
                abandoned += 1;
            } else {
                all.push(ran);
            }
            if !goes_on {
                return (all, abandoned);
            }
        }
        panic!("the explorer does not come to an end");
    }
}

/// A call; many on locks, or few.
fn call(locking: bool) -> impl Strategy<Value = Call> {
    let register = || 0..REGISTERS;
    let lock = || 0..LOCKS;
    prop_oneof![
        3 => register().prop_map(Call::Read),
        3 => register().prop_map(Call::Write),
        2 => register().prop_map(Call::Follow),
        1 => register().prop_map(Call::Store),
        1 => register().prop_map(Call::Await),
        2 => (0..NAMES).prop_map(Call::Insert),
        1 => Just(Call::List),
        if locking { 5 } else { 1 } => lock().prop_map(Call::Lock),
        if locking { 4 } else { 1 } => lock().prop_map(Call::LockShared),
        if locking { 7 } else { 1 } => lock().prop_map(Call::Unlock),
    ]
}

/// What one actor does; where clients look at the clock, with an operation that ends after each marked step.
fn actor(steps_max: usize, timed: bool, locking: bool) -> impl Strategy<Value = Vec<Action>> {
    proptest::collection::vec((call(locking), any::<bool>()), 1..=steps_max).prop_map(
        move |calls| {
            let last = calls.len() - 1;
            let mut begins = true;
            let act = |(i, (call, marked)): (usize, (Call, bool))| {
                let ends = marked || i == last;
                let action = Action { call, begins: timed && begins, ends: timed && ends };
                begins = ends;
                action
            };
            calls.into_iter().enumerate().map(act).collect()
        },
    )
}

/// A program that has at most so many schedules.
pub(super) fn program(schedules_max: u64) -> impl Strategy<Value = Program> {
    let actors = any::<(bool, bool)>().prop_flat_map(|(timed, locking)| {
        prop_oneof![
            proptest::collection::vec(actor(5, timed, locking), 2),
            proptest::collection::vec(actor(4, timed, locking), 3),
        ]
    });
    let few =
        move |actors: &Vec<Vec<Action>>| estimate(actors.iter().map(Vec::len)) <= schedules_max;
    (actors.prop_filter("too many schedules", few), any::<bool>(), any::<bool>()).prop_map(
        |(actors, knows_who_waits, shares)| Program {
            actors,
            knows_who_waits,
            shares,
            forgets: false,
        },
    )
}
