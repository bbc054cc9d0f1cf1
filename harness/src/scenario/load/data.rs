//! The content of files as a scenario writes it: text, pseudo-random bytes, or base64.
//!
//! `{ bytes = N, seed = S }` is the first N bytes of xoshiro256++, seeded from S by `SplitMix64`
//! (both by Blackman and Vigna, <https://prng.di.unimi.it>), words in little-endian order. It is the
//! same on every machine and must stay so: counterexample files refer to it. Two values of one seed
//! share a prefix, so a scenario that overwrites one with the other should give each its own seed.

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    problem::Problem,
    table::{self, Table, Value},
};
use crate::subject::Bytes;

/// Longest content of one file in bytes: it is copied and base64-encoded on its way to a subject.
pub const CONTENT_BYTES_MAX: u64 = 64 << 20;
/// Most content in one scenario in bytes: all of it stays in memory as long as the scenario does.
pub const SCENARIO_BYTES_MAX: u64 = 128 << 20;

const FORMS: &str = "a string, { bytes = N, seed = S } or { base64 = \"…\" }";

/// Reads contents and counts what they add up to.
#[derive(Default)]
pub(super) struct Contents {
    total_bytes: u64,
}

impl Contents {
    /// The bytes that `value` stands for.
    pub(super) fn read(&mut self, value: &Value<'_>) -> Result<Bytes, Problem> {
        if let Some(text) = value.get_ref().as_str() {
            self.reserve(text.len() as u64, value)?;
            return Ok(text.into());
        }
        let entries = table::entries("data", FORMS, value)?;
        let table = Table::new("data", value.span(), entries, &["bytes", "seed", "base64"])?;
        if let Some(base64) = table.get("base64") {
            if entries.len() > 1 {
                return Err(Problem::new(
                    value.span(),
                    "data is given in more than one form",
                    "expected \"base64\" alone, or \"bytes\" with \"seed\"",
                ));
            }
            let text = table::string("base64", base64)?;
            // Decoding gives three bytes for four characters; the file's own limit bounds the rest.
            self.reserve(text.len() as u64 / 4 * 3, base64)?;
            let bytes = BASE64_STANDARD.decode(text).map_err(|error| {
                let error = error.to_string().to_lowercase();
                let message = format!("base64 cannot be decoded: {}", error.trim_end_matches('.'));
                Problem::new(base64.span(), message, "expected standard base64 with padding")
            })?;
            return Ok(bytes.into());
        }
        let bytes = table.require("bytes")?;
        let count = table::whole_number("bytes", bytes)?;
        let seed = table.get("seed").map_or(Ok(0), |seed| table::whole_number("seed", seed))?;
        self.reserve(count, bytes)?;
        Ok(pseudo_random(count as usize, seed))
    }

    /// Counts `bytes` more, before they are made.
    fn reserve(&mut self, bytes: u64, value: &Value<'_>) -> Result<(), Problem> {
        let refuse = |message: &str, limit: u64| {
            let label = format!("expected at most {limit} bytes ({} MiB)", limit >> 20);
            Err(Problem::new(value.span(), message, label))
        };
        if bytes > CONTENT_BYTES_MAX {
            return refuse("this content is too large", CONTENT_BYTES_MAX);
        }
        self.total_bytes += bytes;
        if self.total_bytes > SCENARIO_BYTES_MAX {
            return refuse("all contents together are too large", SCENARIO_BYTES_MAX);
        }
        Ok(())
    }
}

fn pseudo_random(count: usize, seed: u64) -> Bytes {
    let mut bytes = vec![0; count];
    Xoshiro256PlusPlus::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use toml::de::DeValue;

    use super::*;

    #[test]
    fn contents_are_refused_when_they_add_up_to_too_much() {
        let full = |total_bytes| Contents { total_bytes };
        let value = DeValue::parse("\"x\"").expect("it is TOML");
        assert!(full(SCENARIO_BYTES_MAX - 1).read(&value).is_ok());
        assert!(full(SCENARIO_BYTES_MAX).read(&value).is_err());
    }

    /// Published files depend on these bytes. If this fails, the generator has changed, and the fix
    /// is to bring the old one back.
    #[test]
    fn pseudo_random_bytes_never_change() {
        assert_eq!(&pseudo_random(16, 7)[..], &reference(7)[..16]);
        assert_eq!(&pseudo_random(11, 0)[..], &reference(0)[..11]);
    }

    /// The two algorithms written out from their authors' C code.
    fn reference(seed: u64) -> Vec<u8> {
        let mut state = seed;
        let mut split_mix = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let mut s = [split_mix(), split_mix(), split_mix(), split_mix()];
        let mut bytes = Vec::new();
        for _ in 0..2 {
            let word = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
            let t = s[1] << 17;
            s[2] ^= s[0];
            s[3] ^= s[1];
            s[1] ^= s[2];
            s[0] ^= s[3];
            s[2] ^= t;
            s[3] = s[3].rotate_left(45);
            bytes.extend(word.to_le_bytes());
        }
        bytes
    }
}
