//! What a caller may choose when opening an [`FsBackend`](super::FsBackend): algorithm and durability.
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

/// How to open an [`FsBackend`](super::FsBackend). The default is hardened and fully durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FsOptions {
    pub(super) profile: Profile,
    pub(super) durability: Durability,
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

    /// Whether a file is synced before it gets its name.
    pub(super) fn syncs_files(self) -> bool {
        self.profile == Profile::Hardened && self.durability != Durability::None
    }

    /// Whether an acknowledgement waits for directory entries.
    pub(super) fn syncs_directories(self) -> bool {
        self.profile == Profile::Hardened && self.durability == Durability::FileAndDirectory
    }
}
