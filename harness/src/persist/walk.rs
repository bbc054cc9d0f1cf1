//! From point to point through a recording: what has become durable for good is kept applied, so that the
//! states at a late point cost no more than those at an early one.
//!
//! Something early may stay pending to the end, as the entry of a lock file whose directory nobody syncs.
//! Later updates that are durable do not wait for it: they are applied below it, unless both change the
//! same thing.

use std::collections::BTreeSet;

use super::{
    disk::Disk,
    operation::OperationId,
    order::{Order, Unit},
    point::Point,
    recording::Recording,
    states::{Limits, States},
};
use crate::history::Tree;

/// See the module.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    recording: &'a Recording,
    order: &'a Order,
    /// The settled tree with the units that are durable at the latest point, but for those in `kept`.
    base: Disk,
    /// The units that have happened by then and are not in the base: pending ones, and durable ones upon
    /// them. In order.
    kept: Vec<usize>,
    /// How many units have happened by then.
    happened: usize,
    latest: usize,
}

impl<'a> Walk<'a> {
    /// Starts at the beginning. `order` is a model's order of this recording.
    pub fn new(recording: &'a Recording, order: &'a Order) -> Self {
        let base = recording.settled().clone();
        Self { recording, order, base, kept: Vec::new(), happened: 0, latest: 0 }
    }

    /// The states at a point. Points may come in any order; a step back starts anew.
    pub fn states(&mut self, point: Point, limits: Limits) -> States<'a> {
        self.go_to(point);
        States::above(self.recording, self.order, self.base.clone(), &self.kept, point, limits)
    }

    /// The tree at a point with exactly these micro-operations missing; none where the model does not
    /// allow it: one of them is durable or has not happened, or something that has persisted comes after it
    /// or together with it.
    pub fn state(&mut self, point: Point, missing: &BTreeSet<OperationId>) -> Option<Tree> {
        self.go_to(point);
        let units = &self.order.units;
        let mut absent = BTreeSet::new();
        for unit in &self.kept {
            let lost = units[*unit].operations.clone().map(OperationId);
            let lost = lost.filter(|operation| missing.contains(operation)).count();
            if lost == units[*unit].operations.len() && !units[*unit].is_durable_at(point) {
                absent.insert(*unit);
            } else if lost > 0
                || units[*unit].after_at(point.calls).any(|unit| absent.contains(&unit))
            {
                return None;
            }
        }
        let found: usize = absent.iter().map(|unit| units[*unit].operations.len()).sum();
        if found < missing.len() {
            return None;
        }
        let mut disk = self.base.clone();
        for unit in self.kept.iter().filter(|unit| !absent.contains(unit)) {
            apply(&mut disk, self.recording, &units[*unit]);
        }
        Some(disk.tree())
    }

    /// The tree at a point with everything missing that may be: what is on disk for sure. What something durable
    /// rests on is there as well.
    pub fn durable(&mut self, point: Point) -> Tree {
        self.go_to(point);
        let units = &self.order.units;
        let mut present: BTreeSet<usize> = BTreeSet::new();
        for unit in self.kept.iter().rev() {
            if units[*unit].is_durable_at(point) || present.contains(unit) {
                present.insert(*unit);
                present.extend(units[*unit].after_at(point.calls));
            }
        }
        let mut disk = self.base.clone();
        for unit in self.kept.iter().filter(|unit| present.contains(unit)) {
            apply(&mut disk, self.recording, &units[*unit]);
        }
        disk.tree()
    }

    fn go_to(&mut self, point: Point) {
        if point.calls < self.latest {
            *self = Self::new(self.recording, self.order);
        }
        self.latest = point.calls;
        let units = &self.order.units;
        let happened = units.partition_point(|unit| unit.call < point.calls);
        let kept = std::mem::take(&mut self.kept);
        for unit in kept.into_iter().chain(self.happened..happened) {
            let changes =
                |unit: usize| &self.recording.operations()[units[unit].operations.clone()];
            let meets = |earlier: &usize| {
                let earlier = changes(*earlier);
                changes(unit)
                    .iter()
                    .any(|one| earlier.iter().any(|it| it.effect.meets(&one.effect)))
            };
            if units[unit].is_durable_at(point) && !self.kept.iter().any(meets) {
                apply(&mut self.base, self.recording, &units[unit]);
            } else {
                self.kept.push(unit);
            }
        }
        self.happened = happened;
        // Hashed once here, and not in every copy.
        self.base.digest();
    }
}

fn apply(disk: &mut Disk, recording: &Recording, unit: &Unit) {
    for operation in &recording.operations()[unit.operations.clone()] {
        disk.apply(&operation.effect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::Node,
        persist::{Sync, XFS},
    };

    /// An append that is pending under a truncation which another sync has made durable.
    #[test]
    fn what_is_durable_upon_something_pending_cannot_be_missing() {
        let tree = [("f".to_owned(), Node::File(Vec::new().into()))].into_iter().collect();
        let mut recording = Recording::new(&tree);
        let file = recording.resolve("f").unwrap();
        recording.append(file, b"b").unwrap();
        recording.truncate(file, 0).unwrap();
        let directory = recording.mkdir("e").unwrap();
        recording.sync(Sync::Fsync(directory));
        let order = Order::new(&recording, &XFS);
        let mut walk = Walk::new(&recording, &order);
        let mut state = |missing: &[usize]| {
            let missing = missing.iter().copied().map(OperationId).collect();
            walk.state(recording.end(), &missing)
        };
        assert_eq!(state(&[0, 1]).unwrap().nodes["f"], Node::File(Vec::new().into()));
        assert_eq!(state(&[2, 3]), None, "the truncation is durable");
        assert_eq!(state(&[0, 1, 2, 3]), None);
    }

    /// A synced file whose name nobody synced is not there for sure; one whose directory was synced is, and so is the
    /// directory that it is in.
    #[test]
    fn on_disk_for_sure_is_what_no_loss_can_take() {
        let mut recording = Recording::new(&Tree::default());
        let file = recording.create("f").unwrap();
        recording.append(file, b"b").unwrap();
        recording.sync(Sync::Fsync(file));
        let synced = recording.end();
        let root = recording.resolve("").unwrap();
        recording.sync(Sync::Fsync(root));
        recording.append(file, b"c").unwrap();
        {
            let order = Order::new(&recording, &crate::persist::STRICT);
            let mut walk = Walk::new(&recording, &order);
            assert_eq!(walk.durable(Point { calls: 0, acknowledged: 0 }), Tree::default());
            assert_eq!(walk.durable(synced), Tree::default(), "its name may be lost");
            let sure = walk.durable(recording.end());
            assert_eq!(sure.nodes["f"], Node::File(b"b".to_vec().into()), "the second byte may be");
            let all = walk.state(recording.end(), &BTreeSet::new()).unwrap();
            assert_eq!(all.nodes["f"], Node::File(b"bc".to_vec().into()));
        }
    }

    /// A failed sync changes what is allowed from then on, and nothing before.
    #[test]
    fn before_a_sync_fails_its_data_is_waited_for() {
        let mut recording = Recording::new(&Tree::default());
        let file = recording.create("f").unwrap();
        recording.append(file, b"b").unwrap();
        let before = recording.end();
        recording.fail_sync(file);
        let order = Order::new(&recording, &XFS);
        let mut walk = Walk::new(&recording, &order);
        let without_data = BTreeSet::from([OperationId(1)]);
        assert_eq!(walk.state(before, &without_data), None);
        let zeros = Node::File(vec![0].into());
        assert_eq!(walk.state(recording.end(), &without_data).unwrap().nodes["f"], zeros);
        assert_eq!(walk.state(before, &without_data), None, "a step back starts anew");
    }
}
