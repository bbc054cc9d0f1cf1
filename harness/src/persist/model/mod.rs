//! Persistence models: what a file system promises about power loss, as tables of rules.
//!
//! One file per model, one comment per rule naming its source. Where sources disagree or are silent, the
//! model promises less: a promise that a file system does not keep would acquit a subject that loses data.
//! Every rule only ever adds an order or a durability to `strict`, so that each model's states are a
//! subset of the states under `strict`.
//!
//! What holds under all models, because a disk block holds one past content of what was in memory:
//! successive updates of the same page, of the same size and of the same directory entry persist in
//! order. And a rename is atomic: POSIX `rename`, and the directory operations of the journaling and
//! copy-on-write file systems that the ALICE paper (Pillai et al., OSDI 2014) measured. So a sync of either
//! directory makes a rename between two durable: with one half of it alone, the file would be lost, which fstests
//! (generic/335, generic/640) takes for a bug of the file system.
//!
//! Extended attributes are metadata of their inode: each is set as a whole, fsync takes them along, and
//! journals keep them in order. That fdatasync and `O_DSYNC` leave them out is a conservative assumption
//! for all models: fdatasync(2) promises the metadata that reading the data needs, and none of them is.
//!
//! Because sizes persist in order, a size that follows its own data follows the data of earlier appends to
//! the same file too. Writeback need not be that orderly: for logs that are never synced, `xfs` allows a
//! little less than a disk might show; `strict` allows all of it.

mod btrfs;
mod ext4;
mod strict;
mod xfs;

pub use btrfs::BTRFS;
use crashworthy::PersistenceModel;
pub use ext4::EXT4;
pub use strict::STRICT;
pub use xfs::XFS;

/// All models, the one that decides first.
pub const MODELS: [&Model; 4] = [&STRICT, &EXT4, &XFS, &BTRFS];

/// How far a synchronising call reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It makes nothing durable.
    Nothing,
    /// The pages that it names, and the size.
    Range,
    /// That, the file's names and its attributes.
    RangeAndNames,
    /// All pages of the file, and the size.
    Data,
    /// All content of the file with its attributes, or all entries of the directory with its own.
    Contents,
    /// That, and the names of the file or directory in their parents.
    ContentsAndNames,
    /// Everything in the file system.
    Everything,
}

/// What each synchronising call makes durable, together with what it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syncs {
    /// `fsync` of a file.
    pub fsync: Reach,
    /// `fdatasync` of a file.
    pub fdatasync: Reach,
    /// `fsync` or `fdatasync` of a directory; the latter without its attributes.
    pub directory: Reach,
    /// A write through `O_SYNC`.
    pub o_sync: Reach,
    /// A write through `O_DSYNC`.
    pub o_dsync: Reach,
    /// `msync(MS_SYNC)`.
    pub msync: Reach,
    /// `sync_file_range`, whatever its flags.
    pub sync_file_range: Reach,
    /// `sync`.
    pub sync: Reach,
    /// `syncfs`.
    pub syncfs: Reach,
}

/// Which data a size persists after, when a write moved the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SizeFollows {
    /// None: the new length may be there with zeros in it.
    Nothing,
    /// Every page of the same write.
    EveryPage,
}

/// A persistence model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// As claims and certificates spell it.
    pub name: &'static str,
    /// A truncation's size and the loss of what it cuts off are one transaction.
    pub truncation_is_atomic: bool,
    /// Directory operations and truncations persist in the order of their calls, across the whole file
    /// system; data that needs a new block, and a size that a write moved, persist after those before them.
    pub metadata_is_ordered: bool,
    /// See [`SizeFollows`].
    pub size_follows: SizeFollows,
    /// A rename that replaces a file persists after the size of the renamed one.
    pub replacing_rename_follows_size: bool,
    /// What each synchronising call reaches.
    pub syncs: Syncs,
}

impl Model {
    /// The model that is named.
    pub fn of(name: PersistenceModel) -> &'static Self {
        match name {
            PersistenceModel::Strict => &STRICT,
            PersistenceModel::Ext4 => &EXT4,
            PersistenceModel::Xfs => &XFS,
            PersistenceModel::Btrfs => &BTRFS,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_name_has_its_model() {
        let models = PersistenceModel::VARIANTS.iter().map(|name| Model::of(*name).name);
        let spelled = PersistenceModel::VARIANTS.iter().map(ToString::to_string);
        assert_eq!(models.collect::<Vec<_>>(), spelled.collect::<Vec<_>>());
    }
}
