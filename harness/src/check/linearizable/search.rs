//! The search for a legal order, after Wing and Gong (1993) with the memory that Lowe (2017) gave it.
//!
//! Operations are placed one after the other; which ones could be next follows from the intervals alone. A
//! configuration is what has been placed and what the register then holds; one that led nowhere is not entered
//! twice. Operations are kept in *lanes*, each a sequence in which one has ended before the next begins, so that what
//! has been placed is one number per lane: a history of four clients has configurations of four numbers, however long
//! it is.
//!
//! Two things that are no loss save most of the work. An observation that holds where it stands is placed at once: it
//! changes nothing, and no order becomes impossible by looking earlier. Of changes that would do the same, the most
//! urgent one is placed: whatever order has another one here has room to swap the two or, if it lacks the urgent one,
//! to have both.

use std::{cmp::Reverse, collections::BinaryHeap, collections::HashSet};

use super::{Answer, End, Operation, State};

/// Decides with at most so many configurations.
pub(super) fn decide(
    operations: &[Operation],
    initial: State,
    configurations_max: usize,
) -> Answer {
    let mut search = Search::new(operations, initial);
    loop {
        if search.certain_left == 0 {
            return Answer::Linearizable;
        }
        if search.is_new() {
            if search.seen.len() > configurations_max {
                return Answer::Unknown;
            }
            let alternatives = search.alternatives();
            if search.take(alternatives) {
                continue;
            }
        }
        if !search.retreat() {
            return Answer::NotLinearizable;
        }
    }
}

/// All that the register may hold in the end, and the operations (by index) that may still take effect then; `None`
/// where there are more configurations than that.
pub(super) fn endings(
    operations: &[Operation],
    initial: State,
    configurations_max: usize,
) -> Option<Vec<(State, Vec<usize>)>> {
    let mut search = Search::new(operations, initial);
    let mut endings = Vec::new();
    loop {
        if search.is_new() {
            if search.seen.len() > configurations_max {
                return None;
            }
            if search.is_settled() {
                endings.push((search.state, search.not_placed()));
            } else {
                let alternatives = search.alternatives();
                if search.take(alternatives) {
                    continue;
                }
            }
        }
        if !search.retreat() {
            return Some(endings);
        }
    }
}

/// An operation that was placed, and how to take it back.
struct Placed {
    lane: usize,
    /// What the register held before.
    before: State,
    /// What could have been placed instead, the best last.
    others: Vec<Alternative>,
}

/// A change that could be placed next. In the order in which they are tried: first one that the most urgent answer
/// waits for, then what has to happen soonest; at last, that an operation that failed has had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Alternative {
    without_effect: bool,
    unwanted: bool,
    deadline: u64,
    lane: usize,
    after: State,
}

/// See the module.
struct Search<'a> {
    operations: &'a [Operation],
    /// Indices of operations, in the order of their invocation.
    lanes: Vec<Vec<u32>>,
    /// How many of each lane have been placed.
    cut: Vec<u32>,
    state: State,
    certain_left: usize,
    placed: Vec<Placed>,
    seen: HashSet<(Box<[u32]>, State)>,
}

impl<'a> Search<'a> {
    fn new(operations: &'a [Operation], initial: State) -> Self {
        let lanes = lanes(operations);
        let mut search = Self {
            operations,
            cut: vec![0; lanes.len()],
            lanes,
            state: initial,
            certain_left: operations.iter().filter(|operation| operation.is_certain()).count(),
            placed: Vec::new(),
            seen: HashSet::new(),
        };
        search.look();
        search
    }

    /// The next operation of a lane.
    fn head(&self, lane: usize) -> Option<&'a Operation> {
        let index = self.lanes[lane].get(self.cut[lane] as usize)?;
        Some(&self.operations[*index as usize])
    }

    /// The lane whose next operation has to be placed before all that begin later than it ends.
    fn urgent(&self) -> Option<(usize, &'a Operation)> {
        let heads = (0..self.lanes.len()).filter_map(|lane| Some((lane, self.head(lane)?)));
        heads.min_by_key(|(_, head)| head.deadline())
    }

    /// Whether only operations that were never answered are left.
    fn is_settled(&self) -> bool {
        (0..self.lanes.len()).all(|lane| self.head(lane).is_none_or(|head| head.end == End::Open))
    }

    /// The operations that are left.
    fn not_placed(&self) -> Vec<usize> {
        let lanes = self.lanes.iter().zip(&self.cut);
        let left = lanes.flat_map(|(lane, placed)| &lane[*placed as usize..]);
        left.map(|index| *index as usize).collect()
    }

    /// Places all observations that hold.
    fn look(&mut self) {
        let mut deadline = self.urgent().map_or(u64::MAX, |(_, urgent)| urgent.deadline());
        let mut lane = 0;
        let mut since = 0;
        while since < self.lanes.len() {
            match self.head(lane) {
                Some(head)
                    if !head.action.is_change()
                        && head.invoked <= deadline
                        && head.action.apply(self.state).is_some() =>
                {
                    let was_urgent = head.deadline() == deadline;
                    self.place(lane, self.state, Vec::new());
                    if was_urgent {
                        deadline = self.urgent().map_or(u64::MAX, |(_, head)| head.deadline());
                    }
                    since = 0;
                }
                _ => {
                    since += 1;
                    lane = (lane + 1) % self.lanes.len();
                }
            }
        }
    }

    /// Whether this configuration was not entered before.
    fn is_new(&mut self) -> bool {
        self.seen.insert((self.cut.as_slice().into(), self.state))
    }

    /// What could be placed next, the best last. Observations that hold have been placed.
    fn alternatives(&self) -> Vec<Alternative> {
        let Some((urgent_lane, urgent)) = self.urgent() else { return Vec::new() };
        let mut changes: Vec<_> = (0..self.lanes.len())
            .filter_map(|lane| Some((lane, self.head(lane)?)))
            .filter(|(_, head)| head.action.is_change() && head.invoked <= urgent.deadline())
            .collect();
        changes.sort_unstable_by_key(|(lane, head)| (head.action, head.deadline(), *lane));
        // Of those that do the same the most urgent one, whether or not it has to be in the order.
        changes.dedup_by_key(|(_, head)| head.action);
        let mut alternatives: Vec<_> = changes
            .into_iter()
            .filter_map(|(lane, head)| {
                let after = head.action.apply(self.state)?;
                let wanted = !urgent.action.is_change() && urgent.action.apply(after).is_some();
                let deadline = head.deadline();
                Some(Alternative {
                    without_effect: false,
                    unwanted: !wanted,
                    deadline,
                    lane,
                    after,
                })
            })
            .collect();
        if let End::Doubtful(deadline) = urgent.end {
            let (lane, after) = (urgent_lane, self.state);
            alternatives.push(Alternative {
                without_effect: true,
                unwanted: true,
                deadline,
                lane,
                after,
            });
        }
        alternatives.sort_unstable_by_key(|alternative| Reverse(*alternative));
        alternatives
    }

    /// Places the best of these alternatives; whether there is one.
    fn take(&mut self, mut alternatives: Vec<Alternative>) -> bool {
        let Some(best) = alternatives.pop() else { return false };
        self.place(best.lane, best.after, alternatives);
        self.look();
        true
    }

    /// Takes back what was placed, up to where something else could have been, and places that; whether there was.
    fn retreat(&mut self) -> bool {
        while let Some(Placed { lane, before, others }) = self.placed.pop() {
            self.cut[lane] -= 1;
            self.state = before;
            let head = self.head(lane).expect("it was placed");
            self.certain_left += usize::from(head.is_certain());
            if self.take(others) {
                return true;
            }
        }
        false
    }

    fn place(&mut self, lane: usize, after: State, others: Vec<Alternative>) {
        let head = self.head(lane).expect("a lane with a next operation was chosen");
        self.certain_left -= usize::from(head.is_certain());
        self.placed.push(Placed { lane, before: self.state, others });
        self.cut[lane] += 1;
        self.state = after;
    }
}

/// As few lanes as there are operations at once.
fn lanes(operations: &[Operation]) -> Vec<Vec<u32>> {
    let mut indices: Vec<u32> = (0..operations.len() as u32).collect();
    indices.sort_by_key(|index| operations[*index as usize].invoked);
    let mut lanes: Vec<Vec<u32>> = Vec::new();
    // When each lane becomes free, the earliest first.
    let mut free: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    for index in indices {
        let operation = &operations[index as usize];
        let lane = match free.peek() {
            Some(Reverse((at, lane))) if *at < operation.invoked => *lane,
            _ => lanes.len(),
        };
        if lane == lanes.len() {
            lanes.push(Vec::new());
        } else {
            free.pop();
        }
        lanes[lane].push(index);
        free.push(Reverse((operation.deadline(), lane)));
    }
    lanes
}
