//! A model's rules applied to a recording: which micro-operations stand and fall together, which persist
//! only after which, and from when on each is durable.
//!
//! Units (atomic groups) are in the order of the recording, and every edge leads from a later unit to an
//! earlier one, so the order of the recording is always legal. An edge may lapse: a failed sync takes data
//! for written, and nothing waits for it from then on. Only edges that others do not imply are
//! kept where that is cheap.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use super::{
    model::{Model, Reach, SizeFollows},
    operation::{CallKind, Effect, InodeId, OperationId, PAGE_BYTES, SizeCause, Sync},
    point::Point,
    recording::Recording,
};

/// Micro-operations that persist together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Index of the call that they belong to.
    pub call: usize,
    /// Their places in the recording.
    pub operations: Range<usize>,
    /// The units that must have persisted before this one, all of them earlier; see [`Unit::after_at`].
    pub after: BTreeSet<usize>,
    /// Those of them for which it no longer waits, because a failed sync has taken them for written, with
    /// the number of calls since when.
    pub lapsed: BTreeMap<usize, usize>,
    /// The number of calls after which a sync has made it durable, if one has.
    pub durable_after: Option<usize>,
    /// The number of calls after which a failed sync has taken it for written. Only a later write of the
    /// same page can make it durable then.
    pub clean_after: Option<usize>,
}

impl Unit {
    fn new(call: usize, operations: Range<usize>) -> Self {
        Self {
            call,
            operations,
            after: BTreeSet::new(),
            lapsed: BTreeMap::new(),
            durable_after: None,
            clean_after: None,
        }
    }

    /// Whether a sync has made it durable by then.
    pub fn is_durable_at(&self, point: Point) -> bool {
        self.durable_after.is_some_and(|calls| calls <= point.calls)
    }

    /// The units that must have persisted before this one as long as no more than so many calls have
    /// returned.
    pub fn after_at(&self, calls: usize) -> impl Iterator<Item = usize> {
        let holds = move |unit: &usize| self.lapsed.get(unit).is_none_or(|since| calls < *since);
        self.after.iter().copied().filter(holds)
    }
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
            pending: Pending::default(),
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
                CallKind::Write
                | CallKind::Entry
                | CallKind::Attribute
                | CallKind::Sync
                | CallKind::FailedSync(_) => false,
            };
            builder.call(call, start..next, whole);
            if let CallKind::FailedSync(inode) = made.kind {
                builder.fail_sync(call, inode);
            }
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
    discards: HashMap<InodeId, Vec<(usize, u64)>>,
    size: HashMap<InodeId, usize>,
    truncation: HashMap<InodeId, usize>,
    entry: HashMap<(InodeId, Arc<str>), usize>,
    attribute: HashMap<(InodeId, Arc<str>), usize>,
    metadata: Option<usize>,
}

struct Builder<'a> {
    model: &'a Model,
    recording: &'a Recording,
    units: Vec<Unit>,
    /// The unit of each operation.
    unit_of: Vec<usize>,
    latest: Latest,
    pending: Pending,
}

/// The operations that a later sync may reach, by place in the recording. Those that have become durable
/// with others are dropped when a sync comes across them, so that each costs something only for as long as
/// it is pending.
#[derive(Default)]
struct Pending {
    contents: HashMap<InodeId, Vec<usize>>,
    names: HashMap<InodeId, Vec<usize>>,
    all: Vec<usize>,
}

impl Pending {
    fn add(&mut self, place: usize, effect: &Effect) {
        self.all.push(place);
        self.contents.entry(effect.content_of()).or_default().push(place);
        if let Some(inode) = effect.name_of() {
            self.names.entry(inode).or_default().push(place);
        }
    }
}

impl Builder<'_> {
    fn call(&mut self, call: usize, operations: Range<usize>, whole: bool) {
        // Metadata within one call does not wait for itself.
        let metadata_before = self.latest.metadata;
        for place in operations.clone() {
            if !whole || place == operations.start {
                let end = if whole { operations.end } else { place + 1 };
                self.units.push(Unit::new(call, place..end));
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
            self.pending.add(place, effect);
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
            Effect::Data { inode, page, .. } => {
                let discards = latest.discards.get(inode).into_iter().flatten().rev();
                let discard = discards
                    .map(|(place, from)| (*place, *from))
                    .find(|(_, from)| *from < (page + 1) * PAGE_BYTES);
                before.extend(discard.map(|(place, _)| place));
                before.extend(latest.page.entry(*inode).or_default().insert(*page, place));
            }
            Effect::Size { inode, cause: SizeCause::Write, .. } => {
                before.extend(latest.size.insert(*inode, place));
                let same_call = recording.operations()[call_start..place].iter();
                if model.size_follows == SizeFollows::EveryPage {
                    let data = (call_start..).zip(same_call);
                    let data = data.filter(|(_, it)| matches!(it.effect, Effect::Data { .. }));
                    before.extend(data.map(|(place, _)| place));
                }
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
                if model.replacing_rename_follows_size && replaces.is_some() {
                    before.extend(latest.size.get(inode));
                }
            }
            Effect::Remove { directory, name, .. } => {
                before.extend(latest.entry.insert((*directory, name.clone()), place));
            }
            Effect::Attribute { inode, name, .. } => {
                before.extend(latest.attribute.insert((*inode, name.clone()), place));
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
        let Self { recording, units, unit_of, pending, .. } = self;
        // For files the model's table says it. A directory's entries are content for fdatasync too, but its
        // attributes are no more needed to find them than those of a file to read it.
        let leaves_attributes =
            matches!(reach, Reach::Range | Reach::Data) || matches!(sync, Sync::Fdatasync(_));
        let in_reach = |effect: &Effect| match effect {
            Effect::Data { page, .. } => pages.contains(page),
            Effect::Attribute { .. } => !leaves_attributes,
            _ => true,
        };
        let mut reached = Vec::new();
        let mut reach_into = |places: Option<&mut Vec<usize>>,
                              reaches: &dyn Fn(&Effect) -> bool| {
            let Some(places) = places else { return };
            places.retain(|place| {
                let unit = unit_of[*place];
                if units[unit].durable_after.is_some() || units[unit].clean_after.is_some() {
                    return false;
                }
                let is_reached = reaches(&recording.operations()[*place].effect);
                if is_reached {
                    reached.push(unit);
                }
                !is_reached
            });
        };
        match reach {
            Reach::Nothing => {}
            Reach::Range
            | Reach::RangeAndNames
            | Reach::Data
            | Reach::Contents
            | Reach::ContentsAndNames => {
                reach_into(pending.contents.get_mut(&inode), &in_reach);
            }
            Reach::Everything => reach_into(Some(&mut pending.all), &|_| true),
        }
        if matches!(reach, Reach::RangeAndNames | Reach::ContentsAndNames) {
            reach_into(pending.names.get_mut(&inode), &|_| true);
        }
        while let Some(unit) = reached.pop() {
            if units[unit].durable_after.is_none() {
                units[unit].durable_after = Some(call + 1);
                reached.extend(units[unit].after_at(call + 1));
            }
        }
    }

    /// Takes for written what is pending of a file's data, so that nothing else waits for it.
    fn fail_sync(&mut self, call: usize, inode: InodeId) {
        let Self { recording, units, unit_of, pending, .. } = self;
        let page = |unit: &Unit| match &recording.operations()[unit.operations.start].effect {
            Effect::Data { inode, page, .. } => Some((*inode, *page)),
            _ => None,
        };
        let Some(contents) = pending.contents.get_mut(&inode) else { return };
        let mut clean = HashSet::new();
        contents.retain(|place| {
            let unit = &mut units[unit_of[*place]];
            let is_failed = page(unit).is_some() && unit.durable_after.is_none();
            if is_failed {
                unit.clean_after = Some(call + 1);
                clean.insert(unit_of[*place]);
            }
            !is_failed
        });
        let Some(first) = clean.iter().min() else { return };
        for place in *first..units.len() {
            let lapsed: Vec<usize> = units[place]
                .after
                .iter()
                // A page is written as a whole: that it follows what it held before stays.
                .filter(|earlier| {
                    clean.contains(earlier) && page(&units[**earlier]) != page(&units[place])
                })
                .copied()
                .collect();
            units[place].lapsed.extend(lapsed.into_iter().map(|earlier| (earlier, call + 1)));
        }
    }
}
