//! The seed of a run: as asked for, or derived from the commit that is checked out, so that every commit is explored
//! at other random places and each of them at the same ones again.

use std::process::Command;

use super::Stop;

/// Hexadecimal digits of the hash that make a seed: 8 bytes.
const SEED_DIGITS: usize = 16;

/// The seed of the commit that is checked out in the working directory: the first 8 bytes of its hash, read as a
/// big-endian number.
pub(super) fn from_commit() -> Result<u64, Stop> {
    let asked = Command::new("git").args(["rev-parse", "--verify", "HEAD"]).output();
    let output = asked.map_err(|error| {
        Stop::usage(format!(
            "failed to start git for --seed-from-commit: {error}; install it, or give --seed N"
        ))
    })?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !output.status.success() {
        return Err(Stop::usage(format!(
            "there is no commit to derive a seed from: git says {:?}; run in a repository that has one, or give --seed N",
            said(&output.stderr)
        )));
    }
    of_hash(&said(&output.stdout)).ok_or_else(|| {
        Stop::usage(format!(
            "git answered {:?}, which is no hash of a commit; give --seed N",
            said(&output.stdout)
        ))
    })
}

fn of_hash(hash: &str) -> Option<u64> {
    u64::from_str_radix(hash.get(..SEED_DIGITS)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_digits_are_the_seed() {
        assert_eq!(of_hash("00000000000000ff5d2f3c0000000000000000ab"), Some(255));
        assert_eq!(of_hash("ffffffffffffffff5d2f3c0000000000000000ab"), Some(u64::MAX));
        assert_eq!(of_hash("abc"), None);
        assert_eq!(of_hash("not a hash of a commit at all"), None);
    }
}
