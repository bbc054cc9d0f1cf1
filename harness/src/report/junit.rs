//! `junit.xml`: the certificate as CI servers show tests.
//!
//! A category is a suite and a guarantee is a test case. A claim that is refuted is a failure with its story and
//! the command that replays it; what was not measured is skipped, with the reason; where the harness is the
//! suspect there is an error. What is refuted and *not claimed* is skipped too, with the story as its output: a
//! failure would fail a build whose exit code is 0, and a pass would be better than the truth. So is a claim that is
//! refuted as the baseline knows it; what is worse than there is a failure of its own. A suite of its own says whether
//! the run came to its end: an interrupted one is an error there, so that no such file is green.

use std::{path::Path, time::Duration};

use crashworthy::Category;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use strum::VariantArray;

use super::{runs, story, tally, text::printable};
use crate::judge::{Case, Certificate, GuaranteeResult, Verdict};

/// The file's name in the output directory.
pub const FILE: &str = "junit.xml";

/// The suite that is about the run as a whole.
const RUN: &str = "run";

/// The document.
pub fn render(certificate: &Certificate, cases: &[&Case], directory: &Path) -> String {
    let subject = &certificate.subject;
    let mut report = Report::new(format!("crashworthy {}", printable(&subject.command)));
    let time = Duration::try_from_secs_f64(certificate.totals.wall_seconds).unwrap_or_default();
    report.set_time(time);
    let package = runs::subject_name(&subject.command);
    report.add_test_suite(run(certificate, &package, time));
    for category in Category::VARIANTS {
        let rows: Vec<_> =
            certificate.guarantees.iter().filter(|row| row.category == *category).collect();
        if rows.is_empty() {
            continue;
        }
        let mut suite = TestSuite::new(category.to_string());
        for row in rows {
            let case = cases.iter().find(|case| case.guarantee == row.id).copied();
            let mut test = guarantee(row, certificate.is_charged(row), case, directory);
            test.set_classname(format!("{package}.{category}"));
            suite.add_test_case(test);
        }
        report.add_test_suite(suite);
    }
    match report.to_string() {
        Ok(text) => text,
        // Serializing to memory fails for no input that there is; an empty file would be taken for no tests.
        Err(error) => format!(
            "<!-- failed to write the report: {} -->\n",
            error.to_string().replace('-', " ")
        ),
    }
}

/// Whether there is a result of the whole at all.
fn run(certificate: &Certificate, package: &str, time: Duration) -> TestSuite {
    let broken = certificate.verdict == crate::judge::Rating::HarnessBroken;
    let status = if certificate.interrupted || broken {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type(if broken { "harness-broken" } else { "interrupted" });
        status.set_message(if broken {
            "the harness itself is the suspect, so nobody is accused"
        } else {
            "the run was interrupted before its end; certify again"
        });
        status
    } else {
        TestCaseStatus::success()
    };
    let mut test = TestCase::new("came-to-its-end", status);
    test.set_classname(format!("{package}.{RUN}"));
    test.set_time(time);
    test.set_system_out(format!(
        "{}: {}\nprofile {}, seed {}",
        certificate.verdict,
        tally::in_short(certificate),
        printable(&certificate.profile),
        certificate.seed
    ));
    let mut suite = TestSuite::new(RUN);
    suite.set_time(time);
    suite.add_test_case(test);
    if let Some(measured) = &certificate.measured {
        let status = if measured.worse.is_empty() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("worse").set_message(printable(&measured.worse.join("; ")));
            status
        };
        let mut test = TestCase::new("no-worse-than-the-baseline", status);
        test.set_classname(format!("{package}.{RUN}"));
        suite.add_test_case(test);
    }
    suite
}

/// One row; `charged` if it is to fail for what was found.
fn guarantee(
    row: &GuaranteeResult,
    charged: bool,
    case: Option<&Case>,
    directory: &Path,
) -> TestCase {
    let summary = printable(row.summary.as_deref().unwrap_or("no summary was given"));
    let reason = printable(row.reason.as_deref().unwrap_or("no reason was given"));
    let status = match (row.verdict, row.claimed) {
        (Verdict::Upheld, _) => TestCaseStatus::success(),
        (Verdict::Refuted, true) if !charged => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("refuted-as-in-the-baseline");
            status.set_message(format!("refuted, as in the baseline: {summary}"));
            status
        }
        (Verdict::Refuted, true) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("refuted").set_message(summary);
            status.set_description(told(row, case, directory));
            status
        }
        (Verdict::Refuted, false) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("refuted-not-claimed");
            status.set_message(format!("refuted, and not claimed: {summary}"));
            status
        }
        (Verdict::NotMeasured, claimed) => {
            let mut status = TestCaseStatus::skipped();
            let also = if claimed { "" } else { ", and not claimed" };
            status.set_type("not-measured").set_message(format!("not measured{also}: {reason}"));
            status
        }
        (Verdict::HarnessBroken, _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("harness-broken").set_message(reason);
            status
        }
    };
    let mut test = TestCase::new(row.id.to_string(), status);
    test.set_assertions(row.trials);
    if row.verdict == Verdict::Refuted && !charged {
        test.set_system_out(told(row, case, directory));
    } else if row.verdict == Verdict::Upheld {
        test.set_system_out(printable(&row.bound));
    }
    test
}

/// The claim, the story, and how to see it again.
fn told(row: &GuaranteeResult, case: Option<&Case>, directory: &Path) -> String {
    let mut lines = Vec::new();
    lines.extend(row.claim.as_ref().map(|claim| format!("claimed: {}", printable(claim))));
    lines.extend(case.map(story::story).unwrap_or_default());
    lines.extend(row.counterexample.as_ref().map(|path| super::terminal::replay(directory, path)));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
