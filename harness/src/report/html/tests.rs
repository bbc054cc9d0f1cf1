//! The page by its structure: what has to be on it, that it holds nothing of others as markup, and that it loads
//! nothing.

use std::{fs, path::Path};

use crashworthy::Guarantee;
use serde_json::Value;

use super::*;
use crate::{
    judge::{Rating, Verdict},
    report::{files::RunFiles, fixture, throughput::fixture::comparison},
};

const FOLDER: &str = "reports/runs/fs-documented";

fn counterexamples(cases: &[crate::judge::Case], certificate: &Certificate) -> Vec<Counterexample> {
    let file = |case| files::counterexample(case, &certificate.subject, None, certificate.seed);
    cases.iter().map(file).collect()
}

fn refuted() -> (Certificate, Vec<Counterexample>) {
    let (certificate, cases) = fixture::refuted();
    let files = counterexamples(&cases, &certificate);
    (certificate, files)
}

fn page(certificate: &Certificate, cases: &[Counterexample]) -> String {
    render(certificate, cases, Path::new(FOLDER), None)
}

/// The text between two marks.
fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = html.split_once(from).unwrap_or_else(|| panic!("there is no {from}"));
    rest.split_once(to).unwrap_or_else(|| panic!("there is no {to} after {from}")).0
}

#[test]
fn every_guarantee_has_a_row_and_every_refuted_one_its_story() {
    let (certificate, cases) = refuted();
    let html = page(&certificate, &cases);
    assert!(between(&html, "<p class=\"stamp", "</p>").contains("REFUTED"));
    for row in &certificate.guarantees {
        let id = row.id;
        let told = between(&html, &format!("id=\"row-{id}\""), "</tr>");
        assert!(told.contains(&row.id.statement().replace('\'', "&#39;")), "{id}");
        let word = match row.verdict {
            Verdict::Upheld => "upheld",
            Verdict::Refuted => "refuted",
            Verdict::NotMeasured => "not measured",
            Verdict::HarnessBroken => "harness suspect",
        };
        assert!(told.contains(word), "{id}: {told}");
        assert_eq!(html.contains(&format!("id=\"case-{id}\"")), row.verdict == Verdict::Refuted);
        assert_eq!(told.contains("not claimed"), !row.claimed, "{id}");
    }
    for case in &cases {
        let told = between(&html, &format!("id=\"case-{}\"", case.guarantee), "class=\"story\"");
        let replay = format!("crashworthy replay {FOLDER}/counterexamples/{}.json", case.guarantee);
        assert!(told.contains(&replay), "{told}");
        let steps = case.timeline.as_ref().expect("it has one").steps.len();
        assert_eq!(told.matches("<tr class=\"step ").count(), steps);
        assert_eq!(told.matches("<details class=\"moment ").count(), steps);
        assert_eq!(told.matches("<section class=\"view ").count(), 3 * steps);
        assert!(told.contains(" open>"), "one moment is open where no script runs");
    }
}

#[test]
fn a_view_that_nobody_recorded_says_so() {
    let (certificate, mut cases) = refuted();
    let timeline = cases[0].timeline.as_mut().expect("it has one");
    for step in &mut timeline.steps {
        (step.memory, step.disk, step.reader) = (None, Some(Vec::new()), None);
    }
    let html = page(&certificate, &cases[..1]);
    let steps = cases[0].timeline.as_ref().map_or(0, |timeline| timeline.steps.len());
    assert_eq!(html.matches(">not recorded<").count(), 2 * steps);
    assert_eq!(html.matches(">no files<").count(), steps);
}

#[test]
fn an_older_counterexample_has_its_story_and_no_timeline() {
    let (certificate, mut cases) = refuted();
    cases.truncate(1);
    cases[0].timeline = None;
    let html = page(&certificate, &cases);
    assert!(html.contains("written without a timeline"));
    assert!(html.contains("class=\"story\"") && !html.contains("<figure"));
}

#[test]
fn what_an_interrupted_run_upheld_is_not_green() {
    let claims = fixture::claims(crashworthy::fs::Profile::Hardened);
    let mut certificate = fixture::certificate(Rating::Certified, &claims, &[]);
    assert!(between(&page(&certificate, &[]), "<p class=\"stamp ", "</p>").contains("CERTIFIED"));
    certificate.interrupted = true;
    let html = page(&certificate, &[]);
    let stamp = between(&html, "<p class=\"stamp ", "</p>");
    assert!(stamp.contains("INTERRUPTED") && !stamp.contains("certified\""), "{stamp}");
    assert!(html.contains("The run was interrupted"));
}

#[test]
fn a_shard_says_so_and_which_it_is() {
    let html = page(&fixture::one_shard(), &[]);
    let stamp = between(&html, "<p class=\"stamp ", "</p>");
    assert!(stamp.contains("ONE SHARD") && stamp.starts_with("inconclusive\""), "{stamp}");
    let answer = between(&html, "<div class=\"answer ", "</div>");
    assert!(answer.contains("This is shard 2 of 3"), "{answer}");
    assert!(answer.contains("<code>crashworthy merge</code>"), "{answer}");
}

#[test]
fn a_claim_that_was_not_measured_stands_before_those_that_were_upheld() {
    let claims = fixture::claims(crashworthy::fs::Profile::Hardened);
    let mut certificate = fixture::certificate(Rating::Inconclusive, &claims, &[]);
    let row = certificate.guarantees.iter_mut().find(|row| row.id == Guarantee::KillAtomicWrite);
    let row = row.expect("it is in the catalogue");
    (row.verdict, row.reason) = (Verdict::NotMeasured, Some("no reason at all".to_owned()));
    let html = page(&certificate, &[]);
    let group = between(&html, "href=\"#group-process-kill\"", "</ul>");
    assert!(group.contains("1 of ") && group.contains("not measured"), "{group}");
    assert!(html.contains("no reason at all"));
}

#[test]
fn what_is_folded_shows_that_it_unfolds() {
    let (certificate, cases) = refuted();
    let html = page(&certificate, &cases);
    let style = between(&html, "<style>", "</style>");
    assert!(html.contains("<details class=\"case folded\""));
    assert!(style.contains(".folded > summary::before { content: \"▸\""));
    assert!(style.contains(".folded[open] > summary::before { content: \"▾\""));
}

#[test]
fn the_page_says_which_version_certified() {
    let (mut certificate, _) = refuted();
    certificate.harness = Some("1.2.3".to_owned());
    assert!(page(&certificate, &[]).contains("Certified by crashworthy 1.2.3."));
    certificate.harness = None;
    assert!(!page(&certificate, &[]).contains("Certified by"), "one of the first versions");
}

#[test]
fn one_is_not_told_as_many() {
    let (mut certificate, _) = refuted();
    assert!(page(&certificate, &[]).contains("11 of 41 guarantees are claimed."));
    for (claimed, said) in [(true, "is claimed."), (false, "is not claimed.")] {
        certificate.guarantees.truncate(1);
        certificate.guarantees[0].claimed = claimed;
        let html = page(&certificate, &[]);
        assert!(html.contains(&format!("The one guarantee {said}")), "{said}");
    }
}

/// What subjects, scenarios and whoever wrote the files say is text.
#[test]
fn nothing_of_others_is_markup() {
    const EVIL: &str = "</script></style><img src=x onerror=alert(1)>\"'&";
    let (mut certificate, mut cases) = refuted();
    let tags = |html: &str| html.matches('<').count();
    let evil = |value: &mut Value| replace_texts(value, EVIL);
    certificate.subject.command = EVIL.to_owned();
    certificate.subject.name = EVIL.to_owned();
    certificate.profile = EVIL.to_owned();
    for row in &mut certificate.guarantees {
        row.claim = row.claim.as_ref().map(|_| EVIL.to_owned());
        row.summary = row.summary.as_ref().map(|_| EVIL.to_owned());
        row.bound = EVIL.to_owned();
    }
    let honest = tags(&page(&certificate, &cases));
    for case in &mut cases {
        let mut timeline = serde_json::to_value(&case.timeline).expect("it is JSON");
        evil(&mut timeline);
        case.timeline = serde_json::from_value(timeline).expect("only words were changed");
        case.summary = EVIL.to_owned();
        case.story.iter_mut().for_each(|line| EVIL.clone_into(line));
    }
    let html = page(&certificate, &cases);
    assert!(!html.contains("<img") && !html.contains("onerror=alert(1)>\""), "escaped");
    assert_eq!(html.matches("</script>").count(), 1);
    assert_eq!(html.matches("</style>").count(), 1);
    // What is said does not decide how many elements there are, but for marks that stand beside changes.
    assert!(tags(&html) <= honest + honest / 2, "{} and {honest}", tags(&html));
}

/// Puts `text` where words of others stand, and leaves alone what the format fixes.
fn replace_texts(value: &mut Value, text: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace_texts(item, text)),
        Value::Object(fields) => {
            for (name, field) in fields {
                if !["kind", "model"].contains(&name.as_str()) {
                    replace_texts(field, text);
                }
            }
        }
        Value::String(word) => text.clone_into(word),
        _ => {}
    }
}

#[test]
fn style_and_script_are_what_the_policy_allows_and_nothing_is_loaded() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};

    let (certificate, cases) = refuted();
    let html = page(&certificate, &cases);
    let policy = between(&html, "Content-Security-Policy\" content=\"", "\">");
    let policy = policy.replace("&#x2B;", "+").replace("&#43;", "+");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let text = between(&html, open, close);
        let hash = STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&hash), "{open} is not what {policy} allows");
        assert!(!text.contains("</"), "it would end early");
    }
    for loading in [" src=", "url(", "@import", "<link", "style=\"", " onclick"] {
        assert!(!html.contains(loading), "{loading}");
    }
    for address in ["http://", "https://", "//cdn"] {
        assert!(!html.contains(address), "{address}");
    }
}

#[test]
fn the_report_is_made_of_the_files_alone_and_made_again_the_same() {
    let root = tempfile::tempdir().expect("there is room");
    let (certificate, cases) = fixture::refuted();
    let told: Vec<_> = cases.iter().collect();
    let finished = Progress::Finished { certificate: &certificate, cases: &told };
    RunFiles::create(root.path()).expect("it is writable").report(&finished);
    HtmlReporter::new(root.path()).report(&finished);
    let first = fs::read_to_string(root.path().join(REPORT_FILE)).expect("it was written");
    let again = root.path().join("again.html");
    write(root.path(), None, &again).expect("the files are whole");
    assert_eq!(first, fs::read_to_string(again).expect("it was written"));
    let (_, files) = refuted();
    assert_eq!(first, render(&certificate, &files, root.path(), None));
}

#[test]
fn mistakes_in_the_files_of_a_run_are_named() {
    let root = tempfile::tempdir().expect("there is room");
    let folder = root.path();
    let said = || {
        let error = write(folder, None, &folder.join("out.html")).expect_err("something is wrong");
        error.to_string().replace(&folder.display().to_string(), "RUN")
    };
    let mut told = vec![said()];
    let (certificate, cases) = fixture::refuted();
    let told_cases: Vec<_> = cases.iter().collect();
    RunFiles::create(folder)
        .expect("it is writable")
        .report(&Progress::Finished { certificate: &certificate, cases: &told_cases });
    let path = folder.join(files::CERTIFICATE_FILE);
    let good = fs::read_to_string(&path).expect("it was written");
    for bad in [
        good[..good.len() / 2].to_owned(),
        good.replace("\"schema\": 1", "\"schema\": 2"),
        good.replace("\"profile\"", "\"profil\""),
        good.replace("counterexamples/kill-atomic-write.json", "../../etc/passwd"),
        "[]".to_owned(),
    ] {
        fs::write(&path, bad).expect("there is room");
        told.push(said());
    }
    fs::write(&path, &good).expect("there is room");
    let case = folder.join(Counterexample::path(Guarantee::KillAtomicWrite));
    fs::remove_file(&case).expect("it was written");
    told.push(said());
    fs::write(&case, "{").expect("there is room");
    told.push(said());
    insta::assert_snapshot!(told.join("\n"));
    assert!(!folder.join("out.html").exists(), "nothing half is left");
}

#[test]
fn costs_stand_beside_what_is_kept_in_figures_and_in_a_plot() {
    let (certificate, cases) = refuted();
    let html = render(&certificate, &cases, Path::new(FOLDER), Some(&comparison()));
    let section = between(&html, "<h2 id=\"costs\">", "</section>");
    insta::assert_snapshot!(section);
    assert!(!page(&certificate, &cases).contains("id=\"costs\""), "nothing was measured");
}

#[test]
fn mistakes_in_the_file_of_a_bench_are_named() {
    let root = tempfile::tempdir().expect("there is room");
    let folder = root.path();
    let (certificate, _) = refuted();
    RunFiles::create(folder)
        .expect("it is writable")
        .report(&Progress::Finished { certificate: &certificate, cases: &[] });
    let mut certificate = serde_json::to_value(&certificate).expect("it is JSON");
    for row in certificate["guarantees"].as_array_mut().expect("rows") {
        row.as_object_mut().expect("a row").remove("counterexample");
    }
    fs::write(folder.join(files::CERTIFICATE_FILE), certificate.to_string())
        .expect("there is room");
    let bench = folder.join("bench.json");
    let said = || {
        let error = write(folder, Some(&bench), &folder.join("out.html")).expect_err("it is wrong");
        error.to_string().replace(&folder.display().to_string(), "RUN")
    };
    let mut told = vec![said()];
    let good = serde_json::to_string(&comparison()).expect("it is JSON");
    for bad in [
        good.clone(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"schema\":1", "\"schema\":2"),
        certificate.to_string(),
    ] {
        fs::write(&bench, bad).expect("there is room");
        told.push(said());
    }
    insta::assert_snapshot!(told.join("\n"));
    fs::write(&bench, good.replace("\"command\":\"fs\"", "\"command\":\"fs:documented\""))
        .expect("there is room");
    write(folder, Some(&bench), &folder.join("out.html")).expect("it measures the subject");
}
