//! `badge.svg`: the overall answer in one small picture, for a README or a dashboard.
//!
//! It says in words what its colour says, to the eye and to a screen reader. Nothing is loaded from elsewhere, and
//! the widths are estimated: `textLength` makes the text fit its box in whatever font there is.

use std::path::Path;

use super::{
    tally::{self, Answer},
    text::printable,
};
use crate::judge::{Case, Certificate};

/// The file's name in the output directory.
pub const FILE: &str = "badge.svg";

/// What the left part says.
const LABEL: &str = "crashworthy";
/// Space on both sides of a text, in pixels.
const PADDING: usize = 7;
/// Longest name of a subject in the title, in characters: a title is read aloud in one breath.
const SUBJECT_CHARS_MAX: usize = 80;

/// The picture.
pub fn render(certificate: &Certificate, _: &[&Case], _: &Path) -> String {
    let answer = Answer::of(certificate);
    let short = tally::in_short(certificate);
    let message = match answer {
        // The word is in it.
        Answer::Refuted => short,
        answer => format!("{}: {short}", answer.word()),
    };
    let subject: String =
        printable(&certificate.subject.command).chars().take(SUBJECT_CHARS_MAX).collect();
    let title = escaped(&format!("{LABEL}: {subject}, {message}"));
    let (left, right) = (width(LABEL), width(&message));
    let (label_box, message_box) = (left + 2 * PADDING, right + 2 * PADDING);
    let whole = label_box + message_box;
    let (label_at, message_at) = (PADDING, label_box + PADDING);
    let (message, fill) = (escaped(&message), color(answer));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="corners"><rect width="{whole}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#corners)">
    <rect width="{label_box}" height="20" fill="#3b3b3b"/>
    <rect x="{label_box}" width="{message_box}" height="20" fill="{fill}"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
    <text x="{label_at}" y="14" textLength="{left}" lengthAdjust="spacingAndGlyphs">{LABEL}</text>
    <text x="{message_at}" y="14" textLength="{right}" lengthAdjust="spacingAndGlyphs">{message}</text>
  </g>
</svg>
"##
    )
}

/// White on each of these has a contrast of at least 4.5 (WCAG 2.2, success criterion 1.4.3).
fn color(answer: Answer) -> &'static str {
    match answer {
        Answer::Certified => "#1b7a33",
        Answer::Refuted => "#c0262d",
        Answer::OneShard | Answer::Inconclusive => "#8a5a00",
        Answer::Interrupted => "#5c5f66",
        Answer::HarnessBroken => "#6f3ba8",
    }
}

/// How wide a text is about, in pixels, in a sans-serif font of 11 pixels with wide letters.
fn width(text: &str) -> usize {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 36,
        'f' | 'r' | 't' | ' ' | '(' | ')' | '-' => 44,
        'm' | 'w' | 'M' | 'W' => 98,
        c if c.is_ascii_uppercase() => 76,
        c if c.is_ascii() => 67,
        // Unknown glyphs may be as wide as they are high.
        _ => 110,
    };
    text.chars().map(tenths).sum::<usize>().div_ceil(10)
}

/// What is plainly visible, as XML takes it in content and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::report::fixture::{one_shard, outcomes};

    fn picture(certificate: &Certificate) -> String {
        render(certificate, &[], Path::new(""))
    }

    #[test]
    fn every_answer_has_a_badge() {
        let badges = outcomes().into_iter().map(|(_, certificate, _)| picture(&certificate));
        assert_snapshot!(badges.chain([picture(&one_shard())]).collect::<String>());
    }

    #[test]
    fn green_is_for_certified_alone() {
        for (name, certificate, _) in outcomes() {
            let is_green = picture(&certificate).contains(color(Answer::Certified));
            assert_eq!(is_green, name == "certified", "{name}");
        }
    }

    #[test]
    fn it_is_xml_whatever_the_subject_is_called() {
        let (_, mut certificate, _) = outcomes().remove(0);
        certificate.subject.command = "a\"<b>&'\u{0}\u{1b}[31m\u{fffe}]]>\u{202e}".repeat(40);
        let svg = picture(&certificate);
        let mut reader = quick_xml::Reader::from_str(&svg);
        let mut texts = Vec::new();
        loop {
            match reader.read_event().expect("it is XML") {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) => {
                    for attribute in tag.attributes() {
                        attribute.expect("attributes are well formed");
                    }
                    texts.push(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                }
                _ => {}
            }
        }
        assert_eq!(texts, ["svg", "title", "clipPath", "g", "g", "text", "text"]);
        assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
    }
}
