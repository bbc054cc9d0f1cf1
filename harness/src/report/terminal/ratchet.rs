//! What a run is, measured against a baseline, for people: told after the certificate's own conclusion, which it does
//! not change.

use std::path::Path;

use super::{
    WIDTH_MAX, WIDTH_MIN,
    page::{BAD, GOOD, Page},
};
use crate::{
    judge::{Baseline, Ratchet, Verdict},
    report::{
        shell,
        text::{count, thousands},
    },
};

/// The text, which ends with a newline.
pub fn render(
    found: &Ratchet,
    baseline: &Baseline,
    file: &Path,
    (color, width): (bool, usize),
) -> String {
    let mut page = Page::new(color, width.clamp(WIDTH_MIN, WIDTH_MAX));
    page.gap();
    for (title, sentences) in [("Worse than the baseline", &found.worse), ("Better", &found.better)]
    {
        if sentences.is_empty() {
            continue;
        }
        page.heading(title, "");
        for sentence in sentences {
            page.labelled(2, "-", sentence);
        }
        page.gap();
    }
    let update = format!("`crashworthy baseline update {}`", shell::word(file));
    if found.worse.is_empty() {
        let known = [(Verdict::Refuted, "refuted"), (Verdict::NotMeasured, "not measured")]
            .map(|(verdict, word)| (baseline.claims(verdict), word));
        let known = known.iter().filter(|(n, _)| *n > 0);
        let known: Vec<String> =
            known.map(|(n, word)| format!("{} {word}", count(*n, "claim"))).collect();
        let known = match &known[..] {
            [] => String::new(),
            known => format!("; that knows {}", known.join(" and ")),
        };
        let whole = match (found.left_out.len(), baseline.guarantees.len()) {
            (0, _) => "Nothing".to_owned(),
            (n, all) => {
                format!("Of what this run was asked for ({} of {all}), nothing", thousands(all - n))
            }
        };
        page.answer(
            "BASELINE KEPT",
            GOOD,
            &format!("{whole} is worse than in {}{known}.", file.display()),
        );
        if !found.better.is_empty() && found.no_baseline.is_none() {
            page.aside(0, &format!("To keep what is better now, too: {update}"));
        }
    } else {
        let n = count(found.worse.len(), "thing");
        page.answer("WORSE THAN BASELINE", BAD, &format!("{n} worse than in {}.", file.display()));
        if found.no_baseline.is_none() {
            page.aside(0, &format!("If it is meant to be so: {update}, and commit the file"));
        }
    }
    if !found.left_out.is_empty() {
        let left_out = format!(
            "Not looked at, so that the baseline says nothing about it here: {}. Without --guarantee all is looked at.",
            found.left_out.join(", ")
        );
        page.aside(0, &left_out);
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{Certificate, ratchet},
        report::fixture,
    };

    /// What is said of a run that `change` makes of the one that the baseline is of.
    fn said(file: &str, change: impl FnOnce(&mut Certificate)) -> String {
        let (mut certificate, _) = fixture::refuted();
        let baseline = Baseline::of(&certificate).expect("it makes one");
        change(&mut certificate);
        let found = ratchet(&baseline, &certificate, None);
        render(&found, &baseline, Path::new(file), (false, WIDTH_MAX))
    }

    #[test]
    fn an_update_is_offered_where_it_would_be_taken() {
        let worse = |it: &mut Certificate| it.guarantees[0].verdict = Verdict::Refuted;
        let update = "`crashworthy baseline update b.json`";
        assert!(said("b.json", worse).contains(update));
        let spaced = said("b 1.json", worse);
        assert!(spaced.contains("`crashworthy baseline update 'b 1.json'`"), "{spaced}");
        let interrupted = said("b.json", |it| it.interrupted = true);
        assert!(interrupted.contains("run it to its end"), "{interrupted}");
        let nameless = said("b.json", |it| {
            it.subject.name.clear();
            worse(it);
        });
        for refused in [interrupted, nameless] {
            assert!(refused.contains("WORSE THAN BASELINE"), "{refused}");
            assert!(!refused.contains("baseline update"), "{refused}");
        }
    }
}
