//! The catalogue of guarantees: one precise, checkable statement each, with a stable id.
//!
//! An id never changes its meaning; certificates, claims files and CI baselines refer to it.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a guarantee is about, in the order in which certificates list them.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Category {
    /// What the six operations do when nothing goes wrong.
    Interface,
    /// Nothing outside the root is touched.
    Containment,
    /// SIGKILL; the page cache survives.
    ProcessKill,
    /// What was not synced may be gone.
    PowerLoss,
    /// Several processes at once.
    Concurrency,
    /// System calls that fail.
    IoFault,
    /// Stored bytes that change by themselves.
    Integrity,
}

macro_rules! catalogue {
    ($($category:ident { $($variant:ident: $statement:literal,)* })*) => {
        /// A guarantee that a backend may document and the harness can judge.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString,
            VariantArray, IntoStaticStr, Serialize, Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        #[strum(serialize_all = "kebab-case")]
        pub enum Guarantee { $($(#[doc = $statement] $variant,)*)* }

        impl Guarantee {
            /// The group it belongs to.
            pub fn category(self) -> Category {
                match self { $($(Self::$variant)|* => Category::$category,)* }
            }

            /// The guarantee in one sentence.
            pub fn statement(self) -> &'static str {
                match self { $($(Self::$variant => $statement,)*)* }
            }
        }
    };
}

catalogue! {
    Interface {
        ReadYourWrite: "A read after an acknowledged write returns the bytes that were written.",
        OverwriteReplaces: "A write to an existing path replaces the whole content.",
        MissingIsError: "Reading a missing file is an error of any kind, never empty bytes.",
        WriteCreatesParents: "A write creates the missing parent directories of its path.",
        ListExact: "A list gives exactly the files directly in the directory; a missing directory gives an empty list.",
        MkdirRecursive: "createDirectory creates missing parents and accepts a directory that exists.",
        DeleteIdempotent: "Deleting a missing file succeeds, and after any delete the file is gone.",
        DeleteFilesOnly: "A delete never removes a directory or anything in it.",
        DeterministicLayout: "Two runs of the same operations publish identical trees.",
        PathFidelity: "Distinct paths never alias, or are refused clearly.",
    }
    Containment {
        Confined: "Nothing outside the root is read, created, changed or deleted.",
    }
    ProcessKill {
        KillAtomicWrite: "After a kill during a write, a reader sees the whole old value or the whole new one.",
        KillDurableAck: "An acknowledged write survives a kill.",
        KillAtomicDelete: "After a kill during a delete, the file is whole or gone.",
        KillDurableDelete: "An acknowledged delete survives a kill.",
        KillRetryHeals: "After a kill, the next write of the same path succeeds and reads back.",
        KillOrphansInvisible: "What a killed process leaves behind never shows through list, exists or read.",
        KillOrphansReclaimed: "recover removes what killed processes left behind and never a live writer's file.",
        KillRecoveryIdempotent: "After a kill at any point, also inside recovery, recovery completes.",
    }
    PowerLoss {
        PowerAtomicWrite: "After a power loss during a write, a reader sees the whole old value or the whole new one.",
        PowerDurableAck: "An acknowledged write survives a power loss, where its parent directories were settled.",
        PowerDurableMkdir: "An acknowledged createDirectory, and the parents that a first write creates, survive a power loss.",
        PowerAtomicDelete: "After a power loss during a delete, the file is whole or gone.",
        PowerDurableDelete: "An acknowledged delete survives a power loss.",
        PowerPrefixOrder: "If a later acknowledged write survived a power loss, so did every earlier one.",
        PowerRetryHeals: "After a power loss, the next write of the same path succeeds and reads back.",
        PowerNeighboursIntact: "Files that nobody was writing are unchanged after a power loss.",
    }
    Concurrency {
        NoTornRead: "Every read returns one whole written value.",
        LastWriteWins: "When all have finished, the content is one whole value of a write that no other acknowledged write strictly follows.",
        Linearizable: "The history of every path has a legal sequential order that respects real time.",
        SameContentSafe: "Concurrent writers of identical bytes get no error, and no reader sees anything else.",
        NoSpuriousError: "No operation fails only because another process was active.",
        CrashIsolated: "Killing one writer at any point leaves the other processes correct.",
    }
    IoFault {
        ErrorReported: "An operation that did not take effect is never acknowledged.",
        ErrorPreservesOld: "A failed write leaves the old value readable.",
        ErrorLeavesNoOrphan: "A failed operation leaves no temporary file behind.",
        FsyncFailureHonest: "After a failed sync, nothing is acknowledged on the strength of a second sync of the same pages.",
        ShortWriteHandled: "A write call that takes fewer bytes than asked does not truncate the value.",
        InterruptHandled: "A call interrupted by a signal (EINTR) does not fail the operation.",
        RecoversAfterFault: "The backend works again once the fault is gone.",
    }
    Integrity {
        BitrotDetected: "A read of a file whose stored bytes changed returns an error or the right bytes, never wrong ones.",
    }
}

impl Guarantee {
    /// All guarantees, in catalogue order.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its stable id, for example `kill-atomic-write`.
    pub fn id(self) -> &'static str {
        self.into()
    }
}
