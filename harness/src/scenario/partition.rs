//! Partitions: which part of a run's work is whose, where several machines share it.
//!
//! The unit is a scenario or a generated workload, and its name alone decides: nobody has to know what the others
//! find, and work that is added moves nothing else. So shards need no coordinator, and are uneven where a few scenarios
//! take most of the time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// More shards than that have more overhead than work: each starts the subject, and there are some hundred scenarios.
pub const SHARDS_MAX: u32 = 1024;

/// One part of the work of a run, as in `hash:1/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// Which part, from 1.
    pub shard: u32,
    /// Of how many.
    pub of: u32,
}

/// Why text names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// It has another form.
    #[error("expected hash:M/N, for example hash:1/3 for the first of three shards")]
    Malformed,
    /// There is no such part.
    #[error(
        "there is no shard {shard} of {of}: shards count from 1 to N, and N is at most {SHARDS_MAX}"
    )]
    Nowhere {
        /// Which part was named.
        shard: u32,
        /// Of how many.
        of: u32,
    },
}

impl Partition {
    /// Whether the work with this name is part of it. The first 8 bytes of the BLAKE3 hash of the name, little-endian,
    /// modulo the number of shards, are the shard counted from 0; the same in every version.
    pub fn owns(self, name: &str) -> bool {
        let hash = blake3::hash(name.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.as_bytes()[..8]);
        u64::from_le_bytes(bytes) % u64::from(self.of) == u64::from(self.shard - 1)
    }
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        let parts = text.strip_prefix("hash:").and_then(|parts| parts.split_once('/'));
        let (shard, of) = parts.ok_or(PartitionError::Malformed)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| PartitionError::Malformed);
        let (shard, of) = (number(shard)?, number(of)?);
        if shard == 0 || shard > of || of > SHARDS_MAX {
            return Err(PartitionError::Nowhere { shard, of });
        }
        Ok(Self { shard, of })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hash:{}/{}", self.shard, self.of)
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_parts_that_exist_are_read() {
        for of in 1..4 {
            for shard in 1..=of {
                let part = Partition { shard, of };
                assert_eq!(part.to_string().parse(), Ok(part));
            }
        }
        for text in
            ["", "1/2", "hash:", "hash:1", "hash:a/2", "hash:-1/2", "count:1/2", "hash:1/2/3"]
        {
            assert_eq!(text.parse::<Partition>(), Err(PartitionError::Malformed), "{text}");
        }
        for text in ["hash:0/2", "hash:3/2", "hash:1/0", "hash:1/1025"] {
            let error = text.parse::<Partition>().expect_err(text);
            assert!(matches!(error, PartitionError::Nowhere { .. }), "{text}");
        }
    }

    #[test]
    fn a_name_stays_with_its_shard_in_every_version() {
        let shard = |name: &str, of| (1..=of).find(|&shard| Partition { shard, of }.owns(name));
        let names = ["crash-during-write", "two-terminals", "generated-0", "generated-15"];
        // By another implementation of BLAKE3.
        assert_eq!(names.map(|name| shard(name, 3)), [2, 1, 1, 2].map(Some));
    }

    proptest! {
        #[test]
        fn every_name_has_exactly_one_owner(name in ".*", of in 1_u32..50) {
            let owners = (1..=of).filter(|&shard| Partition { shard, of }.owns(&name));
            prop_assert_eq!(owners.count(), 1);
        }
    }
}
