//! The name of a version: when it was made, by chance what else, and what it is.
//!
//! `<nanoseconds since 1970, 16 hexadecimal digits>-<random, 32 of them>.<kind>`, so that the order of names is
//! the order of versions, and two that are made at the same moment have an order as well.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use strum::{Display, EnumString};

use crate::fs::temp::random_name;

/// What a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Kind {
    /// The whole content of the file.
    Value,
    /// There is no file from here on.
    Deleted,
    /// A value in the making, or what a killed writer left of one. No version yet.
    #[strum(serialize = "tmp")]
    Temporary,
}

/// A parsed name. The order is that of the names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    stamp: u64,
    chance: String,
    pub(super) kind: Kind,
}

impl Version {
    /// A version of now, or later where `newest` is: a clock that was set back, or differs from that of
    /// another writer, must not hide a write behind those that it came after.
    pub(super) fn after(newest: Option<&Self>, kind: Kind) -> io::Result<Self> {
        let follower = newest.map_or(0, |newest| newest.stamp.saturating_add(1));
        Ok(Self { stamp: follower.max(now()), chance: random_name()?, kind })
    }

    /// The version with this name, if it is one.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (stamp, rest) = name.split_once('-')?;
        let (chance, kind) = rest.split_once('.')?;
        let stamp = u64::from_str_radix(stamp, 16).ok()?;
        let version = Self { stamp, chance: chance.to_owned(), kind: kind.parse().ok()? };
        // Only in the one spelling whose order is that of versions.
        (chance.len() == 32 && version.name() == name).then_some(version)
    }

    pub(super) fn name(&self) -> String {
        let Self { stamp, chance, kind } = self;
        format!("{stamp:016x}-{chance}.{kind}")
    }

    /// The same, at another stage.
    pub(super) fn with(&self, kind: Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// Whether it was made longer ago than `age`, as far as the clock knows.
    pub(super) fn is_older_than(&self, age: Duration) -> bool {
        self.stamp < now().saturating_sub(age.as_nanos() as u64)
    }
}

/// In nanoseconds since 1970; they fit until 2554.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANCE: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_name_is_read_back_and_no_other_spelling_is() {
        for kind in [Kind::Value, Kind::Deleted, Kind::Temporary] {
            let version = Version::after(None, kind).unwrap();
            assert_eq!(Version::parse(&version.name()), Some(version));
        }
        assert!(Version::parse(&format!("00000000000000ff-{CHANCE}.value")).is_some());
        for name in [
            "a".to_owned(),
            format!("ff-{CHANCE}.value"),
            format!("00000000000000FF-{CHANCE}.value"),
            format!("+0000000000000ff-{CHANCE}.value"),
            format!("00000000000000ff-{CHANCE}0.value"),
            format!("00000000000000ff-{CHANCE}.values"),
            format!("00000000000000ff-{CHANCE}.value.tmp"),
            format!("00000000000000ff{CHANCE}.value"),
        ] {
            assert_eq!(Version::parse(&name), None, "{name}");
        }
    }

    #[test]
    fn a_version_follows_those_before_it_whatever_the_clock_says() {
        let ahead = Version { stamp: now() * 2, chance: CHANCE.to_owned(), kind: Kind::Value };
        let next = Version::after(Some(&ahead), Kind::Deleted).unwrap();
        assert!(next > ahead && next.name() > ahead.name());
        let first = Version::after(None, Kind::Value).unwrap();
        assert!(first < ahead && !first.is_older_than(Duration::from_secs(60)));
        let ancient = Version { stamp: 0, ..ahead };
        assert!(ancient.is_older_than(Duration::from_secs(60)));
    }
}
