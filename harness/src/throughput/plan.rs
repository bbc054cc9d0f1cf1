//! What is measured: which operation, how large, by how many clients at once.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

/// Sizes of values in bytes: a record, a chunk, and what no longer fits a pipe or a cache of a processor.
pub const SIZES: [usize; 3] = [1 << 10, 64 << 10, 1 << 20];
/// Processes that work at once: one alone, and more than a small machine has processors.
pub const CLIENTS: [usize; 2] = [1, 4];

/// A kind of operation.
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
    VariantArray,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Work {
    /// A write of a path that nothing is stored under.
    Write,
    /// A write of a path that has another value of the same size.
    Overwrite,
    /// A read of a value that was written a moment ago.
    Read,
    /// A delete of a value that is there.
    Delete,
}

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// Which operation.
    pub work: Work,
    /// Size of each value.
    pub bytes: usize,
    /// Processes that do it at once, each on files of its own.
    pub clients: usize,
}

impl Cell {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Work::VARIANTS.iter().flat_map(|&work| {
            SIZES.into_iter().flat_map(move |bytes| {
                CLIENTS.into_iter().map(move |clients| Self { work, bytes, clients })
            })
        })
    }
}
