//! What a crash state has lost, and what would have kept it: the facts behind a counterexample, as data.
//!
//! A micro-operation says which inode it changes; people ask for the path, and for the sync that was
//! missing. A sync of the inode before the call came too early; one that lies between the call and the
//! power loss did not reach it; one after the power loss came too late.

use std::collections::BTreeSet;

use super::{
    disk::Disk,
    operation::{Call, CallKind, Effect, InodeId, OperationId, Sync},
    order::{Order, Unit},
    point::Point,
    recording::Recording,
};

/// What sort of thing is lost.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum LostKind {
    /// Bytes in a page of a file.
    Data,
    /// The size of a file, from a write or a truncation, with what the truncation dropped.
    Size,
    /// A directory entry that was made, removed or changed.
    Entry,
    /// A rename or an exchange, as a whole.
    Rename,
    /// An extended attribute.
    Attribute,
}

/// A directory entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The directory, which a sync would have had to reach.
    pub directory: InodeId,
    /// The directory's path when the call was made, empty for the root; none if it had none.
    pub path: Option<String>,
    /// The name in it.
    pub name: String,
}

/// An atomic update that is lost.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lost {
    /// Index of the call that made it.
    pub call: usize,
    /// What it is.
    pub kind: LostKind,
    /// Its micro-operations.
    pub operations: Vec<OperationId>,
    /// The file whose content is concerned, or to which the entry belongs: for a rename, the one that
    /// moved.
    pub inode: InodeId,
    /// A path of that file when the call was made: the first of several, before the call's own effect. Else
    /// the first that it got later, before the power loss; else none.
    pub path: Option<String>,
    /// The entries, for [`LostKind::Entry`] and [`LostKind::Rename`]: where a rename led first, then where
    /// it came from.
    pub entries: Vec<Place>,
    /// The inodes of which one would have had to be synced: the file for content, the directories for
    /// entries.
    pub needed: Vec<InodeId>,
    /// Index of the latest call before it that synced one of them: too early.
    pub synced_before: Option<usize>,
    /// Index of the latest call between it and the power loss that synced one of them, and did not reach
    /// it: another range, an attribute left out, a sync that promises nothing.
    pub synced_between: Option<usize>,
    /// Index of the first call after the power loss that synced one of them: too late.
    pub synced_after: Option<usize>,
    /// Index of the call, before the power loss, that failed to sync it and took it for written.
    pub sync_failed: Option<usize>,
}

impl Lost {
    /// The same with other numbers for its calls: those of the events that a trace tells of, say.
    #[must_use]
    pub fn renumbered(mut self, number: impl Fn(usize) -> usize) -> Self {
        self.call = number(self.call);
        for call in [
            &mut self.synced_before,
            &mut self.synced_between,
            &mut self.synced_after,
            &mut self.sync_failed,
        ] {
            *call = call.map(&number);
        }
        self
    }
}

/// Explains the micro-operations that are missing at a point, in the order of their calls. Those of one
/// atomic update are one.
pub fn explain(
    recording: &Recording,
    order: &Order,
    point: Point,
    missing: &BTreeSet<OperationId>,
) -> Vec<Lost> {
    let lost = order.units.iter().filter(|unit| {
        unit.call < point.calls
            && unit.operations.clone().any(|place| missing.contains(&OperationId(place)))
    });
    // The tree as it was when each call was made, one after the other.
    let mut then = recording.settled().clone();
    let mut applied = 0;
    lost.map(|unit| {
        let start = recording.operations().partition_point(|made| made.call < unit.call);
        for made in &recording.operations()[applied..start] {
            apply_entry(&mut then, &made.effect);
        }
        applied = start;
        describe(recording, unit, point, &then)
    })
    .collect()
}

/// Paths need no contents.
fn apply_entry(disk: &mut Disk, effect: &Effect) {
    if matches!(effect, Effect::Insert { .. } | Effect::Remove { .. }) {
        disk.apply(effect);
    }
}

fn describe(recording: &Recording, unit: &Unit, point: Point, then: &Disk) -> Lost {
    let made = &recording.operations()[unit.operations.clone()];
    let call = unit.call;
    let place = |directory: &InodeId, name: &str| Place {
        directory: *directory,
        path: then.paths_of(*directory).into_iter().next(),
        name: name.to_owned(),
    };
    let entries: Vec<Place> = made
        .iter()
        .filter_map(|made| match &made.effect {
            Effect::Insert { directory, name, .. } | Effect::Remove { directory, name, .. } => {
                Some(place(directory, name))
            }
            _ => None,
        })
        .collect();
    let (kind, inode) = match &made[0].effect {
        Effect::Data { inode, .. } => (LostKind::Data, *inode),
        Effect::Size { inode, .. } | Effect::Discard { inode, .. } => (LostKind::Size, *inode),
        Effect::Attribute { inode, .. } => (LostKind::Attribute, *inode),
        Effect::Insert { inode, .. } | Effect::Remove { inode, .. } => {
            let is_rename = recording.calls()[call].kind == CallKind::Rename;
            (if is_rename { LostKind::Rename } else { LostKind::Entry }, *inode)
        }
    };
    let needed: BTreeSet<InodeId> = made.iter().map(|made| made.effect.content_of()).collect();
    let syncs = |call: &Call| call.sync.is_some_and(|sync| concerns(sync, &needed));
    let calls = recording.calls();
    // A call that writes and syncs has its effects first.
    let between = call..point.calls;
    Lost {
        call,
        kind,
        operations: unit.operations.clone().map(OperationId).collect(),
        inode,
        path: path_of(recording, inode, unit, point, then),
        entries,
        synced_before: calls[..call].iter().rposition(syncs),
        synced_between: calls[between].iter().rposition(syncs).map(|after| call + after),
        synced_after: calls[point.calls..].iter().position(syncs).map(|after| point.calls + after),
        sync_failed: unit.clean_after.filter(|calls| *calls <= point.calls).map(|calls| calls - 1),
        needed: needed.into_iter().collect(),
    }
}

/// Whether a sync is of one of these inodes, as far as its descriptor goes.
fn concerns(sync: Sync, inodes: &BTreeSet<InodeId>) -> bool {
    match sync {
        Sync::Fsync(inode)
        | Sync::Fdatasync(inode)
        | Sync::WriteSync(inode, ..)
        | Sync::WriteDataSync(inode, ..)
        | Sync::Msync(inode, ..)
        | Sync::SyncFileRange(inode, ..) => inodes.contains(&inode),
        Sync::Sync | Sync::Syncfs => true,
    }
}

fn path_of(
    recording: &Recording,
    inode: InodeId,
    unit: &Unit,
    point: Point,
    then: &Disk,
) -> Option<String> {
    if let Some(path) = then.paths_of(inode).into_iter().next() {
        return Some(path);
    }
    let mut later = then.clone();
    let start = recording.operations().partition_point(|made| made.call < unit.call);
    for made in &recording.operations()[start..] {
        if made.call >= point.calls {
            break;
        }
        apply_entry(&mut later, &made.effect);
        if matches!(&made.effect, Effect::Insert { inode: named, .. } if *named == inode) {
            return later.paths_of(inode).into_iter().next();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{history::Tree, persist::STRICT};

    /// What is lost if nothing pending has persisted.
    fn all_lost(recording: &Recording) -> Vec<Lost> {
        let order = Order::new(recording, &STRICT);
        let pending = order.units.iter().filter(|unit| unit.durable_after.is_none());
        let missing = pending.flat_map(|unit| unit.operations.clone().map(OperationId)).collect();
        explain(recording, &order, recording.end(), &missing)
    }

    #[test]
    fn a_rename_without_a_sync_of_the_directory() {
        let mut recording = Recording::new(&Tree::default());
        let directory = recording.mkdir("d").unwrap();
        recording.sync(Sync::Sync);
        let file = recording.create("d/t").unwrap();
        recording.sync(Sync::Fsync(directory));
        recording.rename("d/t", "d/f").unwrap();
        recording.append(file, b"text").unwrap();
        let lost = all_lost(&recording);
        let place = |name: &str| Place { directory, path: Some("d".into()), name: name.into() };
        assert_eq!(lost.len(), 3, "{lost:?}");
        assert_eq!(
            lost[0],
            Lost {
                call: 4,
                kind: LostKind::Rename,
                operations: vec![OperationId(2), OperationId(3)],
                inode: file,
                path: Some("d/t".into()),
                entries: vec![place("f"), place("t")],
                needed: vec![directory],
                synced_before: Some(3),
                synced_between: None,
                synced_after: None,
                sync_failed: None,
            }
        );
        assert_eq!((lost[1].kind, lost[2].kind), (LostKind::Data, LostKind::Size));
        assert_eq!(lost[2].path.as_deref(), Some("d/f"), "the name when the call was made");
        assert_eq!(lost[2].synced_before, Some(1), "sync reaches everything");
    }

    #[test]
    fn what_was_too_late_too_little_or_failed() {
        let mut recording = Recording::new(&Tree::default());
        let file = recording.create_unnamed();
        recording.append(file, b"text").unwrap();
        recording.fail_sync(file);
        recording.set_attribute(file, "user.n", Some(b"v")).unwrap();
        recording.sync(Sync::Fdatasync(file));
        recording.link_inode(file, "f").unwrap();
        let point = recording.end();
        recording.sync(Sync::Fsync(file));
        let order = Order::new(&recording, &STRICT);
        let missing = BTreeSet::from([OperationId(0), OperationId(2), OperationId(3)]);
        let lost = explain(&recording, &order, point, &missing);
        let [data, attribute, entry] = &lost[..] else { panic!("{lost:?}") };
        assert_eq!((data.kind, data.path.as_deref()), (LostKind::Data, Some("f")));
        assert_eq!((data.sync_failed, data.synced_between), (Some(2), Some(4)));
        assert_eq!((data.synced_before, data.synced_after), (None, Some(6)));
        assert_eq!((attribute.kind, attribute.sync_failed), (LostKind::Attribute, None));
        assert_eq!((attribute.synced_between, attribute.synced_after), (Some(4), Some(6)));
        assert_eq!((entry.kind, entry.path.as_deref()), (LostKind::Entry, Some("f")));
        assert_eq!(entry.entries[0].path.as_deref(), Some(""));
        assert_eq!((entry.synced_before, entry.synced_after), (None, None));
    }
}
