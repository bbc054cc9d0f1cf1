//! The search for a legal order, after Wing and Gong (1993) with the memory that Lowe (2017) gave it.
//!
//! Operations are placed one after the other; which ones could be next follows from the intervals alone. A
//! configuration is what has been placed and what the register then holds; one that led nowhere is not entered
//! twice. Operations are kept in *lanes*, each a sequence in which one has ended before the next begins, so that what has
//! been placed is one number per lane: a history of four clients has configurations of four numbers, however long it is.
//!
//! An observation that holds where it stands is placed at once, without an alternative: it changes nothing, and no
//! order becomes impossible by looking earlier.

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
            if search.advance(None) {
                continue;
            }
        }
        if !search.retreat() {
            return Answer::NotLinearizable;
        }
    }
}

/// An operation that was placed, and how to take it back.
struct Placed {
    lane: usize,
    /// What the register held before.
    before: State,
    /// Its rank among the alternatives; `None` where there was none.
    rank: Option<Rank>,
}

/// The order in which alternatives are tried: first a change that the most urgent answer waits for, then what has to
/// happen soonest. The last one is that an operation that failed has had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    without_effect: bool,
    unwanted: bool,
    deadline: u64,
    lane: usize,
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
                    self.place(lane, self.state, None);
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

    /// Places the first alternative after that of `rank`; whether there is one.
    fn advance(&mut self, rank: Option<Rank>) -> bool {
        let Some((urgent_lane, urgent)) = self.urgent() else { return false };
        let wanted = |state: State| urgent.action.apply(state).is_some();
        let changes = (0..self.lanes.len()).filter_map(|lane| {
            let head = self.head(lane)?;
            let after = head.action.apply(self.state)?;
            // An observation that holds has been placed.
            let can_be_next = head.action.is_change() && head.invoked <= urgent.deadline();
            let unwanted = urgent.action.is_change() || !wanted(after);
            let rank = Rank { without_effect: false, unwanted, deadline: head.deadline(), lane };
            can_be_next.then_some((rank, after))
        });
        let nothing = matches!(urgent.end, End::Doubtful(_)).then(|| {
            let rank = Rank {
                without_effect: true,
                unwanted: true,
                deadline: urgent.deadline(),
                lane: urgent_lane,
            };
            (rank, self.state)
        });
        let later = changes.chain(nothing).filter(|(next, _)| rank.is_none_or(|rank| *next > rank));
        let Some((next, after)) = later.min_by_key(|(rank, _)| *rank) else { return false };
        self.place(next.lane, after, Some(next));
        self.look();
        true
    }

    /// Takes back what was placed, up to a configuration with an alternative, and places that; whether there was one.
    fn retreat(&mut self) -> bool {
        while let Some(Placed { lane, before, rank }) = self.placed.pop() {
            self.cut[lane] -= 1;
            self.state = before;
            let head = self.head(lane).expect("it was placed");
            self.certain_left += usize::from(head.is_certain());
            if rank.is_some() && self.advance(rank) {
                return true;
            }
        }
        false
    }

    fn place(&mut self, lane: usize, after: State, rank: Option<Rank>) {
        let head = self.head(lane).expect("a lane with a next operation was chosen");
        self.certain_left -= usize::from(head.is_certain());
        self.placed.push(Placed { lane, before: self.state, rank });
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
