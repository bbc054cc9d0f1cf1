//! Power loss by model: what was not synced may be gone.
//!
//! The strikes do not follow from a trace alone: a persistence model makes them of a recording
//! (`persist/`), so this file holds only what one of them is.

use std::{cmp::Ordering, collections::BTreeSet};

use crashworthy::PersistenceModel;
use serde::{Deserialize, Serialize};

use super::Errno;

/// The power fails at a moment, and some of what was done before is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PowerLoss {
    /// Which model allows it.
    pub model: PersistenceModel,
    /// How many recorded calls had returned.
    pub calls: usize,
    /// How many operations had been acknowledged.
    pub acknowledged: usize,
    /// The places in the recording of the micro-operations that are lost.
    pub missing: BTreeSet<usize>,
    /// Whether each call was made only when nobody went on without it, so that others came first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The power fails a second time while what the first left is opened, read and recovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Box<PowerLoss>>,
}

impl PowerLoss {
    /// How many micro-operations are lost in all.
    pub fn lost(&self) -> usize {
        self.missing.len() + self.again.as_ref().map_or(0, |again| again.lost())
    }

    /// One loss comes before two, few lost before many, then the earliest.
    pub fn size(&self) -> (bool, usize, usize, usize) {
        (self.again.is_some(), self.lost(), self.calls, self.acknowledged)
    }
}

/// By size first.
impl Ord for PowerLoss {
    fn cmp(&self, other: &Self) -> Ordering {
        self.size()
            .cmp(&other.size())
            .then_with(|| self.missing.cmp(&other.missing))
            .then_with(|| self.model.cmp(&other.model))
            .then_with(|| self.late.cmp(&other.late))
            .then_with(|| self.again.cmp(&other.again))
    }
}

impl PartialOrd for PowerLoss {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a file system does with the pages of a file whose sync has failed (Rebello et al., "Can Applications
/// Recover from fsync Failures?", USENIX ATC 2020, section 3).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum AfterFailedSync {
    /// ext4 and XFS: the new data stays in memory, marked clean, and no later sync writes it.
    #[default]
    KeptInMemory,
    /// Btrfs: from then on the file is in memory what it was on disk.
    Reverted,
}

/// A sync of a file fails; the operation is done once more; then the power fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FailedSync {
    /// Index of the event.
    pub event: usize,
    /// With which error.
    pub errno: Errno,
    /// Whether further syncs fail too, until the operation has ended.
    pub lasting: bool,
    /// What becomes of the pages.
    pub after: AfterFailedSync,
    /// What the power loss takes.
    pub loss: PowerLoss,
}

/// A process is killed; another one does the interrupted operation once more; then the power fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KilledThenLost {
    /// Index of the event before which it is killed.
    pub event: usize,
    /// What the power loss takes.
    pub loss: PowerLoss,
}
