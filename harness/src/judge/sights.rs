//! What a re-enactment saw of a case, moment by moment: trees in memory and on disk, and what a reader was answered.
//!
//! It is for reports alone. No verdict depends on it: it is made when all is judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::history::{Entry, Tree};

/// A moment of a case's workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Instant {
    /// When the set-up had been done.
    Settled,
    /// When the event with this index had returned.
    Called(usize),
    /// When a step of several actors' schedule had been made, by the clock of the history.
    Step(u64),
}

/// What was seen at a moment; what nobody looked at is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// The tree as the kernel showed it.
    pub memory: Option<Tree>,
    /// What was on disk for sure.
    pub disk: Option<Tree>,
    /// What a process that opened the root then was answered.
    pub reader: Option<Vec<Entry>>,
}

/// All that was seen.
pub type Sights = BTreeMap<Instant, Sight>;

/// [`Sights`] as a list of pairs: JSON has no maps by moments.
pub(super) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Instant, Sight, Sights};

    pub(in crate::judge) fn serialize<S: Serializer>(
        sights: &Sights,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        sights.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(in crate::judge) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Sights, D::Error> {
        Ok(Vec::<(Instant, Sight)>::deserialize(deserializer)?.into_iter().collect())
    }
}
