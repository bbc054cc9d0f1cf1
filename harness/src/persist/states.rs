//! The crash states at a point: one tree for every set of pending micro-operations that may have persisted,
//! identical trees once.
//!
//! A state is a set of micro-operations applied in the order of the recording (a later content of the same
//! thing replaces an earlier one, in whatever order blocks were written). Each is built from the state
//! before it: the slots that differ are filled anew, and only what they touch is hashed again.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use super::{
    disk::{Disk, Slot},
    ideals::Poset,
    operation::{Effect, OperationId, PAGE_BYTES},
    order::Order,
    point::Point,
    recording::Recording,
    walk::Walk,
};
use crate::history::Tree;

/// Up to this many states at a point, all are enumerated: a second or so of judging.
const EXHAUSTIVE_STATES_MAX: usize = 4096;
/// Beyond, up to this many atomic updates are lost, or kept: the small-scope hypothesis of B3 (OSDI 2018),
/// by which most crash-consistency bugs need only a few operations.
const BOUNDED_DISTANCE_MAX: usize = 2;
/// And this many random states are drawn.
const SAMPLES: usize = 200;

/// What bounds the enumeration at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Up to this many states, all are enumerated.
    pub exhaustive_states_max: usize,
    /// Beyond, states up to this far from nothing lost and from nothing kept, in atomic updates; less far
    /// where there would be more of them than `exhaustive_states_max` on each side.
    pub distance_max: usize,
    /// And this many random states.
    pub samples: usize,
    /// Which ones.
    pub seed: u64,
}

impl Limits {
    /// The usual limits with this seed.
    pub fn seeded(seed: u64) -> Self {
        Self {
            exhaustive_states_max: EXHAUSTIVE_STATES_MAX,
            distance_max: BOUNDED_DISTANCE_MAX,
            samples: SAMPLES,
            seed,
        }
    }
}

/// How much of what is possible was enumerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// All of it.
    Exhaustive {
        /// The number of order ideals; the number of distinct trees may be smaller.
        states: usize,
    },
    /// Some of it.
    Bounded {
        /// Up to this many operations lost, or kept.
        distance: usize,
        /// Random states drawn.
        samples: usize,
        /// With this seed.
        seed: u64,
    },
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhaustive { states: 1 } => write!(f, "exhaustive: 1 state"),
            Self::Exhaustive { states } => write!(f, "exhaustive: {states} states"),
            Self::Bounded { distance, samples, seed } => {
                let plural = if *distance == 1 { "" } else { "s" };
                write!(f, "bounded: up to {distance} operation{plural} lost or {distance} kept, ")?;
                write!(f, "{samples} samples, seed {seed}")
            }
        }
    }
}

/// One state that a power loss may leave; [`States::tree`] is what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashState {
    /// The micro-operations that had been recorded and are lost. Another set may give the same tree.
    pub missing: BTreeSet<OperationId>,
    /// The BLAKE3 digest of the tree: equal exactly for equal trees, across points, models and recordings.
    pub digest: [u8; 32],
}

/// The crash states at a point, nothing missing first. See the module.
pub struct States<'a> {
    recording: &'a Recording,
    order: &'a Order,
    point: Point,
    bound: Bound,
    ideals: Ideals,
    /// What is durable for good, with everything else still missing.
    base: Disk,
    /// The units that are pending at the point, in order, and whether they persist in the current state.
    pending: Vec<usize>,
    persists: Vec<bool>,
    slots: Vec<Layers>,
    /// For each pending unit the slots that it touches.
    touched: Vec<Vec<usize>>,
    disk: Disk,
    seen: HashSet<[u8; 32]>,
    /// Only states with one of the pending units from this place on; none for all states.
    with_any_from: Option<usize>,
}

/// What has been written into a slot since the base, in order: the place among the pending units, if it is
/// one of them, and the micro-operation.
struct Layers {
    slot: Slot,
    written: Vec<(Option<usize>, usize)>,
}

impl<'a> States<'a> {
    /// The states at one point only; see [`Walk`] for many.
    pub fn new(recording: &'a Recording, order: &'a Order, point: Point, limits: Limits) -> Self {
        Walk::new(recording, order).states(point, limits)
    }

    /// The states in which `kept` units have happened upon a base, some of them durable.
    pub(super) fn above(
        recording: &'a Recording,
        order: &'a Order,
        base: Disk,
        kept: &[usize],
        point: Point,
        limits: Limits,
    ) -> Self {
        let units = &order.units;
        let pending: Vec<usize> =
            kept.iter().copied().filter(|unit| !units[*unit].is_durable_at(point)).collect();
        let place = |unit: usize| pending.binary_search(&unit).ok();
        let before = pending
            .iter()
            .map(|unit| units[*unit].after_at(point.calls).filter_map(place).collect());
        let (bound, ideals) = enumerate(Poset::new(before.collect()), limits);
        let mut disk = base.clone();
        let mut layers = Layered::new();
        for (unit, operation) in kept
            .iter()
            .flat_map(|unit| units[*unit].operations.clone().map(|operation| (*unit, operation)))
        {
            let effect = &recording.operations()[operation].effect;
            for slot in slots(effect, &base, &layers) {
                layers.entry(slot).or_default().push((place(unit), operation));
            }
            disk.apply(effect);
        }
        let mut touched = vec![Vec::new(); pending.len()];
        let slots = layers.into_iter().map(|(slot, written)| Layers { slot, written });
        let slots: Vec<Layers> = slots.collect();
        for (index, layers) in slots.iter().enumerate() {
            for pending in layers.written.iter().filter_map(|(pending, _)| *pending) {
                touched[pending].push(index);
            }
        }
        let persists = vec![true; pending.len()];
        let seen = HashSet::new();
        Self {
            recording,
            order,
            point,
            bound,
            ideals,
            base,
            pending,
            persists,
            slots,
            touched,
            disk,
            seen,
            with_any_from: None,
        }
    }

    /// Leaves out what was possible when only so many calls had been made: a state in which nothing that was done
    /// since has persisted is one of those at that earlier point, unless a sync failed in between.
    #[must_use]
    pub fn beyond(mut self, calls: usize) -> Self {
        let units = &self.order.units;
        let from = self.pending.partition_point(|unit| units[*unit].call < calls);
        let since = units.partition_point(|unit| unit.call < self.point.calls)
            - units.partition_point(|unit| unit.call < calls);
        // What is durable already is in every state from now on, and was in none before.
        if self.pending.len() - from == since {
            self.with_any_from = Some(from);
        }
        self
    }

    /// How much is enumerated.
    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// Goes on to the next state whose tree is none of those before it at this point.
    pub fn advance(&mut self) -> Option<CrashState> {
        loop {
            let ideal = self.ideals.next()?;
            if self.with_any_from.is_some_and(|from| !ideal[from..].contains(&true)) {
                continue;
            }
            self.go_to(ideal);
            let digest = *self.disk.digest().as_bytes();
            if self.seen.insert(digest) {
                let lost =
                    self.pending.iter().zip(&self.persists).filter(|(_, persists)| !**persists);
                let missing = lost.flat_map(|(unit, _)| self.order.units[*unit].operations.clone());
                return Some(CrashState { missing: missing.map(OperationId).collect(), digest });
            }
        }
    }

    /// The tree of the state that [`States::advance`] has given last.
    pub fn tree(&self) -> Tree {
        self.disk.tree()
    }

    /// Takes the disk to the state in which these pending units have persisted.
    fn go_to(&mut self, ideal: Vec<bool>) {
        let before = std::mem::replace(&mut self.persists, ideal);
        let changed = before.iter().zip(&self.persists).zip(&self.touched);
        let changed = changed.filter(|((before, now), _)| before != now);
        let slots: BTreeSet<usize> = changed.flat_map(|(_, touched)| touched).copied().collect();
        for slot in slots {
            let Layers { slot, written } = &self.slots[slot];
            let persisted =
                |pending: Option<usize>| pending.is_none_or(|pending| self.persists[pending]);
            // Bytes are added to a page; anything else is replaced as a whole, so that the last one counts.
            let first = match slot {
                Slot::Page(..) => Some(0),
                _ => written.iter().rposition(|(pending, _)| persisted(*pending)),
            };
            if first.is_none_or(|_| matches!(slot, Slot::Page(..))) {
                self.disk.restore(slot, &self.base);
            }
            for (pending, operation) in &written[first.unwrap_or(written.len())..] {
                if persisted(*pending) {
                    self.disk.apply_within(slot, &self.recording.operations()[*operation].effect);
                }
            }
        }
    }
}

type Layered = BTreeMap<Slot, Vec<(Option<usize>, usize)>>;

/// The slots that an effect writes into: of the pages that a truncation drops, those that have content in
/// any state.
fn slots(effect: &Effect, base: &Disk, layered: &Layered) -> Vec<Slot> {
    match effect {
        Effect::Data { inode, page, .. } => vec![Slot::Page(*inode, *page)],
        Effect::Size { inode, .. } => vec![Slot::Size(*inode)],
        Effect::Discard { inode, from } => {
            let dropped = from / PAGE_BYTES..;
            let settled = base.file(*inode).into_iter().flat_map(|image| image.pages().keys());
            let settled = settled.filter(|page| dropped.contains(*page));
            let settled = settled.map(|page| Slot::Page(*inode, *page));
            let written = Slot::Page(*inode, dropped.start)..=Slot::Page(*inode, u64::MAX);
            let written = layered.range(written).map(|(slot, _)| slot.clone());
            settled.chain(written).collect::<BTreeSet<_>>().into_iter().collect()
        }
        Effect::Insert { directory, name, .. } | Effect::Remove { directory, name, .. } => {
            vec![Slot::Entry(*directory, name.clone())]
        }
        Effect::Attribute { inode, name, .. } => vec![Slot::Attribute(*inode, name.clone())],
    }
}

type Ideals = Box<dyn Iterator<Item = Vec<bool>>>;

fn enumerate(poset: Poset, limits: Limits) -> (Bound, Ideals) {
    if let Some(states) = poset.count(limits.exhaustive_states_max) {
        return (Bound::Exhaustive { states }, Box::new(poset.into_all()));
    }
    let Limits { samples, seed, .. } = limits;
    let distance = (0..=limits.distance_max)
        .rev()
        .find(|distance| {
            let sets = poset.len().checked_pow(*distance as u32);
            sets.is_some_and(|sets| sets <= limits.exhaustive_states_max)
        })
        .unwrap_or(0);
    let ideals = poset
        .lacking(distance)
        .into_iter()
        .chain(poset.holding(distance))
        .chain(poset.samples(samples, seed));
    (Bound::Bounded { distance, samples, seed }, Box::new(ideals))
}
