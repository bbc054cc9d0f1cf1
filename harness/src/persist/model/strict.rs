//! `strict`: what is left when only the manual pages count. It decides every claim that names no file
//! system: a subject that is safe here is safe on any file system that keeps POSIX's and Linux's word.

use super::{Model, Reach, SizeFollows, Syncs};

/// See the module.
pub const STRICT: Model = Model {
    name: "strict",
    // Size and data independently. Conservative assumption: no standard orders the parts of a truncation.
    truncation_is_atomic: false,
    // Only syncs order anything: POSIX fsync() rationale; ALICE's default persistence model (OSDI 2014,
    // section 3) lets any two operations be reordered.
    metadata_is_ordered: false,
    // ALICE, section 3: an append may persist as size without data, filled with zeros.
    size_follows: SizeFollows::Nothing,
    // Nothing in POSIX rename() speaks of data.
    replacing_rename_follows_size: false,
    syncs: Syncs {
        // fsync(2): "does not necessarily ensure that the entry in the directory containing the file has
        // also reached disk. For that an explicit fsync() on a file descriptor for the directory is also
        // needed."
        fsync: Reach::Contents,
        // fdatasync(2): flushes metadata needed "to allow a subsequent data retrieval to be correctly
        // handled", by its example the size.
        fdatasync: Reach::Data,
        // fsync(2), as above; the directory's own name is an entry of its parent.
        directory: Reach::Contents,
        // open(2), "as though each write(2) was followed by a call to fsync(2)", but POSIX's synchronized
        // I/O completion is about the operation. Conservative assumption: only what was written.
        o_sync: Reach::Range,
        // open(2), as above with fdatasync(2).
        o_dsync: Reach::Range,
        // msync(2): the part of the file that corresponds to the memory area.
        msync: Reach::Range,
        // sync_file_range(2): "none of these operations writes out the file's metadata", nor flushes the disk's
        // write cache.
        sync_file_range: Reach::Nothing,
        // sync(2): on Linux "the same guarantees as fsync() called on every file in the system".
        sync: Reach::Everything,
        // syncfs(2), as above for the file system of the descriptor.
        syncfs: Reach::Everything,
    },
};
