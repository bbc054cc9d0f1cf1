//! How many guarantees have which verdict, and the one line that several outputs give the whole run.

use crashworthy::Guarantee;

use super::text;
use crate::judge::{Certificate, Rating, Verdict};

/// How many of the claims, or of the rest, have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) upheld: usize,
    pub(super) refuted: usize,
    pub(super) not_measured: usize,
    pub(super) harness_broken: usize,
}

impl Tally {
    /// Of what is claimed, or of what is not.
    pub(super) fn of(certificate: &Certificate, claimed: bool) -> Self {
        let mut tally = Self::default();
        for row in certificate.guarantees.iter().filter(|row| row.claimed == claimed) {
            *match row.verdict {
                Verdict::Upheld => &mut tally.upheld,
                Verdict::Refuted => &mut tally.refuted,
                Verdict::NotMeasured => &mut tally.not_measured,
                Verdict::HarnessBroken => &mut tally.harness_broken,
            } += 1;
        }
        tally
    }

    pub(super) fn all(self) -> usize {
        self.upheld + self.refuted + self.not_measured + self.harness_broken
    }
}

/// The claims with this verdict, by the reason for it: many have the same one, and it is told once.
pub(super) fn by_reason(
    certificate: &Certificate,
    verdict: Verdict,
) -> Vec<(&str, Vec<Guarantee>)> {
    let mut groups: Vec<(&str, Vec<Guarantee>)> = Vec::new();
    for row in certificate.guarantees.iter().filter(|row| row.claimed && row.verdict == verdict) {
        let reason = row.reason.as_deref().unwrap_or("no reason was given");
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, ids)) => ids.push(row.id),
            None => groups.push((reason, vec![row.id])),
        }
    }
    groups
}

/// The overall answer of a run that may have been cut short, or be a part of one. An interrupted run is never green,
/// and says so in the place of an answer unless it knows something worse; so does a shard that did its own part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Certified,
    Refuted,
    OneShard,
    Inconclusive,
    Interrupted,
    HarnessBroken,
}

impl Answer {
    pub(super) fn of(certificate: &Certificate) -> Self {
        match certificate.verdict {
            Rating::Refuted => Self::Refuted,
            Rating::HarnessBroken => Self::HarnessBroken,
            _ if certificate.interrupted => Self::Interrupted,
            Rating::Certified => Self::Certified,
            Rating::Inconclusive if certificate.exit_code() == 0 => Self::OneShard,
            Rating::Inconclusive => Self::Inconclusive,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::Refuted => "refuted",
            Self::OneShard => "one shard",
            Self::Inconclusive => "inconclusive",
            Self::Interrupted => "interrupted",
            Self::HarnessBroken => "harness broken",
        }
    }
}

/// What became of the claims, in a few words: `1 of 11 claims refuted, interrupted`.
pub(super) fn in_short(certificate: &Certificate) -> String {
    let claims = Tally::of(certificate, true);
    let all = claims.all();
    if all == 0 {
        return "nothing claimed".to_owned();
    }
    let (count, word) = match Answer::of(certificate) {
        Answer::Refuted => (claims.refuted, "refuted"),
        Answer::HarnessBroken => return "nobody is accused".to_owned(),
        Answer::Certified | Answer::Interrupted => (claims.upheld, "upheld"),
        Answer::OneShard => (claims.not_measured, "left open"),
        Answer::Inconclusive => (claims.not_measured, "not measured"),
    };
    let cut = match Answer::of(certificate) {
        Answer::Refuted if certificate.interrupted => ", interrupted",
        _ => "",
    };
    match (count, all) {
        (1, 1) => format!("its one claim {word}{cut}"),
        _ => format!("{count} of {} {word}{cut}", text::count(all, "claim")),
    }
}

/// Which part of the work it is of, and what makes a whole of the parts, where there are several.
pub(super) fn part(certificate: &Certificate) -> Option<String> {
    let partition = certificate.partition.filter(|partition| partition.of > 1)?;
    let what = match certificate.verdict {
        Rating::Certified => "`crashworthy merge` puts them together",
        _ => "nothing is certified until `crashworthy merge` has put them together",
    };
    Some(format!("This is shard {} of {}: {what}.", partition.shard, partition.of))
}

#[cfg(test)]
mod tests {
    use crashworthy::fs::Profile;

    use super::*;
    use crate::report::fixture;

    #[test]
    fn an_interrupted_run_is_never_green() {
        let claims = fixture::claims(Profile::Hardened);
        let mut certificate = fixture::certificate(Rating::Certified, &claims, &[]);
        assert_eq!(Answer::of(&certificate), Answer::Certified);
        certificate.interrupted = true;
        assert_eq!(Answer::of(&certificate), Answer::Interrupted);
        certificate.verdict = Rating::Refuted;
        assert_eq!(Answer::of(&certificate), Answer::Refuted);
        assert!(in_short(&certificate).ends_with(", interrupted"));
    }

    #[test]
    fn a_shard_says_which_it_is_and_one_that_is_all_is_no_part() {
        let mut shard = fixture::one_shard();
        assert_eq!(Answer::of(&shard), Answer::OneShard);
        assert_eq!(in_short(&shard), "39 of 39 claims left open");
        let said = part(&shard).expect("others have the rest");
        assert!(said.starts_with("This is shard 2 of 3: nothing is certified until"), "{said}");
        shard.verdict = Rating::Certified;
        let said = part(&shard).expect("others have the rest");
        assert!(!said.contains("nothing is certified"), "{said}");
        shard.partition = "hash:1/1".parse().ok();
        assert_eq!(part(&shard), None);
    }

    #[test]
    fn everything_is_counted_once() {
        let certificate = fixture::refuted().0;
        let (claimed, other) = (Tally::of(&certificate, true), Tally::of(&certificate, false));
        assert_eq!(claimed.all() + other.all(), certificate.guarantees.len());
        assert_eq!(claimed.refuted + other.refuted, 3);
    }
}
