//! `xfs`: one log for the whole file system, recovered in order; data goes its own way, and no heuristic
//! protects a replacement by rename.

use super::{Model, Reach, SizeFollows, Syncs};

/// See the module.
pub const XFS: Model = Model {
    name: "xfs",
    // A truncation's size and its intent to free what lies beyond are logged; recovery completes intents:
    // kernel documentation, "XFS Delayed Logging Design", and "XFS Self Describing Metadata".
    truncation_is_atomic: true,
    // Kernel documentation, "XFS Delayed Logging Design": transactions are checkpointed and recovered in the
    // order of their commits.
    metadata_is_ordered: true,
    // The size on disk moves when the data's input and output completes (xfs_setfilesize, called from
    // xfs_end_ioend). That earlier appends of the file are complete by then is an assumption that
    // XFS does not document.
    size_follows: SizeFollows::EveryPage,
    // No such rule is documented, and the data of a renamed file is delayed like any other: the XFS FAQ on
    // files that are empty or full of zeros after a crash asks for fsync.
    replacing_rename_follows_size: false,
    syncs: Syncs {
        // xfs_file_fsync forces the log up to the inode's last change, and with it all before; creating,
        // linking and renaming log the inode. B3 (OSDI 2018), section 2, as for ext4.
        fsync: Reach::ContentsAndNames,
        // xfs_file_fsync skips changes of timestamps only for fdatasync. Conservative assumption: a rename
        // counts as one.
        fdatasync: Reach::Data,
        // As fsync: creating a directory logs its inode.
        directory: Reach::ContentsAndNames,
        // generic_write_sync calls xfs_file_fsync for the range.
        o_sync: Reach::RangeAndNames,
        // As above, with fdatasync's condition.
        o_dsync: Reach::Range,
        // msync(2). Conservative assumption: no names.
        msync: Reach::Range,
        // sync_file_range(2): no metadata, no flush of the disk's write cache.
        sync_file_range: Reach::Nothing,
        // sync(2), on Linux.
        sync: Reach::Everything,
        // syncfs(2).
        syncfs: Reach::Everything,
    },
};
