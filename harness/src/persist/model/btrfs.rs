//! `btrfs` with its default options (`noflushoncommit`): copy on write, whole-file-system transactions, and
//! a log tree by which fsync persists single inodes ahead of everything else.

use super::{Model, Reach, SizeFollows, Syncs};

/// See the module.
pub const BTRFS: Model = Model {
    name: "btrfs",
    // The size, and the removal of extents before it, are items of one tree and one transaction; a long
    // truncation may take several, lowering the size in steps. Conservative assumption that each step is
    // whole.
    truncation_is_atomic: true,
    // ALICE, table 1: btrfs persists directory operations out of order (the log tree takes an inode along
    // without what happened before it elsewhere).
    metadata_is_ordered: false,
    // With the no-holes feature (default of mkfs since 5.15) the size on disk jumps to the size in memory
    // as soon as any extent of the file completes (btrfs_inode_safe_disk_i_size_write), so it may lead the
    // data. Conservative assumption for older file systems.
    size_follows: SizeFollows::Nothing,
    // ALICE, table 3(d), found it to hold in Linux 3.2, and the btrfs FAQ still describes it; commit
    // 8d875f95da43 "btrfs: disable strict file flushes for renames and truncates" (Linux 3.17) replaced it
    // by a flush that is only started. The smaller promise is taken.
    replacing_rename_follows_size: false,
    syncs: Syncs {
        // The log tree takes the inode with its references, that is its names; xfstests generic/322
        // (fsync after rename) and B3 (OSDI 2018), section 2.
        fsync: Reach::ContentsAndNames,
        // Conservative assumption: no names.
        fdatasync: Reach::Data,
        // Logs new entries and the inodes behind them: commit 2f2ff0ee5e43 "Btrfs: fix metadata
        // inconsistencies after directory fsync". The directory's own name as for files.
        directory: Reach::ContentsAndNames,
        // btrfs_do_write_iter syncs the range through btrfs_sync_file.
        o_sync: Reach::RangeAndNames,
        // Conservative assumption, as for fdatasync.
        o_dsync: Reach::Range,
        // msync(2). Conservative assumption: no names.
        msync: Reach::Range,
        // sync_file_range(2): under copy on write there are no overwrites that could do without metadata.
        sync_file_range: Reach::Nothing,
        // sync(2), on Linux: a full transaction commit.
        sync: Reach::Everything,
        // syncfs(2), the same.
        syncfs: Reach::Everything,
    },
};
