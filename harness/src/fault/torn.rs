//! Torn write: SIGKILL when only a prefix of a write has arrived.
//!
//! Linux checks for a fatal signal between the pages of a write, so a killed process really leaves such
//! prefixes behind. The interesting lengths are the first byte, all but one, half, and page boundaries.

use std::collections::BTreeSet;

use super::{Fault, FaultKind, Strike};
use crate::trace::Trace;

/// Size of a page in bytes on x86-64.
const PAGE_BYTES: u64 = 4096;
/// How many page boundaries of one write are tried, from its start.
const BOUNDARIES_MAX: u64 = 4;

/// See the module.
pub struct Torn;

impl Fault for Torn {
    fn kind(&self) -> FaultKind {
        FaultKind::Torn
    }

    fn strikes(&self, trace: &Trace) -> Vec<Strike> {
        inside_writes(trace, |event, keep| Strike::Torn { event, keep })
    }
}

/// The strikes that let a prefix of a write arrive: every write of the trace, at every length worth trying.
pub(super) fn inside_writes(trace: &Trace, strike: fn(usize, u64) -> Strike) -> Vec<Strike> {
    let tearable = trace.events.iter().enumerate().filter(|(_, event)| event.is_tearable());
    tearable
        .flat_map(|(event, call)| {
            let lengths = prefixes(call.bytes.unwrap_or(0));
            lengths.into_iter().map(move |keep| strike(event, keep))
        })
        .collect()
}

/// The prefix lengths worth trying of a write of `bytes` bytes, ascending.
pub(crate) fn prefixes(bytes: u64) -> BTreeSet<u64> {
    let boundaries = (1..=BOUNDARIES_MAX).map(|page| page * PAGE_BYTES);
    let last_boundary = bytes.saturating_sub(1) / PAGE_BYTES * PAGE_BYTES;
    boundaries
        .chain([1, bytes / 2, bytes.saturating_sub(1), last_boundary])
        .filter(|keep| (1..bytes).contains(keep))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::prefixes;

    #[test]
    fn a_one_byte_write_cannot_be_torn() {
        assert!(prefixes(1).is_empty());
        assert!(prefixes(0).is_empty());
    }

    #[test]
    fn small_writes_give_the_first_byte_half_and_all_but_one() {
        assert_eq!(Vec::from_iter(prefixes(10)), [1, 5, 9]);
        assert_eq!(Vec::from_iter(prefixes(2)), [1]);
    }

    #[test]
    fn large_writes_give_page_boundaries_as_well() {
        assert_eq!(
            Vec::from_iter(prefixes(20_000)),
            [1, 4096, 8192, 10_000, 12_288, 16_384, 19_999]
        );
        assert!(prefixes(4096 * 9).contains(&(4096 * 8)));
    }
}
