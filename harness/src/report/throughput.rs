//! What subjects keep beside what they cost: a table for a terminal, the same as Markdown, and JSON for programs.
//!
//! Rendering is a pure function of the comparison. A cost that is smaller than the noise is words, not a number.

mod amount;
#[cfg(test)]
pub(super) mod fixture;
mod read;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use crashworthy::Category;
use strum::VariantArray;

pub(super) use self::amount::{duration, size};
pub use self::read::{BenchFileError, read};
use self::table::Table;
use super::{
    terminal::rows::title,
    text::{count, printable},
};
use crate::throughput::{Comparison, Measured, Standing, SubjectCosts};

/// How a comparison is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people.
    #[default]
    Human,
    /// For programs; its schema is `reports/schema/bench-1.json`.
    Json,
    /// The table for a page of documentation.
    Markdown,
}

/// The comparison as text that ends with a newline.
pub fn render(comparison: &Comparison, format: Format) -> String {
    match format {
        Format::Human => page(comparison, Table::aligned, ""),
        Format::Markdown => page(comparison, Table::markdown, "### "),
        Format::Json => {
            serde_json::to_string_pretty(comparison).expect("a comparison is plain data") + "\n"
        }
    }
}

fn page(comparison: &Comparison, form: fn(&Table) -> String, heading: &str) -> String {
    let mut out = String::new();
    line(&mut out, &format!("{heading}What is kept"));
    line(&mut out, "");
    out += &form(&standings(&comparison.subjects));
    for subject in &comparison.subjects {
        if let Some(certificate) = &subject.certificate {
            let label = printable(&subject.label);
            line(&mut out, "");
            let at = subject.certified_at.as_ref();
            let at = at.map_or_else(String::new, |at| format!(", of {}", printable(at)));
            line(&mut out, &format!("{label} by {}{at}", printable(certificate)));
        }
    }
    line(&mut out, "");
    line(&mut out, &format!("{heading}What it costs"));
    line(&mut out, "");
    out += &form(&costs(&comparison.subjects));
    for note in notes(comparison) {
        line(&mut out, "");
        line(&mut out, &note);
    }
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("writing to a string does not fail");
}

/// A row for each group of guarantees, a column for each subject.
fn standings(subjects: &[SubjectCosts]) -> Table {
    let mut table = Table::new(["guarantees".to_owned()].into_iter().chain(labels(subjects)));
    for category in Category::VARIANTS {
        let cells = subjects.iter().map(|subject| {
            let group = subject.standing.iter().find(|group| group.category == *category);
            group.map_or_else(|| "not certified".to_owned(), standing_in_words)
        });
        table.row([title(*category).to_owned()].into_iter().chain(cells));
    }
    table
}

fn labels(subjects: &[SubjectCosts]) -> impl Iterator<Item = String> {
    subjects.iter().map(|subject| printable(&subject.label))
}

/// How many guarantees of a group are kept.
pub(super) fn standing_in_words(group: &Standing) -> String {
    let all = group.upheld + group.refuted + group.not_measured;
    let mut text = if group.upheld == all {
        format!("✓ all {all}")
    } else {
        let mark = if group.refuted > 0 { "✗" } else { "–" };
        format!("{mark} {} of {all}", group.upheld)
    };
    if group.refuted > 0 {
        let _ = write!(text, ", {} refuted", group.refuted);
    }
    if group.not_measured > 0 {
        let _ = write!(text, ", {} not measured", group.not_measured);
    }
    text
}

/// A row for each thing that was measured, a column for each subject.
fn costs(subjects: &[SubjectCosts]) -> Table {
    let header = ["operation", "size", "clients"].map(str::to_owned);
    let mut table = Table::new(header.into_iter().chain(labels(subjects)));
    let Some(first) = subjects.first() else { return table };
    for cost in &first.costs {
        let cell = cost.cell;
        let found = subjects.iter().map(|subject| {
            let cost = subject.costs.iter().find(|cost| cost.cell == cell);
            cost.map_or_else(|| "not measured".to_owned(), |cost| amount_in_words(&cost.measured))
        });
        let head = [cell.work.to_string(), size(cell.bytes), cell.clients.to_string()];
        table.row(head.into_iter().chain(found));
    }
    table
}

/// A median with its interval, or why there is none.
pub(super) fn amount_in_words(measured: &Measured) -> String {
    match measured {
        Measured::Cost { nanos, .. } => format!(
            "{} ({} to {})",
            duration(nanos.median),
            duration(nanos.low),
            duration(nanos.high)
        ),
        Measured::BelowProtocol { below_nanos: Some(below), .. } => {
            format!("< {}", duration(*below))
        }
        Measured::BelowProtocol { below_nanos: None, .. } => "below the protocol's cost".into(),
        Measured::NotMeasured { .. } => "not measured".into(),
    }
}

/// How it was measured, and what to know of it.
pub(super) fn notes(comparison: &Comparison) -> Vec<String> {
    let rounds = |subject: &SubjectCosts| {
        subject
            .costs
            .iter()
            .filter_map(|cost| match &cost.measured {
                Measured::Cost { timed_nanos, .. }
                | Measured::BelowProtocol { timed_nanos, .. } => Some(timed_nanos.n),
                Measured::NotMeasured { .. } => None,
            })
            .collect::<Vec<_>>()
    };
    let rounds: Vec<usize> = comparison.subjects.iter().flat_map(rounds).collect();
    let made = match (rounds.iter().min(), rounds.iter().max()) {
        (Some(least), Some(most)) if least == most => count(*least, "round"),
        (Some(least), Some(most)) => format!("{least} to {}", count(*most, "round")),
        _ => "no round".into(),
    };
    let mut notes = Vec::new();
    for subject in &comparison.subjects {
        if let (Some(certificate), false) = (&subject.certificate, subject.changed_since.is_empty())
        {
            notes.push(format!(
                "CHANGED SINCE  {} is newer than {}{}, which says what {} kept as it was then; certify again for what \
                 it keeps as it was measured.",
                subject.changed_since.iter().map(|file| printable(file)).collect::<Vec<_>>().join(", "),
                printable(certificate),
                subject.certified_at.as_ref().map_or_else(String::new, |at| format!(" of {}", printable(at))),
                printable(&subject.label),
            ));
        }
    }
    notes.push(format!(
        "What one client waits for one operation, less what the protocol takes of it: median of {made}, and in \
         brackets where it is with 95 % confidence (of fewer than six rounds, the least and the most). On {}, with {}, \
         in {:.1} s. Figures compare within one run only.",
        printable(&comparison.file_system),
        if comparison.processors == 1 {
            "1 processor".into()
        } else {
            format!("{} processors", comparison.processors)
        },
        comparison.seconds,
    ));
    let below = |subject: &SubjectCosts| {
        let is_below = |measured: &Measured| matches!(measured, Measured::BelowProtocol { .. });
        subject.costs.iter().any(|cost| is_below(&cost.measured))
    };
    if comparison.subjects.iter().any(below) {
        notes.push(
            "A figure with < is no measurement: so little is left beyond the protocol that it cannot be told from \
             nothing. It is less than that, as far as the protocol's own cost is known; more --time may tell how much."
                .into(),
        );
    }
    if comparison.in_memory {
        notes.push(
            "WARNING: that is memory, where a sync costs nothing; name a disk with --directory."
                .into(),
        );
    }
    if comparison.interrupted {
        notes.push("INTERRUPTED: this is what was measured until then.".into());
    }
    if comparison.subjects.iter().any(|subject| subject.certificate.is_none()) {
        notes.push(
            "Not certified: `crashworthy certify` says what it keeps; then name its folder with --certificate.".into(),
        );
    }
    for subject in &comparison.subjects {
        let reasons = subject.costs.iter().filter_map(|cost| match &cost.measured {
            Measured::NotMeasured { reason } => Some((cost.cell.clients, reason)),
            Measured::Cost { .. } | Measured::BelowProtocol { .. } => None,
        });
        let reasons: std::collections::BTreeSet<_> = reasons.collect();
        notes.extend(reasons.into_iter().map(|(clients, reason)| {
            let who = count(clients, "client");
            format!("NOT MEASURED  {} with {who}: {}", printable(&subject.label), printable(reason))
        }));
    }
    notes
}
