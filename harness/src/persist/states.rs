//! The crash states at a point: one tree for every set of pending micro-operations that may have persisted,
//! identical trees once.
//!
//! A state is a set of micro-operations applied in the order of the recording (a later content of the same
//! thing replaces an earlier one, in whatever order blocks were written). Each is built from the state
//! before it: what differs is taken back and applied anew.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
};

use super::{
    disk::{Disk, Undo},
    ideals::Poset,
    operation::OperationId,
    order::Order,
    point::Point,
    recording::Recording,
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

/// One state that a power loss may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashState {
    /// The micro-operations that had been recorded and are lost. Another set may give the same tree.
    pub missing: BTreeSet<OperationId>,
    /// What is there.
    pub tree: Tree,
    /// The BLAKE3 digest of the tree: equal exactly for equal trees, across points and models.
    pub digest: [u8; 32],
}

/// Goes through a recording from point to point, and remembers what has become durable for good: the
/// states at a late point cost no more than those at an early one.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    recording: &'a Recording,
    order: &'a Order,
    /// The settled tree with the first `units` units, all of them durable at the latest point.
    disk: Disk,
    units: usize,
    latest: usize,
}

impl<'a> Walk<'a> {
    /// Starts at the beginning. `order` is a model's order of this recording.
    pub fn new(recording: &'a Recording, order: &'a Order) -> Self {
        Self { recording, order, disk: recording.settled().clone(), units: 0, latest: 0 }
    }

    /// The states at a point. Points may come in any order; a step back starts anew.
    pub fn states(&mut self, point: Point, limits: Limits) -> States<'a> {
        if point.calls < self.latest {
            *self = Self::new(self.recording, self.order);
        }
        self.latest = point.calls;
        let units = &self.order.units;
        let happened = units.partition_point(|unit| unit.call < point.calls);
        let is_durable =
            |unit: usize| units[unit].durable_after.is_some_and(|at| at <= point.calls);
        while self.units < happened && is_durable(self.units) {
            for place in units[self.units].operations.clone() {
                self.disk.apply(&self.recording.operations()[place].effect);
            }
            self.units += 1;
        }
        let pending: Vec<usize> =
            (self.units..happened).filter(|unit| !is_durable(*unit)).collect();
        let replayed =
            (self.units..happened).map(|unit| (unit, pending.binary_search(&unit).ok())).collect();
        let before = pending.iter().map(|unit| {
            let after = units[*unit].after_at(point.calls);
            after.filter_map(|earlier| pending.binary_search(&earlier).ok()).collect()
        });
        let (bound, ideals) = enumerate(Poset::new(before.collect()), limits);
        States {
            recording: self.recording,
            order: self.order,
            bound,
            ideals,
            pending,
            replayed,
            disk: self.disk.clone(),
            applied: Vec::new(),
            seen: HashSet::new(),
        }
    }
}

/// The crash states at a point, nothing missing first. See the module.
pub struct States<'a> {
    recording: &'a Recording,
    order: &'a Order,
    bound: Bound,
    ideals: Ideals,
    /// The units that are pending at the point, in order.
    pending: Vec<usize>,
    /// The units from the first pending one on, in order, with the place among the pending.
    replayed: Vec<(usize, Option<usize>)>,
    disk: Disk,
    /// For each replayed unit that the disk has been taken past: whether it persisted, and what undoes it.
    applied: Vec<(bool, Vec<Undo>)>,
    seen: HashSet<blake3::Hash>,
}

impl<'a> States<'a> {
    /// The states at one point only; see [`Walk`] for many.
    pub fn new(recording: &'a Recording, order: &'a Order, point: Point, limits: Limits) -> Self {
        Walk::new(recording, order).states(point, limits)
    }

    /// How much is enumerated.
    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// Takes the disk to the state in which these pending units have persisted.
    fn build(&mut self, ideal: &[bool]) {
        let persists = |pending: Option<usize>| pending.is_none_or(|pending| ideal[pending]);
        let agreed = self.applied.iter().zip(&self.replayed);
        let common =
            agreed.take_while(|((persisted, _), (_, p))| *persisted == persists(*p)).count();
        for (_, undos) in self.applied.drain(common..).rev() {
            undos.into_iter().rev().for_each(|undo| self.disk.undo(undo));
        }
        for (unit, pending) in &self.replayed[common..] {
            let persists = persists(*pending);
            let mut undos = Vec::new();
            if persists {
                for place in self.order.units[*unit].operations.clone() {
                    undos.push(self.disk.apply(&self.recording.operations()[place].effect));
                }
            }
            self.applied.push((persists, undos));
        }
    }
}

impl Iterator for States<'_> {
    type Item = CrashState;

    fn next(&mut self) -> Option<CrashState> {
        loop {
            let ideal = self.ideals.next()?;
            self.build(&ideal);
            let digest = self.disk.digest();
            if self.seen.insert(digest) {
                let lost = self.pending.iter().zip(&ideal).filter(|(_, persists)| !**persists);
                let missing = lost.flat_map(|(unit, _)| self.order.units[*unit].operations.clone());
                return Some(CrashState {
                    missing: missing.map(OperationId).collect(),
                    tree: self.disk.tree(),
                    digest: *digest.as_bytes(),
                });
            }
        }
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
