//! What a power loss can separate: the micro-operations that traced calls are made of, on inodes and
//! directory entries. Paths are gone by now, because a file that was synced under one name keeps its data
//! under the next.
//!
//! Granularity: data by 4 KiB page of the page cache, whole or not at all (a page torn between sectors is
//! not modelled); a file's size; one directory entry. An inode exists as soon as an entry names it:
//! journals and copy-on-write trees do not expose an entry without its inode.

use std::sync::Arc;

use crate::subject::Bytes;

/// Data is written back by pages of this many bytes: the page size of x86-64, and the usual block size.
pub const PAGE_BYTES: u64 = 4096;

/// A file, directory or symbolic link, apart from its names. Never reused within a recording.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct InodeId(pub(super) usize);

/// A micro-operation's place in its recording, from 0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct OperationId(pub usize);

/// Why a file's size changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeCause {
    /// Bytes were written past the end: delayed allocation may persist it much later.
    Write,
    /// A truncation, to less or to more.
    Truncation,
}

/// What one micro-operation changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Bytes within one page of a file.
    Data {
        /// The file.
        inode: InodeId,
        /// Index of the page, from 0.
        page: u64,
        /// Where in the page, in bytes.
        offset: usize,
        /// What is written there.
        bytes: Bytes,
        /// Whether the page had no content before, and so needs a block of its own.
        allocates: bool,
    },
    /// The size of a file, in bytes. What lies within it and was never written reads as zeros.
    Size {
        /// The file.
        inode: InodeId,
        /// The new size in bytes.
        size: u64,
        /// Why.
        cause: SizeCause,
    },
    /// A truncation drops the content from a byte on.
    Discard {
        /// The file.
        inode: InodeId,
        /// The first byte that is dropped.
        from: u64,
    },
    /// A directory entry comes into being, or names another inode from now on.
    Insert {
        /// The directory.
        directory: InodeId,
        /// The name in it.
        name: Arc<str>,
        /// What it names.
        inode: InodeId,
        /// What it named before.
        replaces: Option<InodeId>,
    },
    /// A directory entry disappears.
    Remove {
        /// The directory.
        directory: InodeId,
        /// The name in it.
        name: Arc<str>,
        /// What it named.
        inode: InodeId,
    },
    /// An extended attribute comes, changes or goes.
    Attribute {
        /// The file or directory that carries it.
        inode: InodeId,
        /// Its name, with its name space.
        name: Arc<str>,
        /// Its value from now on; none removes it.
        value: Option<Bytes>,
    },
}

impl Effect {
    /// Whether file systems journal it at once, as opposed to data and what delayed allocation holds back.
    pub fn is_metadata(&self) -> bool {
        !matches!(self, Self::Data { .. } | Self::Size { cause: SizeCause::Write, .. })
    }

    /// The file whose content or attribute it changes, or the directory whose entries.
    pub fn content_of(&self) -> InodeId {
        match self {
            Self::Data { inode, .. } | Self::Size { inode, .. } | Self::Discard { inode, .. } => {
                *inode
            }
            Self::Attribute { inode, .. } => *inode,
            Self::Insert { directory, .. } | Self::Remove { directory, .. } => *directory,
        }
    }

    /// Whether it and another change the same thing, so that which comes last is seen.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let drops = |page: u64, from: u64| (page + 1) * PAGE_BYTES > from;
        self.content_of() == other.content_of()
            && match (self, other) {
                (Self::Data { page, .. }, Self::Data { page: other, .. }) => page == other,
                (Self::Data { page, .. }, Self::Discard { from, .. })
                | (Self::Discard { from, .. }, Self::Data { page, .. }) => drops(*page, *from),
                (Self::Discard { .. }, Self::Discard { .. })
                | (Self::Size { .. }, Self::Size { .. }) => true,
                (
                    Self::Insert { name, .. } | Self::Remove { name, .. },
                    Self::Insert { name: other, .. } | Self::Remove { name: other, .. },
                )
                | (Self::Attribute { name, .. }, Self::Attribute { name: other, .. }) => {
                    name == other
                }
                _ => false,
            }
    }

    /// The inode to which it gives a name, or from which it takes one.
    pub fn name_of(&self) -> Option<InodeId> {
        match self {
            Self::Insert { inode, .. } | Self::Remove { inode, .. } => Some(*inode),
            _ => None,
        }
    }
}

/// One effect of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicroOperation {
    /// Index of the call in the recording, from 0.
    pub call: usize,
    /// What it changes.
    pub effect: Effect,
}

/// What a call is, as far as atomicity and syncing go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Writes bytes; each page and the size on its own.
    Write,
    /// Changes the size, and drops what lies beyond it.
    Truncate,
    /// Changes one directory entry.
    Entry,
    /// Changes one extended attribute.
    Attribute,
    /// Moves or exchanges entries: one atomic group under every model.
    Rename,
    /// Changes nothing; asks for persistence.
    Sync,
    /// An `fsync` or `fdatasync` of this inode that failed: what was pending of a file's data counts as
    /// clean from now on.
    FailedSync(InodeId),
}

/// What a call asks to be made durable before it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// `fsync` of a file or directory.
    Fsync(InodeId),
    /// `fdatasync` of a file or directory.
    Fdatasync(InodeId),
    /// A write through `O_SYNC`: these pages, first and last.
    WriteSync(InodeId, u64, u64),
    /// A write through `O_DSYNC`: these pages, first and last.
    WriteDataSync(InodeId, u64, u64),
    /// `msync(MS_SYNC)`: these pages, first and last.
    Msync(InodeId, u64, u64),
    /// `sync_file_range`: these pages, first and last.
    SyncFileRange(InodeId, u64, u64),
    /// `sync`.
    Sync,
    /// `syncfs`; all that is recorded lies in one file system.
    Syncfs,
}

/// One recorded call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it is.
    pub kind: CallKind,
    /// What it makes durable.
    pub sync: Option<Sync>,
}

/// How a write through a descriptor with `O_SYNC` or `O_DSYNC` behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// `O_SYNC`.
    Sync,
    /// `O_DSYNC`.
    DataSync,
}
