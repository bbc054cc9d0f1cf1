//! The certificate for people: what holds, what does not, and why, in this order: who was tested, the
//! guarantees by category with claims beside verdicts, what was not measured, the story of every claim
//! that was refuted, and the overall answer last, where a terminal's prompt leaves it in view.
//!
//! Rendering is a pure function of certificate and cases. The page escapes what others wrote.

mod advice;
pub mod comparison;
pub(super) mod conclusion;
mod page;
mod progress;
pub mod ratchet;
pub(super) mod rows;
#[cfg(test)]
mod tests;

use std::path::Path;

pub(super) use conclusion::replay;
pub use progress::{TerminalReporter, width};

use self::page::Page;
use super::{
    story::{self, STRIKE_MARK},
    text,
};
use crate::judge::{Case, Certificate, GuaranteeResult, Verdict};

/// Narrowest page in columns. On narrower terminals lines wrap as the terminal likes.
const WIDTH_MIN: usize = 60;
/// Widest page in columns: longer lines are hard to read.
const WIDTH_MAX: usize = 100;

/// How a certificate is shown.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// Whether to use colours.
    pub color: bool,
    /// Columns of the terminal; what is shown has at least 60 and at most 100.
    pub width: usize,
    /// The folder of `certificate.json`: the paths in a certificate are relative to it.
    pub directory: &'a Path,
}

/// The certificate, with the stories of `cases`, as text that ends with a newline.
pub fn render(certificate: &Certificate, cases: &[&Case], style: Style<'_>) -> String {
    let mut page = Page::new(style.color, style.width.clamp(WIDTH_MIN, WIDTH_MAX));
    header(&mut page, certificate);
    rows::measured(&mut page, certificate, style.directory);
    rows::not_measured(&mut page, certificate);
    for result in certificate.guarantees.iter().filter(|result| is_broken_claim(result)) {
        if let Some(case) = cases.iter().find(|case| case.guarantee == result.id) {
            tell(&mut page, case);
        }
    }
    conclusion::conclude(&mut page, certificate, style.directory);
    page.finish()
}

fn is_broken_claim(result: &GuaranteeResult) -> bool {
    result.claimed && result.verdict == Verdict::Refuted
}

fn header(page: &mut Page, certificate: &Certificate) {
    let subject = &certificate.subject;
    page.title(&format!("Certificate of {}", subject.in_words()));
    page.field("command", &subject.command);
    if let Some(options) = subject.options_in_words() {
        page.field("options", &options);
    }
    page.field("profile", &certificate.profile);
    page.field("seed", &certificate.seed.to_string());
    if let Some(partition) = certificate.partition.filter(|partition| partition.of > 1) {
        page.field("shard", &format!("{partition}: others have the rest"));
    }
    let claims = certificate.guarantees.iter().filter(|result| result.claimed).count();
    if certificate.claims_assumed {
        page.field("claims", "it documents no guarantees; every guarantee counts as claimed");
    } else {
        let all = text::count(certificate.guarantees.len(), "guarantee");
        page.field("claims", &format!("it documents {claims} of {all}"));
    }
    if certificate.interrupted {
        page.warning("interrupted: this is what was judged until then");
    }
}

fn tell(page: &mut Page, case: &Case) {
    page.gap();
    page.heading(&format!("How {} was refuted", case.guarantee), "");
    let (lines, _) = story::tell(case);
    for line in lines {
        let told = line.trim_start();
        let indent = 2 + line.len() - told.len();
        if told.starts_with(STRIKE_MARK) {
            page.strike(indent, told);
        } else {
            page.paragraph(indent, told);
        }
    }
}
