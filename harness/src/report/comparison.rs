//! A comparison of two certificates as a Markdown table, for pull requests; for terminals it is in `terminal/`.

use std::fmt::Write;

use super::text::{self, printable, thousands};
use crate::judge::{Comparison, Finding, Line, Verdict};

/// The mark of a verdict, with a word beside it wherever there is room: marks alone are hard to tell apart.
pub(super) fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Upheld => "✓",
        Verdict::Refuted => "✗",
        Verdict::NotMeasured => "?",
        Verdict::HarnessBroken => "!",
    }
}

/// A verdict in words.
pub(super) fn said(verdict: Verdict) -> String {
    verdict.to_string().replace('-', " ")
}

/// In what a guarantee differs, in words, where it does.
pub(super) fn difference(line: &Line) -> Option<String> {
    if !line.differs {
        return None;
    }
    let mut parts = Vec::new();
    let word = |of: Option<&Finding>| of.map_or("no verdict".to_owned(), |of| said(of.verdict));
    let (a, b) = (line.a.as_ref(), line.b.as_ref());
    if word(a) != word(b) {
        parts.push(format!("{} by A, {} by B", word(a), word(b)));
    }
    let claims = |of: Option<&Finding>| of.is_some_and(|of| of.claimed);
    match (claims(a), claims(b)) {
        (true, false) => parts.push("claimed by A alone".to_owned()),
        (false, true) => parts.push("claimed by B alone".to_owned()),
        _ => {}
    }
    let models: Vec<String> = line.models.iter().map(ToString::to_string).collect();
    if !models.is_empty() {
        parts.push(format!("another verdict under {}", models.join(", ")));
    }
    Some(format!("{}: {}", line.id, parts.join("; ")))
}

/// How many claims there are, and what became of them.
pub(super) fn claims(lines: &[Line], of: fn(&Line) -> Option<&Finding>) -> String {
    let claimed: Vec<&Finding> =
        lines.iter().filter_map(of).filter(|finding| finding.claimed).collect();
    let count = |verdict| claimed.iter().filter(|finding| finding.verdict == verdict).count();
    format!(
        "{}: {} upheld, {} refuted, {} not measured",
        text::count(claimed.len(), "claim"),
        count(Verdict::Upheld),
        count(Verdict::Refuted),
        count(Verdict::NotMeasured)
    )
}

/// The comparison as a Markdown table; what differs is marked, and said below.
pub fn markdown(comparison: &Comparison) -> String {
    let mut out =
        String::from("| | guarantee | A | trials | B | trials |\n|---|---|---|---:|---|---:|\n");
    let cell = |of: Option<&Finding>| match of {
        Some(of) => {
            let claimed = if of.claimed { ", claimed" } else { "" };
            let verdict = format!("{} {}{claimed}", mark(of.verdict), said(of.verdict));
            format!("{verdict} | {}", thousands(of.trials))
        }
        None => "– | –".to_owned(),
    };
    for line in &comparison.guarantees {
        let marked = if line.differs { "**≠**" } else { "" };
        let (a, b) = (cell(line.a.as_ref()), cell(line.b.as_ref()));
        // Nothing can go wrong when text is added to text.
        let _ = writeln!(out, "| {marked} | `{}` | {a} | {b} |", line.id);
    }
    out.push('\n');
    let sides = [
        ("A", &comparison.a, (|line| line.a.as_ref()) as fn(&Line) -> Option<&Finding>),
        ("B", &comparison.b, |line| line.b.as_ref()),
    ];
    for ((name, side, of), file) in sides.into_iter().zip(comparison.files()) {
        let subject = code(&side.subject.in_words());
        let claims = claims(&comparison.guarantees, of);
        let _ = writeln!(
            out,
            "- **{name}**: {subject}, profile {}, seed {}{}: **{}**; {claims}",
            code(&side.profile),
            side.seed,
            file.map(|file| format!(", from {}", code(file))).unwrap_or_default(),
            side.verdict
        );
    }
    for reservation in comparison.reservations() {
        let _ = writeln!(out, "- {}", reservation.replace('|', "\\|"));
    }
    for sentence in comparison.guarantees.iter().filter_map(difference) {
        let _ = writeln!(out, "- ≠ {sentence}");
    }
    out
}

/// Text of others in a code span: it can hold no markup, and no backtick ends it.
fn code(text: &str) -> String {
    format!("`{}`", printable(text).replace('`', "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use crashworthy::{Claims, Guarantee, PersistenceModel, fs::Profile};
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        judge::{Certificate, ModelResult, Rating, compare},
        report::{fixture, terminal::comparison::render},
    };

    /// The documented backend, and one that keeps all that it claims.
    fn two() -> (Certificate, Certificate) {
        let (mut documented, _) = fixture::refuted();
        documented.subject.name = "fs:documented".into();
        let claims = fixture::claims(Profile::Hardened);
        let mut hardened = fixture::certificate(Rating::Certified, &claims, &[]);
        for (certificate, verdict) in
            [(&mut documented, Verdict::Upheld), (&mut hardened, Verdict::Refuted)]
        {
            let row =
                certificate.guarantees.iter_mut().find(|row| row.id == Guarantee::PowerPrefixOrder);
            row.expect("every guarantee has a row").models = vec![ModelResult {
                model: PersistenceModel::Ext4,
                verdict,
                crash_states: 7,
                summary: None,
            }];
        }
        hardened.profile = "nightly".into();
        hardened.seed = 7;
        hardened.interrupted = true;
        hardened.guarantees.retain(|row| row.id != Guarantee::BitrotDetected);
        (documented, hardened)
    }

    #[test]
    fn side_by_side_for_people() {
        let (a, b) = two();
        let both = compare(&a, &b);
        assert_snapshot!("wide", render(&both, (false, 100)));
        assert_snapshot!("narrow", render(&both, (false, 60)));
        assert_snapshot!("coloured", render(&both, (true, 80)).replace('\u{1b}', "ESC"));
        assert_snapshot!("the_same", render(&compare(&a, &a), (false, 80)));
        assert_snapshot!("markdown", markdown(&both));
    }

    #[test]
    fn a_difference_in_figures_is_none() {
        let (a, _) = two();
        let mut b = a.clone();
        for row in &mut b.guarantees {
            row.trials += 1;
            row.summary = None;
        }
        assert_eq!(compare(&a, &b).differing, 0);
        b.guarantees[3].claimed = !b.guarantees[3].claimed;
        assert_eq!(compare(&a, &b).differing, 1);
    }

    #[test]
    fn one_subject_twice_is_told_apart_by_its_files() {
        let (a, other) = two();
        let files = |both: Comparison| both.of_files("before".into(), "after".into());
        let both = files(compare(&a, &a));
        let page = render(&both, (false, 80));
        assert!(page.contains("seed 42, from before\n"), "{page}");
        assert!(page.contains("seed 42, from after\n"), "{page}");
        let text = markdown(&both);
        assert!(text.contains("from `before`: ") && text.contains("from `after`: "), "{text}");
        let both = files(compare(&a, &other));
        assert!(!render(&both, (false, 80)).contains("from before"), "their names tell them apart");
    }

    #[test]
    fn one_is_not_told_as_many() {
        let (mut a, _) = two();
        a.guarantees.truncate(1);
        a.guarantees[0].claimed = true;
        let mut b = a.clone();
        b.guarantees[0].claimed = false;
        let both = compare(&a, &b);
        let page = render(&both, (false, 80));
        assert!(page.contains("1 claim: 1 upheld"), "{page}");
        assert!(page.contains("1 of 1 guarantee differs"), "{page}");
    }

    #[test]
    fn nobody_breaks_out_of_the_table() {
        let (mut a, _) = two();
        a.subject.name = "` | **bold** \u{1b}[31m\n# title".into();
        let text = markdown(&compare(&a, &a));
        assert!(!text.contains('\u{1b}') && !text.contains("\n# title"), "{text}");
        assert!(text.contains("`' \\| **bold**"), "{text}");
        let page = render(&compare(&a, &a), (false, 80));
        assert!(!page.contains('\u{1b}'), "{page}");
    }

    #[test]
    fn every_width_is_fine() {
        let (a, b) = two();
        let none = fixture::certificate(Rating::Inconclusive, &Claims::new(), &[]);
        for width in 20..120 {
            for (a, b) in [(&a, &b), (&b, &none)] {
                for line in render(&compare(a, b), (false, width)).lines() {
                    let columns = textwrap::core::display_width(line);
                    assert!(columns <= width.clamp(60, 100), "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn comparisons_follow_their_schema() {
        let schema = include_str!("../../../reports/schema/comparison-1.json");
        let schema = serde_json::from_str(schema).expect("a schema is JSON");
        let schema = jsonschema::draft202012::new(&schema).expect("it is a schema");
        let (a, b) = two();
        let both = compare(&a, &b).of_files("a".into(), "b".into());
        let good = serde_json::to_value(both).expect("plain data");
        let errors: Vec<_> = schema.iter_errors(&good).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        for (pointer, wrong) in [
            ("/schema", serde_json::json!(2)),
            ("/guarantees/0/a/verdict", serde_json::json!("passed")),
            ("/a/verdict", serde_json::json!("fine")),
            ("/differing", serde_json::json!(-1)),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).expect("the place exists") = wrong;
            assert!(!schema.is_valid(&bad), "{pointer}");
        }
    }
}
