//! Two certificates side by side, for people: a table by category with marks and words (marks alone on a narrow
//! terminal), then what differs in sentences.

use super::{
    WIDTH_MAX, WIDTH_MIN,
    page::{BAD, DOUBTFUL, GOOD, Page},
};
use crate::{
    judge::{Comparison, Finding, Line, Rating, Verdict},
    report::{
        comparison::{claims, difference, mark, said},
        text::{count, thousands},
    },
};

/// Columns that a table with words takes.
const WORDS_COLUMNS: usize = 75;

/// The text, which ends with a newline.
pub fn render(comparison: &Comparison, (color, width): (bool, usize)) -> String {
    let width = width.clamp(WIDTH_MIN, WIDTH_MAX);
    let mut page = Page::new(color, width);
    page.title("Two certificates side by side");
    let sides = [("A", &comparison.a), ("B", &comparison.b)];
    for ((name, side), file) in sides.into_iter().zip(comparison.files()) {
        let subject = &side.subject;
        let command = if subject.name.is_empty() || subject.command == subject.name {
            String::new()
        } else {
            format!(" ({})", subject.command)
        };
        let options = subject.options_in_words().map(|options| format!(" with {options}"));
        page.field(
            name,
            &format!(
                "{}{command}{}, profile {}, seed {}{}",
                subject.in_words(),
                options.unwrap_or_default(),
                side.profile,
                side.seed,
                file.map(|file| format!(", from {file}")).unwrap_or_default()
            ),
        );
    }
    for reservation in comparison.reservations() {
        page.warning(&reservation);
    }
    page.aside(2, "≠ differs in verdict or claim; * is claimed; the figures are trials");
    let words = width >= WORDS_COLUMNS;
    let mut category = None;
    for line in &comparison.guarantees {
        if category != Some(line.category) {
            category = Some(line.category);
            page.gap();
            page.table_heading(super::rows::title(line.category), words);
        }
        page.compared(
            line.differs,
            line.id.id(),
            [cell(line.a.as_ref()), cell(line.b.as_ref())],
            words,
        );
    }
    page.gap();
    if comparison.differing == 0 {
        page.paragraph(0, "No guarantee differs in verdict or claim.");
    } else {
        let all = count(comparison.guarantees.len(), "guarantee");
        let differ = if comparison.differing == 1 { "differs" } else { "differ" };
        page.heading(&format!("{} of {all} {differ}", comparison.differing), "");
        for sentence in comparison.guarantees.iter().filter_map(difference) {
            page.labelled(2, "≠", &sentence);
        }
    }
    page.gap();
    for (name, side, of) in [
        ("A", &comparison.a, (|line| line.a.as_ref()) as fn(&Line) -> Option<&Finding>),
        ("B", &comparison.b, |line| line.b.as_ref()),
    ] {
        let style = match side.verdict {
            Rating::Certified => GOOD,
            Rating::Refuted => BAD,
            Rating::Inconclusive | Rating::HarnessBroken => DOUBTFUL,
        };
        let verdict = side.verdict.to_string().to_uppercase().replace('-', " ");
        let claims = claims(&comparison.guarantees, of);
        let trials = count(side.totals.trials, "trial");
        page.answer(&format!("{name} {verdict}"), style, &format!("{claims}; {trials}."));
    }
    page.finish()
}

/// What a side found: a mark, words, a figure, and a style.
pub(super) type Cell = (&'static str, String, String, anstyle::Style);

fn cell(of: Option<&Finding>) -> Cell {
    let Some(of) = of else {
        return ("–", "no verdict".to_owned(), String::new(), anstyle::Style::new().dimmed());
    };
    let style = match of.verdict {
        Verdict::Upheld => GOOD,
        Verdict::Refuted => BAD,
        Verdict::NotMeasured | Verdict::HarnessBroken => DOUBTFUL,
    };
    // A claim is what a verdict is held against, so its row stands out by more than colour.
    let claimed = if of.claimed { "*" } else { "" };
    (mark(of.verdict), format!("{}{claimed}", said(of.verdict)), thousands(of.trials), style)
}
