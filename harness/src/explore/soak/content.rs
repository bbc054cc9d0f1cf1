//! Values that tell by themselves whether they are whole.
//!
//! A value is a short text over and over: which key's it is, which of that key's values, and how many bytes it has. Its
//! length follows from the first two. So a reader needs no memory of what was written, however long the run: what was
//! cut, mixed or filled with zeroes is no value.

use crate::subject::Bytes;

/// How long values are, in bytes; one is as likely as another. Half are small, since most time goes into
/// copying the others; pages and what is one byte off them are where halves are torn apart.
const SIZES_BYTES: [usize; 16] =
    [32, 32, 32, 33, 48, 64, 100, 200, 500, 1000, 4095, 4096, 4097, 9000, 65_536, 100_000];
/// Longest text that is repeated, in bytes; it stands at least once in every value.
const UNIT_BYTES_MAX: usize = 32;

/// A value: which key's, and which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) key: u32,
    pub(super) number: u32,
}

impl Content {
    /// All of it.
    pub(super) fn bytes(self) -> Bytes {
        let unit = self.unit();
        unit.bytes().cycle().take(self.len()).collect::<Vec<u8>>().into()
    }

    /// The value that these bytes are the whole of.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let start = &bytes[..bytes.len().min(UNIT_BYTES_MAX)];
        let text = std::str::from_utf8(start.split(|&byte| byte == b'/').next()?).ok()?;
        let (key, number) = text.strip_prefix('k')?.split_once('v')?;
        let content = Self { key: key.parse().ok()?, number: number.parse().ok()? };
        let unit = content.unit();
        let is_whole = bytes.len() == content.len()
            && bytes.chunks(unit.len()).all(|chunk| *chunk == unit.as_bytes()[..chunk.len()]);
        is_whole.then_some(content)
    }

    fn unit(self) -> String {
        format!("k{}v{}/{} ", self.key, self.number, self.len())
    }

    fn len(self) -> usize {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 6.4): neighbours land far apart.
        let mixed = (u64::from(self.key) << 32 | u64::from(self.number))
            .wrapping_add(1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        SIZES_BYTES[(mixed >> 60) as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_text_fits_the_shortest_value() {
        let unit = Content { key: 999_999, number: 999_999 }.unit();
        assert!(unit.len() <= UNIT_BYTES_MAX && UNIT_BYTES_MAX <= SIZES_BYTES[0], "{unit}");
    }

    #[test]
    fn all_sizes_occur() {
        let sizes: std::collections::BTreeSet<_> =
            (0..200).map(|number| Content { key: 3, number }.len()).collect();
        assert_eq!(sizes, SIZES_BYTES.into_iter().collect());
    }

    proptest! {
        #[test]
        fn whole_values_are_known_and_no_others(key in 0..10_000_u32, number in 0..10_000_u32, at in any::<prop::sample::Index>()) {
            let content = Content { key, number };
            let bytes = content.bytes();
            prop_assert_eq!(Content::of(&bytes), Some(content));
            let at = at.index(bytes.len());
            prop_assert_eq!(Content::of(&bytes[..at]), None, "cut");
            let mut other = bytes.to_vec();
            other[at] = 0;
            prop_assert_eq!(Content::of(&other), None, "zeroed");
            other[at] = bytes[at];
            let next = Content { key, number: number + 1 }.bytes();
            other[at..].iter_mut().zip(next.iter().skip(at)).for_each(|(to, from)| *to = *from);
            let mixed = Content::of(&other);
            prop_assert!(mixed.is_none_or(|mixed| mixed.bytes() == Bytes::from(other)), "mixed");
        }
    }
}
