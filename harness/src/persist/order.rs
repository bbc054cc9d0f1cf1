//! A model's rules applied to a recording: which micro-operations stand and fall together, which persist
//! only after which, and from when on each is durable.
//!
//! Units (atomic groups) are in the order of the recording, and every edge leads from a later unit to an
//! earlier one, so the order of the recording is always legal. Only edges that others do not imply are
//! kept where that is cheap.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
};

use super::{
    model::{Model, Reach, SizeFollows},
    operation::{
        CallKind, Effect, InodeId, MicroOperation, OperationId, PAGE_BYTES, SizeCause, Sync,
    },
    recording::Recording,
};

/// Micro-operations that persist together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Index of the call that they belong to.
    pub call: usize,
    /// Their places in the recording.
    pub operations: Range<usize>,
    /// The units that must have persisted before this one, all of them earlier.
    pub after: BTreeSet<usize>,
    /// The number of calls after which a sync has made it durable, if one has.
    pub durable_after: Option<usize>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// In the order of the recording.
    pub units: Vec<Unit>,
}

impl Order {
    /// Applies a model to a recording.
    pub fn new(recording: &Recording, model: &Model) -> Self {
        let mut builder = Builder {
            model,
            recording,
            units: Vec::new(),
            unit_of: Vec::new(),
            latest: Latest::default(),
        };
        let mut next = 0;
        for (call, made) in recording.calls().iter().enumerate() {
            let start = next;
            while recording.operations().get(next).is_some_and(|made| made.call == call) {
                next += 1;
            }
            let whole = match made.kind {
                CallKind::Rename => true,
                CallKind::Truncate => model.truncation_is_atomic,
                CallKind::Write | CallKind::Entry | CallKind::Sync => false,
            };
            builder.call(call, start..next, whole);
            if let Some(sync) = made.sync {
                builder.sync(call, sync);
            }
        }
        Self { units: builder.units }
    }

    /// The unit that a micro-operation belongs to.
    pub fn unit_of(&self, operation: OperationId) -> Option<&Unit> {
        let next = self.units.partition_point(|unit| unit.operations.start <= operation.0);
        self.units[..next].last().filter(|unit| unit.operations.contains(&operation.0))
    }
}

/// The latest operation on each thing that has one content at a time, by place in the recording.
#[derive(Default)]
struct Latest {
    page: HashMap<InodeId, BTreeMap<u64, usize>>,
    /// Pages that got their block within the recording.
    allocated: HashMap<InodeId, BTreeSet<u64>>,
    discards: HashMap<InodeId, Vec<(usize, u64)>>,
    size: HashMap<InodeId, usize>,
    truncation: HashMap<InodeId, usize>,
    entry: HashMap<(InodeId, Arc<str>), usize>,
    metadata: Option<usize>,
}

struct Builder<'a> {
    model: &'a Model,
    recording: &'a Recording,
    units: Vec<Unit>,
    /// The unit of each operation.
    unit_of: Vec<usize>,
    latest: Latest,
}

impl Builder<'_> {
    fn call(&mut self, call: usize, operations: Range<usize>, whole: bool) {
        // Metadata within one call does not wait for itself.
        let metadata_before = self.latest.metadata;
        for place in operations.clone() {
            if !whole || place == operations.start {
                let end = if whole { operations.end } else { place + 1 };
                let after = BTreeSet::new();
                let operations = place..end;
                self.units.push(Unit { call, operations, after, durable_after: None });
            }
            let unit = self.units.len() - 1;
            self.unit_of.push(unit);
            let effect = &self.recording.operations()[place].effect;
            let before = self.before(place, effect, operations.start, metadata_before);
            for place in before {
                if self.unit_of[place] != unit {
                    self.units[unit].after.insert(self.unit_of[place]);
                }
            }
            if effect.is_metadata() {
                self.latest.metadata = Some(place);
            }
        }
    }

    /// The operations that must persist before this one; notes it as the latest of its kind.
    fn before(
        &mut self,
        place: usize,
        effect: &Effect,
        call_start: usize,
        metadata: Option<usize>,
    ) -> Vec<usize> {
        let Self { model, recording, latest, .. } = self;
        let mut before = Vec::new();
        let waits_for_metadata = match effect {
            Effect::Data { allocates, .. } => *allocates,
            _ => true,
        };
        if model.metadata_is_ordered && waits_for_metadata {
            before.extend(metadata);
        }
        match effect {
            Effect::Data { inode, page, allocates, .. } => {
                let discards = latest.discards.get(inode).into_iter().flatten().rev();
                let discard = discards
                    .map(|(place, from)| (*place, *from))
                    .find(|(_, from)| *from < (page + 1) * PAGE_BYTES);
                before.extend(discard.map(|(place, _)| place));
                before.extend(latest.page.entry(*inode).or_default().insert(*page, place));
                if *allocates {
                    latest.allocated.entry(*inode).or_default().insert(*page);
                }
            }
            Effect::Size { inode, cause: SizeCause::Write, .. } => {
                before.extend(latest.size.insert(*inode, place));
                let same_call = recording.operations()[call_start..place].iter();
                before.extend((call_start..).zip(same_call).filter_map(|(place, operation)| {
                    let waits = match (&operation.effect, model.size_follows) {
                        (Effect::Data { .. }, SizeFollows::EveryPage) => true,
                        (Effect::Data { allocates, .. }, SizeFollows::AllocatedPages) => *allocates,
                        _ => false,
                    };
                    waits.then_some(place)
                }));
            }
            // Not after sizes that writes moved, nor after the data that it cuts off: a truncation persists
            // over what delayed allocation never wrote.
            Effect::Size { inode, cause: SizeCause::Truncation, .. } => {
                latest.size.insert(*inode, place);
                before.extend(latest.truncation.insert(*inode, place));
            }
            Effect::Discard { inode, from } => {
                let discards = latest.discards.entry(*inode).or_default();
                before.extend(discards.last().map(|(place, _)| *place));
                discards.push((place, *from));
                // A page of which some is kept goes on from its last content; the others begin anew.
                let first_dropped = from.div_ceil(PAGE_BYTES);
                latest.page.entry(*inode).or_default().split_off(&first_dropped);
            }
            Effect::Insert { directory, name, inode, replaces } => {
                before.extend(latest.entry.insert((*directory, name.clone()), place));
                if model.replacing_rename_follows_data && replaces.is_some() {
                    let pages = latest.page.get(inode);
                    let allocated = latest.allocated.get(inode).into_iter().flatten();
                    before.extend(allocated.filter_map(|page| pages?.get(page)));
                    before.extend(latest.size.get(inode));
                }
            }
            Effect::Remove { directory, name, .. } => {
                before.extend(latest.entry.insert((*directory, name.clone()), place));
            }
        }
        before
    }

    /// Makes durable what a sync reaches, with all that it depends on.
    fn sync(&mut self, call: usize, sync: Sync) {
        let syncs = &self.model.syncs;
        let is_directory = |inode| self.recording.is_directory(inode);
        let (reach, inode, pages) = match sync {
            Sync::Fsync(inode) | Sync::Fdatasync(inode) if is_directory(inode) => {
                (syncs.directory, inode, 0..=u64::MAX)
            }
            Sync::Fsync(inode) => (syncs.fsync, inode, 0..=u64::MAX),
            Sync::Fdatasync(inode) => (syncs.fdatasync, inode, 0..=u64::MAX),
            Sync::WriteSync(inode, first, last) => (syncs.o_sync, inode, first..=last),
            Sync::WriteDataSync(inode, first, last) => (syncs.o_dsync, inode, first..=last),
            Sync::Msync(inode, first, last) => (syncs.msync, inode, first..=last),
            Sync::SyncFileRange(inode, first, last) => (syncs.sync_file_range, inode, first..=last),
            Sync::Sync => (syncs.sync, InodeId(0), 0..=u64::MAX),
            Sync::Syncfs => (syncs.syncfs, InodeId(0), 0..=u64::MAX),
        };
        let reaches = |operation: &MicroOperation| {
            let effect = &operation.effect;
            let in_range = match effect {
                Effect::Data { page, .. } => pages.contains(page),
                _ => true,
            };
            match reach {
                Reach::Nothing => false,
                Reach::Range => effect.is_content_of(inode) && in_range,
                Reach::RangeAndNames => {
                    (effect.is_content_of(inode) && in_range) || effect.is_name_of(inode)
                }
                Reach::Contents => effect.is_content_of(inode),
                Reach::ContentsAndNames => effect.is_content_of(inode) || effect.is_name_of(inode),
                Reach::Everything => true,
            }
        };
        let operations = self.recording.operations().iter().zip(&self.unit_of);
        let mut reached: Vec<usize> = operations
            .filter(|(operation, unit)| {
                self.units[**unit].durable_after.is_none() && reaches(operation)
            })
            .map(|(_, unit)| *unit)
            .collect();
        while let Some(unit) = reached.pop() {
            if self.units[unit].durable_after.is_none() {
                self.units[unit].durable_after = Some(call + 1);
                reached.extend(&self.units[unit].after);
            }
        }
    }
}
