//! A comparison of two certificates as a Markdown table, for pull requests; for terminals it is in `terminal/`.

use std::fmt::Write;

use super::text::{printable, thousands};
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
        "{} claims: {} upheld, {} refuted, {} not measured",
        claimed.len(),
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
    for (name, side, of) in [
        ("A", &comparison.a, (|line| line.a.as_ref()) as fn(&Line) -> Option<&Finding>),
        ("B", &comparison.b, |line| line.b.as_ref()),
    ] {
        let subject = code(format!("{} {}", side.subject.name, side.subject.version).trim());
        let claims = claims(&comparison.guarantees, of);
        let _ = writeln!(
            out,
            "- **{name}**: {subject}, profile {}, seed {}: **{}**; {claims}",
            code(&side.profile),
            side.seed,
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
