//! `JUnit` documents: read back by an XML library, and by people.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use quick_xml::events::Event;

use super::*;
use crate::report::fixture::{hostile, outcomes};

fn document(certificate: &Certificate, cases: &[Case]) -> String {
    render(certificate, &cases.iter().collect::<Vec<_>>(), Path::new("run"))
}

/// What is inside each test case, by its class and name.
type Cases = BTreeMap<(String, String), Vec<String>>;

/// Every test case, and the counts of the document.
fn parse(xml: &str) -> (Cases, BTreeMap<String, String>) {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut cases, mut totals) = (BTreeMap::new(), BTreeMap::new());
    let mut path: Vec<String> = Vec::new();
    let mut current = None;
    loop {
        let event = reader.read_event().expect("it is XML");
        let (tag, is_empty) = match &event {
            Event::Eof => break,
            Event::Start(tag) => (tag, false),
            Event::Empty(tag) => (tag, true),
            Event::End(_) => {
                path.pop().expect("something is open");
                continue;
            }
            _ => continue,
        };
        let name = String::from_utf8(tag.name().as_ref().to_vec()).expect("UTF-8");
        let attributes: BTreeMap<String, String> = tag
            .attributes()
            .map(|attribute| {
                let attribute = attribute.expect("attributes are well formed");
                let key = String::from_utf8(attribute.key.as_ref().to_vec()).expect("UTF-8");
                let raw = std::str::from_utf8(&attribute.value).expect("UTF-8");
                (key, quick_xml::escape::unescape(raw).expect("entities are known").into_owned())
            })
            .collect();
        match name.as_str() {
            "testsuites" => {
                assert_eq!(path, Vec::<String>::new());
                totals = attributes;
            }
            "testsuite" => assert_eq!(path, ["testsuites"]),
            "testcase" => {
                assert_eq!(path, ["testsuites", "testsuite"]);
                let key = (attributes["classname"].clone(), attributes["name"].clone());
                assert!(cases.insert(key.clone(), Vec::new()).is_none(), "{key:?} comes twice");
                current = Some(key);
            }
            _ => {
                let inside = cases.get_mut(current.as_ref().expect("inside a test case"));
                inside.expect("it was just put there").push(name.clone());
            }
        }
        if !is_empty {
            path.push(name);
        }
    }
    (cases, totals)
}

#[test]
fn every_outcome_is_read_back_as_what_it_was() {
    for (name, certificate, cases) in outcomes() {
        let (tests, totals) = parse(&document(&certificate, &cases));
        assert_eq!(tests.len(), certificate.guarantees.len() + 1, "{name}");
        let package = runs::subject_name(&certificate.subject.command);
        for row in &certificate.guarantees {
            let key = (format!("{package}.{}", row.category), row.id.to_string());
            let expected: &[&str] = match (row.verdict, row.claimed) {
                (Verdict::Upheld, _) => &["system-out"],
                (Verdict::Refuted, true) => &["failure"],
                (Verdict::Refuted, false) => &["skipped", "system-out"],
                (Verdict::NotMeasured, _) => &["skipped"],
                (Verdict::HarnessBroken, _) => &["error"],
            };
            assert_eq!(tests[&key], expected, "{name}: {}", row.id);
        }
        let is_whole =
            tests[&(format!("{package}.{RUN}"), "came-to-its-end".into())] == ["system-out"];
        assert_eq!(is_whole, !matches!(name, "interrupted" | "harness broken"), "{name}");
        // An interrupted run is never green.
        let is_green = totals["failures"] == "0" && totals["errors"] == "0";
        assert_eq!(is_green, matches!(name, "certified" | "inconclusive"), "{name}");
    }
}

#[test]
fn what_subjects_say_stays_text() {
    let (certificate, cases) = hostile();
    let xml = document(&certificate, &cases);
    let (tests, _) = parse(&xml);
    assert_eq!(tests.len(), certificate.guarantees.len() + 1);
    let is_illegal = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202e}')
    };
    assert_eq!(xml.chars().find(|c| is_illegal(*c)), None);
    Report::deserialize_from_str(&xml).expect("a reader of JUnit reads it");
}

#[test]
fn as_people_see_it() {
    for (name, certificate, cases) in outcomes() {
        assert_snapshot!(name, document(&certificate, &cases));
    }
}
