//! From a schedule that refutes something to a simpler one that does as well.
//!
//! Greedy: of the schedules that are like the best one so far but for one thing, and simpler in the order of
//! [`Schedule`], the simplest come first, and the first one that still refutes is the next best. Whoever runs them
//! says so. A schedule is proposed once, and there is a limit to how many are.
//!
//! Who is killed stays killed, after as many of its steps, because another kill is another trial.

use std::collections::{BTreeSet, HashSet};

use super::{Schedule, Turn};

/// A schedule that becomes simpler.
#[derive(Clone, Debug)]
pub struct Reduction {
    best: Schedule,
    /// What to propose next; simplest first.
    candidates: BTreeSet<Schedule>,
    proposed: HashSet<Schedule>,
    proposals_left: usize,
}

impl Reduction {
    /// Starts from a schedule that refutes something, and proposes so many others at most.
    pub fn new(refuting: Schedule, proposals_max: usize) -> Self {
        let mut reduction = Self {
            best: refuting,
            candidates: BTreeSet::new(),
            proposed: HashSet::new(),
            proposals_left: proposals_max,
        };
        reduction.look_around();
        reduction
    }

    /// The simplest schedule that is known to refute.
    pub fn best(&self) -> &Schedule {
        &self.best
    }

    /// Takes note of a proposal that refutes as well.
    pub fn keep(&mut self, proposal: Schedule) {
        if proposal < self.best {
            self.best = proposal;
            self.look_around();
        }
    }

    fn look_around(&mut self) {
        let all = simpler(&self.best.turns).map(|turns| Schedule { turns: joined(turns) });
        self.candidates = all
            .filter(|candidate| *candidate < self.best && !self.proposed.contains(candidate))
            .collect();
    }
}

impl Iterator for Reduction {
    type Item = Schedule;

    /// The next one to try.
    fn next(&mut self) -> Option<Schedule> {
        self.proposals_left = self.proposals_left.checked_sub(1)?;
        let candidate = self.candidates.pop_first()?;
        self.proposed.insert(candidate.clone());
        Some(candidate)
    }
}

/// Schedules that are like this one but for one thing: an end that is left to the default choice, a turn that is made
/// with the one before or after it of the same actor or not at all, or a turn with fewer steps.
fn simpler(turns: &[Turn]) -> impl Iterator<Item = Vec<Turn>> {
    let is_killed = |actor| turns.iter().any(|turn| turn.actor == actor && turn.killed);
    let ends = (0..turns.len())
        .filter(move |end| !turns[*end..].iter().any(|turn| is_killed(turn.actor)))
        .map(|end| turns[..end].to_vec());
    let merged = (0..turns.len()).flat_map(move |i| {
        let next = turns[i + 1..].iter().position(|turn| turn.actor == turns[i].actor);
        next.into_iter().flat_map(move |after| {
            let j = i + 1 + after;
            let both = Turn { steps: turns[i].steps + turns[j].steps, ..turns[j] };
            [(i, j), (j, i)].map(|(at, gone)| {
                let mut turns = turns.to_vec();
                turns[at] = both;
                turns.remove(gone);
                turns
            })
        })
    });
    let shorter =
        (0..turns.len()).filter(move |i| !is_killed(turns[*i].actor)).flat_map(move |i| {
            let steps = turns[i].steps;
            [0, 1, steps / 2, steps.saturating_sub(1)].map(|steps| {
                let mut turns = turns.to_vec();
                turns[i].steps = steps;
                turns
            })
        });
    ends.chain(merged).chain(shorter)
}

/// Without turns in which nothing happens, and with neighbours of one actor as one turn.
fn joined(turns: Vec<Turn>) -> Vec<Turn> {
    let mut joined: Vec<Turn> = Vec::new();
    for turn in turns.into_iter().filter(|turn| turn.steps > 0 || turn.killed) {
        match joined.last_mut() {
            Some(last) if last.actor == turn.actor && !last.killed => {
                last.steps += turn.steps;
                last.killed = turn.killed;
                last.keep = turn.keep;
            }
            _ => joined.push(turn),
        }
    }
    joined
}
