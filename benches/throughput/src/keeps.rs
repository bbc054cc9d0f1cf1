//! How much of an acknowledged write a peer keeps: the ladder by which equals are put beside equals.
//!
//! Each step is a set of the catalogue's guarantees, and has all that the step below it has.

use crashworthy::Guarantee;
use strum::{Display, VariantArray};

/// A step. Its text begins with a digit, so that names sort from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, VariantArray)]
pub enum Keeps {
    /// A kill may leave half a value, or lose one that was acknowledged.
    #[strum(serialize = "0-nothing")]
    Nothing,
    /// Killed anywhere, it leaves the old value or the new one, and an acknowledged one stays.
    #[strum(serialize = "1-whole-after-kill")]
    WholeAfterKill,
    /// The same, and a power loss leaves one of the two; which one, is open.
    #[strum(serialize = "2-whole-after-power-loss")]
    WholeAfterPowerLoss,
    /// The same, and what was acknowledged survives the power loss.
    #[strum(serialize = "3-durable")]
    Durable,
}

impl Keeps {
    /// What a write has to keep to be on this step and not on the one below.
    pub fn of_writes(self) -> &'static [Guarantee] {
        match self {
            Self::Nothing => &[],
            Self::WholeAfterKill => &[Guarantee::KillAtomicWrite, Guarantee::KillDurableAck],
            Self::WholeAfterPowerLoss => &[Guarantee::PowerAtomicWrite],
            Self::Durable => &[Guarantee::PowerDurableAck],
        }
    }

    /// The same for a delete. What it leaves until it is done, a write has stored: where that may be half a value,
    /// an unlink that is atomic by itself keeps no more.
    pub fn of_deletes(self) -> &'static [Guarantee] {
        match self {
            Self::Nothing => &[],
            Self::WholeAfterKill => &[
                Guarantee::KillAtomicWrite,
                Guarantee::KillDurableAck,
                Guarantee::KillAtomicDelete,
                Guarantee::KillDurableDelete,
            ],
            Self::WholeAfterPowerLoss => {
                &[Guarantee::PowerAtomicWrite, Guarantee::PowerAtomicDelete]
            }
            Self::Durable => &[Guarantee::PowerDurableDelete],
        }
    }
}
