//! What a caller may choose when opening an [`FsBackend`](super::FsBackend): algorithm, durability,
//! verification, and the specification's strategies against concurrent writers.
//!
//! The enums read and write as kebab-case text, so that a command line or a protocol can carry them.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

/// Which algorithm the backend runs.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Profile {
    /// The specification to the letter: write `<path>.tmp`, rename it; no lock, no sync, no recovery.
    Documented,
    /// Unique temporary files in a directory of their own, locked while they are written, synced as
    /// [`Durability`] says, and reclaimed by recovery.
    #[default]
    Hardened,
}

/// What an acknowledgement of the hardened profile waits for. The documented one never syncs.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Durability {
    /// Nothing: the page cache has the data, which survives a kill and not a power loss.
    None,
    /// The content of the file is synced before it gets its name; the name is not.
    File,
    /// The content, then the directory entries that lead to it.
    #[default]
    FileAndDirectory,
}

/// How the hardened profile makes sure that the stored bytes are the written ones. The documented one
/// never looks.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Verification {
    /// It does not.
    #[default]
    None,
    /// A write reads its file back and compares, before the file gets its name.
    ReadBack,
    /// A write stores a BLAKE3 hash with the file, and every read checks the content against it.
    Checksum,
}

/// What the documented profile does about concurrent writers: the options that the specification has for the
/// future. The hardened profile needs none of them and ignores this: its temporary names are unique, and a
/// rename swaps whole files.
///
/// See [`FsBackend`](super::FsBackend#strategies) for what each does and what it does not keep.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Strategy {
    /// Nothing: the specification's current state.
    #[default]
    None,
    /// The specification's recommendation to the letter: the temporary file is locked while it is written,
    /// until after the rename.
    LockTemp,
    /// A lock that does exclude the writers and deletes of a path: on the directory that holds it.
    LockPath,
    /// The file's modification time is compared before the rename; where it changed, the write starts again.
    Optimistic,
    /// Every write makes a new file under a unique name, the newest one counts, and old ones are cleaned up.
    AppendOnly,
}

/// How to open an [`FsBackend`](super::FsBackend). The default is hardened and fully durable, and verifies
/// nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FsOptions {
    pub(super) profile: Profile,
    pub(super) durability: Durability,
    pub(super) verification: Verification,
    pub(super) strategy: Strategy,
}

impl FsOptions {
    /// The default: hardened, file and directory synced.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another algorithm.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same with another durability; without effect on [`Profile::Documented`].
    #[must_use]
    pub fn durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// The same with another verification; without effect on [`Profile::Documented`].
    #[must_use]
    pub fn verification(self, verification: Verification) -> Self {
        Self { verification, ..self }
    }

    /// The same with another strategy; without effect on [`Profile::Hardened`].
    #[must_use]
    pub fn strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// Whether the tree holds versions of files.
    pub(super) fn appends(self) -> bool {
        self.profile == Profile::Documented && self.strategy == Strategy::AppendOnly
    }

    /// Whether writers, deletes and lists of a directory hold its lock.
    pub(super) fn locks_directories(self) -> bool {
        self.profile == Profile::Documented && self.strategy == Strategy::LockPath
    }

    /// Whether a write compares its file before it gets its name.
    pub(super) fn reads_back(self) -> bool {
        self.profile == Profile::Hardened && self.verification == Verification::ReadBack
    }

    /// Whether a file carries its hash, and a read checks it.
    pub(super) fn checksums(self) -> bool {
        self.profile == Profile::Hardened && self.verification == Verification::Checksum
    }

    /// Whether a file is synced before it gets its name.
    pub(super) fn syncs_files(self) -> bool {
        self.profile == Profile::Hardened && self.durability != Durability::None
    }

    /// Whether an acknowledgement waits for directory entries.
    pub(super) fn syncs_directories(self) -> bool {
        self.profile == Profile::Hardened && self.durability == Durability::FileAndDirectory
    }
}
