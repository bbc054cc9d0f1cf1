//! `ext4` with its default options: `data=ordered`, delayed allocation, `auto_da_alloc`, no fast commit.
//!
//! One journal for the whole file system, committed in order; newly allocated blocks read as zeros until
//! their data has arrived; delayed allocation puts sizes off, often past later renames.

use super::{Model, Reach, SizeFollows, Syncs};

/// See the module.
pub const EXT4: Model = Model {
    name: "ext4",
    // A truncation starts with one journal transaction that sets the size and puts the inode on the orphan
    // list, which recovery completes: kernel documentation, "ext4 Data Structures", orphan file and list.
    truncation_is_atomic: true,
    // ALICE, table 3(d) and table 1: directory operations of ext4 (ordered) persist in order. Kernel
    // documentation, "Journal (jbd2)": recovery replays whole transactions in sequence.
    metadata_is_ordered: true,
    // Kernel documentation, ext4, data=ordered: "all data are forced directly out to the main file system
    // prior to its metadata being committed to the journal". The implementation does less. A write inside
    // a block that has been allocated moves the size at once (ext4_da_should_update_i_disksize), with
    // nothing to wait for: Jan Kara on linux-ext4, "ext4: defer updating i_disksize until endio", 27 March
    // 2023, calls it known. For new blocks the size moves when the data is submitted
    // (mpage_map_and_submit_extent), and the commit waits only for blocks that are not allocated as
    // unwritten (ext4_map_blocks); with dioread_nolock, the default since commit 244adf6426ee (Linux 5.6),
    // they are. Until the data has arrived they read as zeros. The smaller promise is taken.
    size_follows: SizeFollows::Nothing,
    // Kernel documentation, ext4, auto_da_alloc: for replace-via-rename "the data blocks of the new file are
    // forced to disk before the rename() operation is committed"; ALICE: "safe rename". The implementation
    // (ext4_alloc_da_blocks) allocates the blocks and submits the data, which moves the size before the
    // rename; that the commit waits for the data is no longer so, as above. So the file is not empty, but
    // it may be zeros. For replace-via-truncate, blocks are only allocated at close: a commit between the
    // truncation and the close still leaves the file empty, so no order follows from it.
    replacing_rename_follows_size: true,
    syncs: Syncs {
        // ext4_sync_file commits the transaction that last changed the inode, and with it all before;
        // creating, linking and renaming change the inode (its link count or ctime). B3 (Mohan et al.,
        // OSDI 2018), section 2: developers hold that fsync of a new file persists its name.
        fsync: Reach::ContentsAndNames,
        // As fsync but for the transaction that last changed what reading needs (i_datasync_tid), so a
        // rename since then may be left out. What came before the size did is durable by the journal's order.
        fdatasync: Reach::Data,
        // As fsync: creating a directory changes its inode.
        directory: Reach::ContentsAndNames,
        // generic_write_sync calls ext4_sync_file for the range.
        o_sync: Reach::RangeAndNames,
        // As above, with fdatasync's transaction.
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
