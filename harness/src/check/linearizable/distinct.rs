//! The polynomial algorithm, for histories in which each answer can have one source only (Gibbons and Korach, 1997).
//!
//! The source of an answer is the change whose result it saw. If all written values are distinct it is known. If not,
//! it may be known by time: a change that came later, or one that another change surely replaced before,
//! is no source. Absence recurs with every delete, so there it is time alone that tells. Where an answer is left with
//! two sources the algorithm does not apply, and says so.
//!
//! A change and the answers that saw it form a cluster, which no other change can come into. One cluster has to come
//! before another if any operation of it has ended before any of the other begins; a legal order exists if and only if
//! no two clusters have to come before each other. What failed or was never answered and was not seen may as well not
//! have happened.

use std::collections::HashMap;

use super::{Action, Operation, State};

/// A moment; `None` is before the history.
type Moment = Option<u64>;

/// A change, or what was there at first.
struct Source {
    invoked: Moment,
    deadline: Moment,
    /// Whether it is part of every order, as far as that is known.
    is_certain: bool,
    /// The earliest end and the latest beginning in its cluster.
    first_end: Moment,
    last_begin: Moment,
}

/// Sources of one state, in the order of their beginnings.
#[derive(Default)]
struct Alike {
    sources: Vec<usize>,
    /// The latest deadline of the sources up to each.
    deadlines_max: Vec<Moment>,
}

/// Which sources an answer may have.
enum Found {
    Nothing,
    One(usize),
    Several,
}

/// Whether a legal order exists, or `None` where the algorithm does not apply.
pub(super) fn decide(operations: &[Operation], initial: State) -> Option<bool> {
    let (mut sources, alike) = sources(operations, initial);
    let replaced = Replaced::new(operations);
    for seen in operations.iter().filter(|operation| operation.is_certain()) {
        let state = match seen.action {
            Action::Write(_) | Action::Delete => continue,
            Action::Read(state) => state,
            Action::Exists(false) => None,
            Action::Exists(true) => {
                // It sees one of many, unless it may see none.
                match find(&sources, alike.get(&None), &replaced, seen) {
                    Found::Nothing => continue,
                    Found::One(_) | Found::Several => return None,
                }
            }
        };
        match find(&sources, alike.get(&state), &replaced, seen) {
            Found::Nothing => return Some(false),
            Found::One(source) => {
                let source = &mut sources[source];
                source.is_certain = true;
                source.first_end = source.first_end.min(Some(seen.deadline()));
                source.last_begin = source.last_begin.max(Some(seen.invoked));
            }
            Found::Several => return None,
        }
    }
    sources.retain(|source| source.is_certain);
    Some(!contradict(&sources))
}

/// All sources, and which of them leave the same state.
fn sources(operations: &[Operation], initial: State) -> (Vec<Source>, HashMap<State, Alike>) {
    let changes = operations.iter().filter_map(|operation| {
        let state = match operation.action {
            Action::Write(value) => Some(value),
            Action::Delete => None,
            Action::Read(_) | Action::Exists(_) => return None,
        };
        let (begin, end) = (Some(operation.invoked), Some(operation.deadline()));
        Some((begin, end, operation.is_certain(), state))
    });
    let mut all: Vec<_> = std::iter::once((None, None, false, initial)).chain(changes).collect();
    all.sort_unstable();
    let mut alike: HashMap<State, Alike> = HashMap::new();
    for (index, (_, deadline, _, state)) in all.iter().enumerate() {
        let alike = alike.entry(*state).or_default();
        alike.sources.push(index);
        let before = alike.deadlines_max.last().copied().flatten();
        alike.deadlines_max.push(before.max(*deadline));
    }
    let source = |(invoked, deadline, is_certain, _)| Source {
        invoked,
        deadline,
        is_certain,
        first_end: deadline,
        last_begin: invoked,
    };
    (all.into_iter().map(source).collect(), alike)
}

/// When the latest change begins that surely comes before a moment.
struct Replaced {
    /// Ends of certain changes, ascending, and the latest beginning among those up to each.
    ends: Vec<(u64, u64)>,
}

impl Replaced {
    fn new(operations: &[Operation]) -> Self {
        let changes = operations
            .iter()
            .filter(|operation| operation.is_certain() && operation.action.is_change());
        let mut ends: Vec<_> = changes.map(|change| (change.deadline(), change.invoked)).collect();
        ends.sort_unstable();
        let mut latest = 0;
        for (_, invoked) in &mut ends {
            latest = latest.max(*invoked);
            *invoked = latest;
        }
        Self { ends }
    }

    /// A change that ended before this moment is no source of what begins at `moment`.
    fn before(&self, moment: u64) -> Moment {
        let count = self.ends.partition_point(|(end, _)| *end < moment);
        count.checked_sub(1).map(|last| self.ends[last].1)
    }
}

/// The sources among those alike that `seen` may have, by time.
fn find(sources: &[Source], alike: Option<&Alike>, replaced: &Replaced, seen: &Operation) -> Found {
    let Some(alike) = alike else { return Found::Nothing };
    let replaced = replaced.before(seen.invoked);
    let begun =
        alike.sources.partition_point(|source| sources[*source].invoked <= Some(seen.deadline()));
    let mut found = Found::Nothing;
    for at in (0..begun).rev() {
        if alike.deadlines_max[at] < replaced {
            break;
        }
        if sources[alike.sources[at]].deadline >= replaced {
            found = match found {
                Found::Nothing => Found::One(alike.sources[at]),
                Found::One(_) | Found::Several => return Found::Several,
            };
        }
    }
    found
}

/// Whether two clusters have to come before each other. Of such a pair at least one has an operation that ends before
/// another one of it begins, so that nothing else can be in between: these are sorted, and must not overlap.
fn contradict(clusters: &[Source]) -> bool {
    let is_long = |cluster: &&Source| cluster.first_end < cluster.last_begin;
    let mut long: Vec<_> = clusters.iter().filter(is_long).collect();
    long.sort_unstable_by_key(|cluster| cluster.first_end);
    if long.windows(2).any(|pair| pair[1].first_end < pair[0].last_begin) {
        return true;
    }
    clusters.iter().filter(|cluster| !is_long(cluster)).any(|short| {
        let before = long.partition_point(|long| long.first_end < short.last_begin);
        before.checked_sub(1).is_some_and(|last| short.first_end < long[last].last_begin)
    })
}
