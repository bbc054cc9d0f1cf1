//! Several actors at once, and the order of their calls: the strike of a schedule.
//!
//! Nothing fails and, unless the schedule says so, nobody is killed: it is the order alone that hurts.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantArray};

use crate::schedule::Schedule;

/// What the actors of a scenario are.
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
pub enum Among {
    /// Processes, each with an instance of its own.
    #[default]
    Processes,
    /// Threads of one process that share one instance.
    Threads,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interleaving {
    /// What the actors are.
    pub among: Among,
    /// Who makes calls when, and who is killed.
    pub schedule: Schedule,
}
