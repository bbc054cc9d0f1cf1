//! A claims file to fill in: what the skeleton keeps is claimed, everything else is there as a comment.
//!
//! A line that loses its `#` but gets no sentence is refused with its place, so nobody claims by accident.

use std::fmt::Write;

use crashworthy::{Category, Guarantee};

const HEADER: &str = "\
# What this backend documents: a guarantee on the left, the sentence that promises it on the right.
#
# What is claimed decides about the exit code of `crashworthy certify`; everything else is judged and told all the
# same. To claim more, take the `#` from a line and write your sentence. `crashworthy explain ID` has a page on each.
# These five are kept by the backend that was written together with this file.

schema = 1

[claims]
";

/// What the skeletons keep; an integration test runs them.
pub(super) const KEPT: &[(Guarantee, &str)] = &[
    (Guarantee::ReadYourWrite, "A read returns what was written last."),
    (Guarantee::OverwriteReplaces, "A write replaces the whole content."),
    (Guarantee::MissingIsError, "Reading a file that is not there is an error."),
    (
        Guarantee::KillAtomicWrite,
        "A write is all or nothing: a temporary file is renamed over the old one.",
    ),
    (Guarantee::KillDurableAck, "What was acknowledged is there when the process is killed."),
];

/// The file.
pub(super) fn template() -> String {
    let mut out = HEADER.to_owned();
    let mut category: Option<Category> = None;
    for &guarantee in Guarantee::ALL {
        if category != Some(guarantee.category()) {
            category = Some(guarantee.category());
            let name = guarantee.category().to_string().replace('-', " ");
            write!(out, "\n# -- {name} --\n").expect("writing to a string cannot fail");
        }
        let sentence = KEPT.iter().find(|(kept, _)| *kept == guarantee).map(|(_, text)| *text);
        let mark = if sentence.is_some() { "" } else { "#" };
        write!(
            out,
            "\n# {}\n{mark}{guarantee} = \"{}\"\n",
            guarantee.statement(),
            sentence.unwrap_or_default()
        )
        .expect("writing to a string cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use crashworthy::Claims;

    use super::*;

    #[test]
    fn the_skeleton_claims_what_it_keeps() {
        let claims = Claims::from_toml(&template()).expect("a claims file");
        assert!(!claims.is_empty());
        assert_eq!(claims.iter().collect::<Vec<_>>(), KEPT);
    }

    #[test]
    fn every_guarantee_can_be_claimed_by_taking_a_mark_away() {
        let claimed = Guarantee::ALL.iter().fold(template(), |text, guarantee| {
            text.replace(&format!("\n#{guarantee} = \"\""), &format!("\n{guarantee} = \"Yes.\""))
        });
        let claims = Claims::from_toml(&claimed).expect("a claims file");
        assert_eq!(claims.len(), Guarantee::ALL.len());
    }

    #[test]
    fn a_mark_taken_away_without_a_sentence_is_refused() {
        let careless = template().replace("#kill-atomic-delete", "kill-atomic-delete");
        let error = Claims::from_toml(&careless).expect_err("it has no sentence");
        assert!(error.to_string().contains("has no sentence"), "{error}");
    }
}
