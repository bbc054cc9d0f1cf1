//! A history that is judged while it grows, in bounded memory.
//!
//! At a moment when no operation is under way all that matters of the past is what the register may hold, so what
//! came before can be forgotten. There may be several such contents, and operations that were never answered may take
//! effect after any such moment, so that a *configuration* here is one content with those of them that have not.

use super::{Answer, End, Operation, State, search};

/// How much is kept and tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest stretch without a quiet moment, in operations.
    pub window_operations_max: usize,
    /// Configurations that one such stretch may lead through, for each with which it may begin, and those that may be
    /// left after it.
    pub configurations_max: usize,
}

/// What the register may hold at a quiet moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Configuration {
    state: State,
    /// The operations that may still take effect, by their place among those that were never answered, ascending.
    open: Vec<usize>,
}

/// See the module. Operations of one path are pushed in any order; now and then [`Self::settle`] says how far they
/// are complete.
#[derive(Clone, Debug)]
pub struct Watch {
    limits: Limits,
    configurations: Vec<Configuration>,
    /// Those of the past that were never answered and may matter.
    open: Vec<Operation>,
    window: Vec<Operation>,
    answer: Answer,
}

impl Watch {
    /// A register that holds `initial`.
    pub fn new(initial: State, limits: Limits) -> Self {
        Self {
            limits,
            configurations: vec![Configuration { state: initial, open: Vec::new() }],
            open: Vec::new(),
            window: Vec::new(),
            answer: Answer::Linearizable,
        }
    }

    /// Adds an operation that has ended, or that will never be answered. It was not invoked before the moment that was
    /// last settled.
    pub fn push(&mut self, operation: Operation) {
        // Once it is known to be wrong, or not known, nothing changes that.
        if self.answer == Answer::Linearizable {
            self.window.push(operation);
        }
    }

    /// How many operations are kept.
    pub fn len(&self) -> usize {
        self.window.len() + self.open.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the register held at the quiet moment up to which all is settled, where there is one answer, and
    /// nothing of before may still take effect.
    pub fn certain(&self) -> Option<State> {
        match self.configurations.as_slice() {
            [one] if one.open.is_empty() => Some(one.state),
            _ => None,
        }
    }

    /// When the first of the operations that are not settled was invoked; what was invoked before that is.
    pub fn settled_up_to(&self) -> Option<u64> {
        self.window.iter().map(|operation| operation.invoked).min()
    }

    /// How many operations were never answered and may still take effect.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Judges and forgets all up to the last quiet moment before `horizon`: nothing that was invoked earlier is still
    /// to be pushed. Whether the history is linearizable up to there.
    pub fn settle(&mut self, horizon: u64) -> Answer {
        self.window.sort_by_key(|operation| operation.invoked);
        let mut last_end = 0;
        let mut quiet = 0;
        for (index, operation) in self.window.iter().enumerate() {
            if operation.invoked >= horizon {
                break;
            }
            if index > 0 && last_end < operation.invoked {
                quiet = index;
            }
            if operation.end != End::Open {
                last_end = last_end.max(operation.deadline());
            }
        }
        let known = self.window.partition_point(|operation| operation.invoked < horizon);
        if last_end < horizon {
            quiet = known;
        }
        let past: Vec<_> = self.window.drain(..quiet).collect();
        self.take_in(&past);
        if self.window.len() > self.limits.window_operations_max {
            self.give_up();
        }
        self.answer
    }

    /// Judges all that is left.
    pub fn finish(mut self) -> Answer {
        let past = std::mem::take(&mut self.window);
        self.take_in(&past);
        self.answer
    }

    /// Moves on by operations after which a quiet moment comes.
    fn take_in(&mut self, past: &[Operation]) {
        if past.is_empty() || self.answer != Answer::Linearizable {
            return;
        }
        let of_before = self.open.len();
        let newly_open: Vec<usize> =
            (0..past.len()).filter(|index| past[*index].end == End::Open).collect();
        let mut after = Vec::new();
        for configuration in &self.configurations {
            let open = configuration.open.iter().map(|index| self.open[*index]);
            let operations: Vec<_> = open.chain(past.iter().copied()).collect();
            let max = self.limits.configurations_max;
            let Some(endings) = search::endings(&operations, configuration.state, max) else {
                return self.give_up();
            };
            for (state, left) in endings {
                // A place among those searched is a place among those of before, or of now.
                let place = |index: usize| match index.checked_sub(configuration.open.len()) {
                    None => Some(configuration.open[index]),
                    Some(index) => {
                        newly_open.binary_search(&index).ok().map(|place| of_before + place)
                    }
                };
                let mut open: Vec<usize> = left.into_iter().filter_map(place).collect();
                open.sort_unstable();
                after.push(Configuration { state, open });
            }
        }
        self.open.extend(newly_open.iter().map(|index| past[*index]));
        self.configurations = most_open(after);
        if self.configurations.is_empty() {
            self.answer = Answer::NotLinearizable;
            self.forget();
        } else if self.configurations.len() > self.limits.configurations_max {
            self.give_up();
        }
        self.compact();
    }

    /// Drops operations that no configuration has left.
    fn compact(&mut self) {
        let mut places = vec![None; self.open.len()];
        let mut kept = Vec::new();
        for (index, operation) in self.open.iter().enumerate() {
            // An observation that was never answered says nothing.
            let is_left = operation.action.is_change()
                && self.configurations.iter().any(|one| one.open.binary_search(&index).is_ok());
            if is_left {
                places[index] = Some(kept.len());
                kept.push(*operation);
            }
        }
        self.open = kept;
        for configuration in &mut self.configurations {
            let open = configuration.open.iter().filter_map(|index| places[*index]);
            configuration.open = open.collect();
        }
    }

    fn give_up(&mut self) {
        self.answer = Answer::Unknown;
        self.forget();
    }

    fn forget(&mut self) {
        self.configurations.clear();
        self.open.clear();
        self.window.clear();
    }
}

/// Leaves out what another one can do as well: it holds the same, and has at least the same operations left.
fn most_open(mut configurations: Vec<Configuration>) -> Vec<Configuration> {
    configurations.sort_unstable_by_key(|one| (one.state, std::cmp::Reverse(one.open.len())));
    let mut kept: Vec<Configuration> = Vec::new();
    for one in configurations {
        let has_all = |other: &&Configuration| {
            one.open.iter().all(|index| other.open.binary_search(index).is_ok())
        };
        let same = kept.iter().rev().take_while(|other| other.state == one.state);
        if !same.into_iter().any(|other| has_all(&other)) {
            kept.push(one);
        }
    }
    kept
}
