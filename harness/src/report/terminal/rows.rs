//! The table of guarantees: one row each by category, then what was not measured, folded, so that the
//! rows that say something are not lost among those that do not.

use std::{collections::BTreeMap, path::Path};

use crashworthy::Category;

use super::page::{BAD, DOUBTFUL, GOOD, Page};
use crate::{
    judge::{Certificate, GuaranteeResult, ModelResult, Verdict},
    report::text::count,
};

/// Columns in which the details of a row begin: below its id.
const DETAIL_INDENT: usize = 14;

/// What a category is about, for people.
pub(in crate::report) fn title(category: Category) -> &'static str {
    match category {
        Category::Interface => "Interface",
        Category::Containment => "Containment",
        Category::ProcessKill => "Process kill",
        Category::PowerLoss => "Power loss",
        Category::Concurrency => "Concurrency",
        Category::IoFault => "I/O faults",
        Category::Integrity => "Integrity",
    }
}

/// The guarantees that have an answer.
pub(super) fn measured(page: &mut Page, certificate: &Certificate, directory: &Path) {
    for rows in certificate.guarantees.chunk_by(|a, b| a.category == b.category) {
        let rows: Vec<_> =
            rows.iter().filter(|result| result.verdict != Verdict::NotMeasured).collect();
        let Some(first) = rows.first() else { continue };
        // A bound that all rows share is said once.
        let shared = rows.iter().all(|row| row.bound == first.bound);
        page.gap();
        page.heading(title(first.category), if shared { &first.bound } else { "" });
        for row in rows {
            measured_row(page, row, !shared, directory);
        }
    }
}

fn measured_row(page: &mut Page, result: &GuaranteeResult, with_bound: bool, directory: &Path) {
    let (label, style) = match result.verdict {
        Verdict::Upheld => ("✓ upheld  ", GOOD),
        Verdict::Refuted if result.claimed => ("✗ refuted ", BAD),
        Verdict::Refuted => ("~ refuted ", DOUBTFUL),
        Verdict::NotMeasured | Verdict::HarnessBroken => ("! suspect ", DOUBTFUL),
    };
    let remark = match (result.claimed, result.verdict) {
        (true, _) => "",
        (false, Verdict::Upheld) => "stronger than documented",
        (false, _) => "not claimed",
    };
    let unit = if result.models.is_empty() { "trial" } else { "crash state" };
    let trials = count(result.trials, unit);
    let id = result.id.to_string();
    if let Some(remark) = page.row((label, style), &id, remark, &trials) {
        page.aside(DETAIL_INDENT, remark);
    }
    if let Some(claim) = &result.claim {
        page.quotation(DETAIL_INDENT, claim);
    }
    if with_bound && !result.bound.is_empty() {
        page.aside(DETAIL_INDENT, &result.bound);
    }
    if let Some(summary) = result.summary.as_ref().filter(|_| result.verdict != Verdict::Upheld) {
        page.labelled(DETAIL_INDENT, "found:", summary);
    }
    if result.models.iter().any(|under| under.verdict != result.verdict) {
        let under = |model: &ModelResult| format!("{} {}", model.model, model.verdict);
        let models = result.models.iter().map(under).collect::<Vec<_>>().join(", ");
        page.labelled(DETAIL_INDENT, "by model:", &models);
    }
    if let Some(reason) = result.reason.as_ref().filter(|_| result.verdict != Verdict::Upheld) {
        page.labelled(DETAIL_INDENT, "because:", reason);
    }
    if let Some(path) = result.counterexample.as_ref().filter(|_| !result.claimed) {
        let path = directory.join(path);
        page.verbatim(DETAIL_INDENT, &path.display().to_string());
    }
}

/// The others, by reason; first those that were claimed, since they keep the rest from a verdict.
pub(super) fn not_measured(page: &mut Page, certificate: &Certificate) {
    let rows: Vec<_> = certificate
        .guarantees
        .iter()
        .filter(|result| result.verdict == Verdict::NotMeasured)
        .collect();
    if rows.is_empty() {
        return;
    }
    page.gap();
    page.heading("Not measured", "never a pass");
    let mut groups: Vec<((bool, &str), Vec<&GuaranteeResult>)> = Vec::new();
    for row in rows {
        let key = (
            row.claimed,
            row.reason.as_deref().unwrap_or("no scenario of this run compared anything"),
        );
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups.sort_by_key(|((claimed, _), _)| !claimed);
    for ((claimed, reason), group) in groups {
        let n = group.len();
        let line = match (certificate.claims_assumed, claimed) {
            (true, _) => format!("? {}: {reason}", count(n, "guarantee")),
            (false, true) => format!("? {}: {reason}", count(n, "claimed guarantee")),
            (false, false) => format!("- {n} not claimed: {reason}"),
        };
        page.paragraph(2, &line);
        let (quoted, bare): (Vec<_>, Vec<_>) =
            group.into_iter().partition(|result| result.claim.is_some());
        for result in quoted {
            let claim = result.claim.as_deref().unwrap_or_default();
            page.labelled(4, &format!("{}:", result.id), &format!("“{claim}”"));
        }
        for line in by_category(&bare, certificate) {
            page.aside(4, &line);
        }
    }
}

/// Ids by category; a category of which all are meant is named as a whole.
fn by_category(results: &[&GuaranteeResult], certificate: &Certificate) -> Vec<String> {
    let mut categories: BTreeMap<Category, Vec<String>> = BTreeMap::new();
    for result in results {
        categories.entry(result.category).or_default().push(result.id.to_string());
    }
    let mut whole = Vec::new();
    let mut parts = Vec::new();
    for (category, ids) in categories {
        let all = certificate.guarantees.iter().filter(|row| row.category == category).count();
        if ids.len() == all {
            whole.push(format!("{} ({all})", title(category).to_lowercase().replace("i/o", "I/O")));
        } else {
            parts.push(format!("{}: {}", title(category), ids.join(", ")));
        }
    }
    if !whole.is_empty() {
        parts.insert(0, format!("all of {}", whole.join(", ")));
    }
    parts
}
