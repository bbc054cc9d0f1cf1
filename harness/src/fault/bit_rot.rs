//! Bit rot: bytes of a stored file change while nobody is at it.
//!
//! A bit flips, a block comes back as zeros, a file loses its end: what disks, cables and copies do, and what
//! a file system without checksums hands on. The strikes follow from what is stored and not from a trace, so
//! this is no [`Fault`](super::Fault): whoever has the files asks for the damages of each.
//!
//! Small files are flipped in every byte. In larger ones a seed picks the bytes, and the first and the last
//! byte and both sides of page boundaries are always among them, because that is where a check that covers
//! only a part ends.

use std::{collections::BTreeSet, ops::Range};

use rand::{RngExt, seq::SliceRandom};
use serde::{Deserialize, Serialize};

/// Files up to this many bytes are flipped in every byte.
pub const WHOLE_BYTES_MAX: usize = 256;
/// The unit in which disks and memory lose data, in bytes.
const PAGE_BYTES: usize = 4096;
/// Page boundaries of one file that are flipped on both sides, and pages of it that are zeroed. Beyond it,
/// chance picks them.
const PAGES_MAX: usize = 64;

/// What happens to the content of a file. Earlier kinds are smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// Bits of one byte are inverted.
    Flip {
        /// Which byte, from 0.
        offset: u64,
        /// Which bits of it.
        mask: u8,
    },
    /// Bytes are replaced by zeros.
    Zero {
        /// The first of them, from 0.
        offset: u64,
        /// How many.
        length: u64,
    },
    /// The end is lost.
    Truncate {
        /// How many bytes are left.
        length: u64,
    },
}

impl Damage {
    /// What it leaves of `content`; `None` where it does not fit or changes nothing.
    pub fn of(self, content: &[u8]) -> Option<Vec<u8>> {
        let range = self.range(content.len())?;
        let mut damaged = content.to_vec();
        match self {
            Self::Flip { mask, .. } => damaged[range.start] ^= mask,
            Self::Zero { .. } => damaged[range].fill(0),
            Self::Truncate { .. } => damaged.truncate(range.start),
        }
        (damaged != content).then_some(damaged)
    }

    /// The bytes that it touches in a file of `bytes`; `None` where it does not fit.
    pub(crate) fn range(self, bytes: usize) -> Option<Range<usize>> {
        let at = |offset: u64| usize::try_from(offset).ok();
        let range = match self {
            Self::Flip { offset, .. } => at(offset)?..at(offset)?.checked_add(1)?,
            Self::Zero { offset, length } => at(offset)?..at(offset.checked_add(length)?)?,
            Self::Truncate { length } => at(length)?..bytes,
        };
        (range.start <= range.end && range.end <= bytes).then_some(range)
    }

    /// It in words, done to the file that is shown as `file` and held `content`.
    pub fn describe(self, file: &str, content: &[u8]) -> String {
        let bytes = content.len();
        match self {
            Self::Flip { offset, mask } => {
                let change = usize::try_from(offset)
                    .ok()
                    .and_then(|offset| content.get(offset))
                    .map(|byte| format!(" ({byte:#04x} -> {:#04x})", byte ^ mask));
                format!("byte {offset} of {file} was flipped{}", change.unwrap_or_default())
            }
            Self::Zero { offset: 0, length } if length == bytes as u64 => {
                format!("all {bytes} bytes of {file} were zeroed")
            }
            Self::Zero { offset, length } => {
                let last = offset.saturating_add(length).saturating_sub(1);
                format!("bytes {offset} to {last} of {file} were zeroed")
            }
            Self::Truncate { length } => format!("{file} was cut from {bytes} bytes to {length}"),
        }
    }
}

/// What is done to a file with this content, in order, each damage once. Of a file beyond
/// [`WHOLE_BYTES_MAX`], `flips` bytes are picked.
pub fn damages(content: &[u8], flips: usize, random: &mut impl RngExt) -> Vec<Damage> {
    let mut damages = BTreeSet::new();
    for offset in offsets(content.len(), flips, random) {
        let mask = 1 << random.random_range(0..8u32);
        damages.insert(Damage::Flip { offset: offset as u64, mask });
    }
    damages.extend((0..8).map(|bit| Damage::Flip { offset: 0, mask: 1 << bit }));

    let bytes = content.len() as u64;
    let mut pages: Vec<usize> = (0..content.len().div_ceil(PAGE_BYTES)).collect();
    sample(&mut pages, PAGES_MAX, random);
    let pages = pages.into_iter().map(|page| {
        let offset = (page * PAGE_BYTES) as u64;
        Damage::Zero { offset, length: (bytes - offset).min(PAGE_BYTES as u64) }
    });
    damages.extend(pages);
    for length in [bytes, bytes / 2] {
        damages.insert(Damage::Zero { offset: 0, length });
    }
    for length in [0, 1, bytes / 2, bytes.saturating_sub(1)] {
        damages.insert(Damage::Truncate { length });
    }
    damages.into_iter().filter(|damage| damage.of(content).is_some()).collect()
}

/// The bytes of a file of `bytes` that are flipped.
fn offsets(bytes: usize, flips: usize, random: &mut impl RngExt) -> BTreeSet<usize> {
    if bytes <= WHOLE_BYTES_MAX {
        return (0..bytes).collect();
    }
    let mut offsets = BTreeSet::from([0, bytes - 1]);
    let mut boundaries: Vec<usize> = (PAGE_BYTES..bytes).step_by(PAGE_BYTES).collect();
    sample(&mut boundaries, PAGES_MAX, random);
    offsets.extend(boundaries.into_iter().flat_map(|boundary| [boundary - 1, boundary]));
    offsets.extend((0..flips).map(|_| random.random_range(0..bytes)));
    offsets
}

/// Leaves `count` of `items`, if there are more.
fn sample(items: &mut Vec<usize>, count: usize, random: &mut impl RngExt) {
    if items.len() > count {
        items.shuffle(random);
        items.truncate(count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    use super::*;

    fn of(content: &[u8]) -> Vec<Damage> {
        damages(content, 16, &mut Xoshiro256PlusPlus::seed_from_u64(7))
    }

    fn flipped(content: &[u8]) -> BTreeSet<u64> {
        let offset = |damage| match damage {
            Damage::Flip { offset, .. } => Some(offset),
            _ => None,
        };
        of(content).into_iter().filter_map(offset).collect()
    }

    #[test]
    fn a_small_file_is_flipped_in_every_byte_and_every_bit_of_the_first() {
        for bytes in [1, 2, WHOLE_BYTES_MAX] {
            let content = vec![0x41; bytes];
            assert_eq!(flipped(&content), (0..bytes as u64).collect());
            let first = of(&content).into_iter().filter_map(|damage| match damage {
                Damage::Flip { offset: 0, mask } => Some(mask),
                _ => None,
            });
            assert_eq!(first.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64, 128]);
        }
    }

    #[test]
    fn a_large_file_is_flipped_at_its_ends_at_page_boundaries_and_elsewhere() {
        let flipped = flipped(&vec![0x41; 20_000]);
        for offset in [0, 4095, 4096, 8191, 8192, 12_287, 12_288, 16_383, 16_384, 19_999] {
            assert!(flipped.contains(&offset), "{offset}");
        }
        assert!(flipped.len() > 20, "{flipped:?}");
    }

    #[test]
    fn a_huge_file_has_a_limit() {
        let damages = of(&vec![0x41; 4 << 20]);
        assert!((200..300).contains(&damages.len()), "{}", damages.len());
        let flipped = flipped(&vec![0x41; 4 << 20]);
        assert!(flipped.contains(&0) && flipped.contains(&((4 << 20) - 1)));
    }

    #[test]
    fn zeroing_and_cutting_take_the_whole_and_parts() {
        let damages = of(&vec![0x41; 5000]);
        let coarse: Vec<_> =
            damages.into_iter().filter(|damage| !matches!(damage, Damage::Flip { .. })).collect();
        let zero = |offset, length| Damage::Zero { offset, length };
        let cut = |length| Damage::Truncate { length };
        let expected = [
            zero(0, 2500),
            zero(0, 4096),
            zero(0, 5000),
            zero(4096, 904),
            cut(0),
            cut(1),
            cut(2500),
            cut(4999),
        ];
        assert_eq!(coarse, expected);
    }

    #[test]
    fn what_changes_nothing_is_no_damage() {
        assert_eq!(of(b""), []);
        let zeros = of(&[0; 8]);
        assert!(zeros.iter().all(|damage| !matches!(damage, Damage::Zero { .. })), "{zeros:?}");
        assert_eq!(Damage::Zero { offset: 0, length: 2 }.of(&[0, 0, 1]), None);
        for beyond in [
            Damage::Flip { offset: 3, mask: 1 },
            Damage::Zero { offset: 2, length: 2 },
            Damage::Zero { offset: u64::MAX, length: 2 },
            Damage::Truncate { length: 3 },
            Damage::Truncate { length: 4 },
            Damage::Flip { offset: 0, mask: 0 },
        ] {
            assert_eq!(beyond.of(&[1, 1, 1]), None, "{beyond:?}");
        }
    }

    #[test]
    fn damages_are_said_in_words() {
        let content = b"value";
        let said = |damage: Damage| damage.describe("`a`", content);
        assert_eq!(
            said(Damage::Flip { offset: 1, mask: 1 }),
            "byte 1 of `a` was flipped (0x61 -> 0x60)"
        );
        assert_eq!(said(Damage::Zero { offset: 0, length: 5 }), "all 5 bytes of `a` were zeroed");
        assert_eq!(said(Damage::Zero { offset: 1, length: 3 }), "bytes 1 to 3 of `a` were zeroed");
        assert_eq!(said(Damage::Truncate { length: 2 }), "`a` was cut from 5 bytes to 2");
    }

    proptest! {
        #[test]
        fn every_damage_fits_changes_something_and_comes_once_in_order(
            content in prop::collection::vec(0..3u8, 0..9000),
            seed: u64,
        ) {
            let damages = damages(&content, 8, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
            prop_assert!(damages.windows(2).all(|pair| pair[0] < pair[1]));
            for damage in damages {
                let damaged = damage.of(&content);
                prop_assert!(damaged.is_some_and(|damaged| damaged != content), "{damage:?}");
            }
        }
    }
}
