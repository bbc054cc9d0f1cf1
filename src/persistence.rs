//! Persistence models: what a power loss may take. A claim is judged under one of them.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

/// What orders writes on their way to the disk, besides syncs.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
pub enum PersistenceModel {
    /// Nothing but syncs. Who is safe here is safe on any file system that keeps POSIX's and Linux's word.
    #[default]
    Strict,
    /// ext4 with its default options.
    Ext4,
    /// XFS.
    Xfs,
    /// Btrfs with its default options.
    Btrfs,
}
