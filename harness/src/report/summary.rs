//! `summary.md`: the certificate as Markdown, for a pull request or the page of a CI job.
//!
//! The answer first, then what is wrong with claims, then a table of everything. What others wrote stands in code
//! spans and code blocks, whose fences are longer than any run of backticks in it: so it stays text, links
//! nowhere and mentions nobody. It is no part of a table, where a pipe would end a cell.

use std::{fmt::Write, path::Path};

use crashworthy::Category;
use strum::VariantArray;

use super::{
    story,
    tally::{self, Answer},
    terminal::{self, conclusion},
    text::{self, printable},
};
use crate::judge::{Case, Certificate, GuaranteeResult, Ratchet, Verdict};

/// The file's name in the output directory.
pub const FILE: &str = "summary.md";

/// Longest text in bytes: a comment on GitHub takes 65,536 characters, and there is to be room beside it.
const BYTES_MAX: usize = 60_000;
/// Longest sentence of others shown whole, in characters.
const SENTENCE_CHARS_MAX: usize = 600;

/// The text.
pub fn render(certificate: &Certificate, cases: &[&Case], directory: &Path) -> String {
    let mut out = head(certificate);
    let table = table(certificate);
    let mut left_out = 0;
    let room = BYTES_MAX.saturating_sub(table.len());
    for row in certificate.guarantees.iter().filter(|row| is_broken_claim(row)) {
        let case = cases.iter().find(|case| case.guarantee == row.id).copied();
        let section = section(row, case, directory);
        if out.len() + section.len() > room {
            left_out += 1;
        } else {
            out += &section;
        }
    }
    if left_out > 0 {
        let more = text::count(left_out, "claim");
        line(&mut out, format_args!("\n{more} more: see `certificate.json`."));
    }
    for verdict in [Verdict::HarnessBroken, Verdict::NotMeasured] {
        let section = reasons(certificate, verdict);
        if out.len() + section.len() <= room {
            out += &section;
        }
    }
    out + &table
}

fn line(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{line}");
}

fn is_broken_claim(row: &GuaranteeResult) -> bool {
    row.claimed && row.verdict == Verdict::Refuted
}

/// Why claims have no answer.
fn reasons(certificate: &Certificate, verdict: Verdict) -> String {
    let mut out = String::new();
    for (reason, ids) in tally::by_reason(certificate, verdict) {
        if out.is_empty() {
            line(&mut out, format_args!("\n### Claims: {}\n", word(verdict)));
        }
        let ids: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
        line(&mut out, format_args!("- {}: {}", code(reason), ids.join(", ")));
    }
    out
}

fn head(certificate: &Certificate) -> String {
    let mut out = String::new();
    let word = Answer::of(certificate).word().to_uppercase();
    line(&mut out, format_args!("## Crashworthy: {word}\n"));
    let subject = &certificate.subject;
    let options = subject.options_in_words().map(|options| format!(" with {}", code(&options)));
    let command = code(&subject.command) + &options.unwrap_or_default();
    line(
        &mut out,
        format_args!(
            "{command} ({}), profile {}, seed {}: {}.",
            code(&subject.in_words()),
            code(&certificate.profile),
            certificate.seed,
            tally::in_short(certificate)
        ),
    );
    if let Some(part) = tally::part(certificate) {
        line(&mut out, format_args!("\n**{part}**"));
    }
    if certificate.interrupted {
        line(
            &mut out,
            format_args!(
                "\n**The run was interrupted before its end**: what it did not finish is not measured."
            ),
        );
    }
    if let Some(found) = &certificate.measured {
        out += &measured(found);
    }
    if certificate.claims_assumed {
        line(
            &mut out,
            format_args!("\nIt documents no guarantees, so every guarantee counts as claimed."),
        );
    }
    if let Some(others) = conclusion::not_claimed(certificate) {
        line(&mut out, format_args!("\n{others}"));
    }
    out
}

/// What there is to tell of one claim.
fn section(row: &GuaranteeResult, case: Option<&Case>, directory: &Path) -> String {
    let mut out = String::new();
    line(&mut out, format_args!("\n### {}: {}\n", row.id, word(row.verdict)));
    if let Some(claim) = &row.claim {
        line(&mut out, format_args!("Claimed: {}\n", code(claim)));
    }
    if let Some(summary) = &row.summary {
        line(&mut out, format_args!("Found: {}", code(summary)));
    }
    if let Some(case) = case {
        line(&mut out, format_args!("\n<details><summary>How it was refuted</summary>\n"));
        out += &block(&story::tell(case).0);
        line(&mut out, format_args!("\n</details>"));
    }
    if let Some(path) = &row.counterexample {
        line(&mut out, format_args!("\nTo see it happen again:\n"));
        out += &block(&[terminal::replay(directory, path)]);
    }
    out
}

/// All guarantees; nothing in it was written by others.
fn table(certificate: &Certificate) -> String {
    let mut out = String::from(
        "\n| | guarantee | verdict | claimed | trials |\n| --- | --- | --- | --- | ---: |\n",
    );
    for category in Category::VARIANTS {
        for row in certificate.guarantees.iter().filter(|row| row.category == *category) {
            let claimed = if row.claimed { "yes" } else { "no" };
            let trials = text::thousands(row.trials);
            let (mark, word) = (mark(row.verdict), word(row.verdict));
            line(
                &mut out,
                format_args!("| {mark} | `{}` | {word} | {claimed} | {trials} |", row.id),
            );
        }
    }
    out
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Upheld => "✓",
        Verdict::Refuted => "✗",
        Verdict::NotMeasured => "–",
        Verdict::HarnessBroken => "!",
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Upheld => "upheld",
        Verdict::Refuted => "refuted",
        Verdict::NotMeasured => "not measured",
        Verdict::HarnessBroken => "harness broken",
    }
}

/// The longest run of backticks.
fn ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// What is worse than in a baseline, and what is better.
fn measured(found: &Ratchet) -> String {
    let mut out = "\n### Against the baseline\n\n".to_owned();
    if found.worse.is_empty() {
        out += "Nothing is worse.\n";
    }
    for (word, sentences) in [("Worse", &found.worse), ("Better", &found.better)] {
        for sentence in sentences {
            let _ = writeln!(out, "- {word}: {}", code(sentence));
        }
    }
    if !found.left_out.is_empty() {
        let _ = writeln!(out, "- Not looked at: {}", code(&found.left_out.join(", ")));
    }
    out
}

/// One line of others' text as a code span.
fn code(text: &str) -> String {
    let mut text = printable(text.trim());
    if text.is_empty() {
        return "(nothing)".to_owned();
    }
    if let Some((end, _)) = text.char_indices().nth(SENTENCE_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    let fence = "`".repeat(ticks(&text) + 1);
    // A space on each side belongs to the fence, and keeps a backtick at an end from lengthening it.
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Lines of others' text as a code block.
fn block(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| printable(line)).collect();
    let longest = lines.iter().map(|line| ticks(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::report::fixture::{hostile, one_shard, outcomes};

    fn markdown(certificate: &Certificate, cases: &[Case]) -> String {
        render(certificate, &cases.iter().collect::<Vec<_>>(), Path::new("run"))
    }

    #[test]
    fn as_people_see_it() {
        for (name, certificate, cases) in outcomes() {
            assert_snapshot!(name, markdown(&certificate, &cases));
        }
        assert_snapshot!("one_shard", markdown(&one_shard(), &[]));
    }

    #[test]
    fn what_others_wrote_stays_in_code() {
        let (certificate, cases) = hostile();
        let text = markdown(&certificate, &cases);
        let mut fence: Option<String> = None;
        for line in text.lines() {
            assert!(!line.chars().any(char::is_control), "{line:?}");
            if let Some(open) = &fence {
                if line.trim() == open {
                    fence = None;
                }
                continue;
            }
            if let Some(open) = line.strip_suffix("text").filter(|open| open.starts_with("```")) {
                fence = Some(open.to_owned());
                continue;
            }
            // Outside code nothing of it is left.
            let outside = without_spans(line);
            for word in ["script", "::error", "@user", "http", "# head", "](", "a|b"] {
                assert!(!outside.contains(word), "{word} in {outside:?}");
            }
        }
        assert_eq!(fence, None, "every block is closed");
        assert!(text.contains("<script>"), "the test is about something");
    }

    /// A line without its code spans, by the rule of `CommonMark` 0.31 (section 6.1): a run of backticks is closed by
    /// the next one of equal length.
    fn without_spans(line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            out += &rest[..start];
            let open = rest[start..].chars().take_while(|c| *c == '`').count();
            let inside = &rest[start + open..];
            let mut at = 0;
            let mut close = None;
            while let Some(tick) = inside[at..].find('`') {
                let run = inside[at + tick..].chars().take_while(|c| *c == '`').count();
                if run == open {
                    close = Some(at + tick + run);
                    break;
                }
                at += tick + run;
            }
            let end = close.expect("a span is closed on its line");
            rest = &inside[end..];
        }
        out + rest
    }

    #[test]
    fn it_fits_a_comment() {
        let (mut certificate, cases) = hostile();
        for row in &mut certificate.guarantees {
            row.claimed = true;
            row.verdict = Verdict::Refuted;
            row.summary = Some("`".repeat(5000));
            row.claim = Some("x".repeat(5000));
        }
        let text = markdown(&certificate, &cases);
        assert!(text.len() <= BYTES_MAX + 100, "{} bytes", text.len());
        assert!(text.contains("more: see `certificate.json`"));
        assert!(text.contains("`bitrot-detected`"), "the table is whole");
    }
}
