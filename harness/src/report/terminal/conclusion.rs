//! The end of a certificate: how much was done, the overall answer, and, where a claim was refuted, the
//! command that shows it again as the very last line.

use std::path::Path;

use super::{
    advice, is_broken_claim,
    page::{BAD, DOUBTFUL, GOOD, Page},
};
use crate::{
    judge::{Certificate, Rating, Totals, Verdict},
    report::{
        shell,
        tally::{self, Answer, Tally},
        text::{count, thousands},
    },
};

/// Ids that the overall answer names.
const NAMED_IDS_MAX: usize = 6;

pub(super) fn conclude(page: &mut Page, certificate: &Certificate, directory: &Path) {
    page.gap();
    page.aside(0, &totals(&certificate.totals));
    let advice = advice::advice(certificate);
    if !advice.is_empty() {
        page.gap();
        page.aside(0, "What helps:");
        for line in advice {
            page.paragraph(2, line);
        }
    }
    page.gap();
    let (word, style) = match certificate.verdict {
        Rating::Certified => ("CERTIFIED", GOOD),
        Rating::Refuted => ("REFUTED", BAD),
        Rating::Inconclusive if Answer::of(certificate) == Answer::OneShard => {
            ("ONE SHARD", DOUBTFUL)
        }
        Rating::Inconclusive => ("INCONCLUSIVE", DOUBTFUL),
        Rating::HarnessBroken => ("HARNESS BROKEN", DOUBTFUL),
    };
    page.answer(word, style, &verdict(certificate));
    for line in others(certificate) {
        page.answer(&" ".repeat(word.len()), style, &line);
    }
    if let Some(line) = tally::part(certificate) {
        page.answer(&" ".repeat(word.len()), style, &line);
    }
    if certificate.interrupted {
        page.answer(&" ".repeat(word.len()), style, "The run was interrupted before its end.");
    }
    let refuted = certificate.guarantees.iter().filter(|result| is_broken_claim(result));
    let commands: Vec<_> = refuted
        .filter_map(|result| result.counterexample.as_ref())
        .map(|path| replay(directory, path))
        .collect();
    if let Some((first, others)) = commands.split_first() {
        page.gap();
        page.aside(0, "To see it happen again:");
        // The smallest trouble first in the catalogue is the best place to begin, so it comes last.
        for command in others.iter().rev().chain([first]) {
            page.verbatim(2, command);
        }
    }
}

pub(in crate::report) fn totals(totals: &Totals) -> String {
    let torn = match totals.torn_writes {
        0 => String::new(),
        n => format!(" ({} inside a write)", thousands(n)),
    };
    let mut parts = vec![count(totals.trials, "trial")];
    for (n, noun, note) in [
        (totals.kills, "kill", torn.as_str()),
        (totals.errors_injected, "injected error", ""),
        // A row counts one at every moment that leaves it, and under its model alone.
        (totals.crash_states, "different crash state", ""),
        (totals.schedules, "schedule", ""),
    ] {
        if n > 0 {
            parts.push(count(n, noun) + note);
        }
    }
    if let Some(soak) = &totals.soak {
        parts.push(format!("{} operations soaked", thousands(soak.operations as usize)));
    }
    format!("{}, in {:.1} s", parts.join(", "), totals.wall_seconds)
}

/// The first ids, and how many more there are: the rows above have them all.
fn named(ids: &[String]) -> String {
    let shown = ids[..ids.len().min(NAMED_IDS_MAX)].join(", ");
    match ids.len().saturating_sub(NAMED_IDS_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What became of the claims, in a sentence.
pub(in crate::report) fn verdict(certificate: &Certificate) -> String {
    let of = |verdict| {
        let rows = certificate.guarantees.iter().filter(move |row| row.claimed);
        rows.filter(|row| row.verdict == verdict).map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    let claims = certificate.guarantees.iter().filter(|row| row.claimed).count();
    let refuted = of(Verdict::Refuted);
    let (open, suspect) = (of(Verdict::NotMeasured), of(Verdict::HarnessBroken));
    match certificate.verdict {
        Rating::Certified => format!("{} upheld.", all_of(claims)),
        Rating::Refuted => {
            format!("{} refuted: {}.", so_many(refuted.len(), claims), named(&refuted))
        }
        Rating::Inconclusive if claims == 0 => {
            "Nothing of what was asked for is claimed, so there is no pass.".to_owned()
        }
        Rating::Inconclusive if Answer::of(certificate) == Answer::OneShard => format!(
            "Nothing refuted in the part of the work that was this shard's; {}.",
            tally::in_short(certificate)
        ),
        Rating::Inconclusive if claims == 1 && open.len() == 1 => {
            format!("{} not measured: {}.", so_many(1, 1), named(&open))
        }
        Rating::Inconclusive => {
            format!("{} not measured: {}. None refuted.", so_many(open.len(), claims), named(&open))
        }
        Rating::HarnessBroken => format!(
            "The harness itself is the suspect, so nobody is accused{}.",
            if suspect.is_empty() { String::new() } else { format!(": see {}", named(&suspect)) }
        ),
    }
}

/// Some of the claims, where it is said of them what they are.
fn so_many(some: usize, claims: usize) -> String {
    match (some, claims) {
        (1, 1) => "Its one claim was".to_owned(),
        (some, claims) => format!("{some} of {}", count(claims, "claim")),
    }
}

fn all_of(claims: usize) -> String {
    match claims {
        1 => "Its one claim was".to_owned(),
        n => format!("All of its {n} claims were"),
    }
}

/// What became of the rest, claimed and not, in a sentence each.
pub(in crate::report) fn others(certificate: &Certificate) -> Vec<String> {
    let Tally { upheld, not_measured, .. } = Tally::of(certificate, true);
    let not_measured = match certificate.verdict {
        // Of all claims, and of those that have no answer, it is said already.
        Rating::Certified => return not_claimed(certificate).into_iter().collect(),
        Rating::Inconclusive => 0,
        _ => not_measured,
    };
    let claimed = figures(&[(upheld, "upheld"), (not_measured, "not measured")]);
    let claimed = claimed.map(|figures| format!("Other claims: {figures}."));
    claimed.into_iter().chain(not_claimed(certificate)).collect()
}

/// What became of what is not claimed, in a sentence.
pub(in crate::report) fn not_claimed(certificate: &Certificate) -> Option<String> {
    let Tally { upheld, refuted, not_measured, .. } = Tally::of(certificate, false);
    let words = [(upheld, "upheld"), (refuted, "refuted"), (not_measured, "not measured")];
    figures(&words).map(|figures| format!("Not claimed: {figures}."))
}

/// Those figures that are not nought, each with its word.
fn figures(all: &[(usize, &str)]) -> Option<String> {
    let some: Vec<_> =
        all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    (!some.is_empty()).then(|| some.join(", "))
}

/// The command that runs the counterexample at `path` again; `directory` is its certificate's.
pub(in crate::report) fn replay(directory: &Path, path: &str) -> String {
    format!("crashworthy replay {}", shell::word(&directory.join(path)))
}
