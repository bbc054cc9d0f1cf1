//! Certificates as people read them.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use crashworthy::{Claims, Guarantee, fs::Profile};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{
    judge::Rating,
    report::{Progress, Reporter, fixture},
};

fn page(certificate: &Certificate, cases: &[Case], width: usize, color: bool) -> String {
    let cases: Vec<_> = cases.iter().collect();
    let directory = Path::new("reports/runs/fs-documented/2026-11-27T193000Z");
    render(certificate, &cases, Style { color, width, directory })
}

fn certified() -> Certificate {
    fixture::certificate(Rating::Certified, &fixture::claims(Profile::Hardened), &[])
}

#[test]
fn who_never_said_its_name_is_called_as_by_the_user() {
    let mut certificate = certified();
    certificate.subject.name.clear();
    certificate.subject.version.clear();
    certificate.subject.command = "python3 my_backend.py".into();
    let page = page(&certificate, &[], 80, false);
    assert!(page.starts_with("Certificate of python3 my_backend.py\n"), "{page}");
}

#[test]
fn certified_at_80() {
    assert_snapshot!(page(&certified(), &[], 80, false));
}

#[test]
fn certified_at_60() {
    assert_snapshot!(page(&certified(), &[], 60, false));
}

#[test]
fn refuted_at_80() {
    let (certificate, cases) = fixture::refuted();
    assert_snapshot!(page(&certificate, &cases, 80, false));
}

#[test]
fn refuted_at_60() {
    let (certificate, cases) = fixture::refuted();
    assert_snapshot!(page(&certificate, &cases, 60, false));
}

#[test]
fn refuted_at_100() {
    let (certificate, cases) = fixture::refuted();
    assert_snapshot!(page(&certificate, &cases, 100, false));
}

#[test]
fn refuted_in_colour() {
    let (certificate, cases) = fixture::refuted();
    let colored = page(&certificate, &cases, 80, true);
    assert_eq!(
        anstream::adapter::strip_str(&colored).to_string(),
        page(&certificate, &cases, 80, false)
    );
    assert_snapshot!(colored.replace('\u{1b}', "␛"));
}

#[test]
fn inconclusive() {
    let mut certificate =
        fixture::certificate(Rating::Inconclusive, &fixture::claims(Profile::Documented), &[]);
    let durable = certificate.guarantees.iter_mut().find(|row| row.id == Guarantee::KillDurableAck);
    let durable = durable.expect("a certificate has every guarantee");
    durable.verdict = Verdict::NotMeasured;
    durable.trials = 0;
    durable.reason =
        Some("the subject writes through a shared mapping, which nobody can see".into());
    assert_snapshot!(page(&certificate, &[], 80, false));
}

#[test]
fn nothing_claimed_and_interrupted() {
    let case = fixture::emptied();
    let mut certificate = fixture::certificate(Rating::Refuted, &Claims::new(), &[&case]);
    certificate.interrupted = true;
    assert_snapshot!(page(&certificate, &[case], 80, false));
}

#[test]
fn one_shard_that_found_nothing() {
    let shard = fixture::one_shard();
    assert_eq!(shard.exit_code(), 0);
    assert_snapshot!(page(&shard, &[], 80, false));
}

#[test]
fn a_shard_of_one_claim_is_not_told_as_one_of_many() {
    let mut shard = fixture::one_shard();
    shard.guarantees.truncate(1);
    let text = page(&shard, &[], 100, false);
    assert!(text.contains("; its one claim left open."), "{text}");
}

#[test]
fn totals_count_crash_states_that_differ() {
    let mut certificate = certified();
    certificate.totals.crash_states = 275;
    let text = page(&certificate, &[], 100, false);
    assert!(text.contains("275 different crash states"), "{text}");
}

#[test]
fn what_is_not_claimed_is_counted_whole_and_everywhere_alike() {
    let (certificate, _) = fixture::refuted();
    let text = page(&certificate, &[], 100, false);
    let said = "Not claimed: 28 upheld, 1 refuted, 1 not measured.";
    assert!(text.contains(said), "{text}");
    let markdown = crate::report::summary::render(&certificate, &[], Path::new("run"));
    assert!(markdown.contains(said), "{markdown}");
}

#[test]
fn what_is_long_is_named_in_part() {
    let mut certificate = fixture::certificate(Rating::Inconclusive, &Claims::new(), &[]);
    for row in &mut certificate.guarantees {
        row.verdict = Verdict::NotMeasured;
    }
    let text = page(&certificate, &[], 100, false);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("mkdir-recursive and 35 more. None refuted."), "{text}");
}

#[test]
fn the_harness_is_the_suspect() {
    let mut certificate = certified();
    certificate.verdict = Rating::HarnessBroken;
    let row = &mut certificate.guarantees[0];
    row.verdict = Verdict::HarnessBroken;
    row.reason = Some("the root could not be read back after the kill: Input/output error".into());
    let text = page(&certificate, &[], 80, false);
    assert!(text.contains("! suspect   read-your-write"), "{text}");
    assert!(text.contains("HARNESS BROKEN  The harness itself is the suspect"), "{text}");
}

#[test]
fn the_last_line_of_a_refusal_replays_it() {
    let (certificate, cases) = fixture::refuted();
    let text = page(&certificate, &cases, 80, false);
    let command = "crashworthy replay reports/runs/fs-documented/2026-11-27T193000Z/counterexamples/kill-atomic-write.json";
    assert_eq!(text.lines().last().map(str::trim), Some(command));
}

proptest! {
    #[test]
    fn every_width_is_fine(width in 20..200usize, text in "(?s).{0,120}", color: bool) {
        let (mut certificate, cases) = fixture::refuted();
        certificate.subject.name.clone_from(&text);
        certificate.subject.command.clone_from(&text);
        for row in &mut certificate.guarantees {
            row.bound.clone_from(&text);
            row.reason = Some(text.clone());
            row.summary = Some(text.clone());
            row.claim = row.claim.take().map(|_| text.clone());
        }
        let page = page(&certificate, &cases, width, color);
        let plain = anstream::adapter::strip_str(&page).to_string();
        if !color {
            prop_assert_eq!(&plain, &page);
        }
        for line in plain.lines() {
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            let columns = textwrap::core::display_width(line);
            let is_copied = line.contains("counterexamples/");
            prop_assert!(is_copied || columns <= width.clamp(WIDTH_MIN, WIDTH_MAX), "{:?}", line);
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn logs_get_plain_lines() {
    let log = Log::default();
    let mut reporter = TerminalReporter::plain(log.clone());
    let case = fixture::emptied();
    let subject = certified().subject;
    for progress in [
        Progress::Started { subject: "fs:documented", seed: 42, scenarios: 1, workloads: 2 },
        Progress::Greeted(&subject),
        Progress::Planned { scenario: "crash-during-overwrite", trials: 17 },
        Progress::Trial,
        Progress::Refuted(&case),
        Progress::Planned { scenario: "two-terminals", trials: 0 },
        Progress::Planned { scenario: "evil\u{1b}[2J", trials: 1 },
        Progress::Trial,
    ] {
        reporter.report(&progress);
    }
    let log = log.0.lock().expect("no test panics with it").clone();
    assert_snapshot!(String::from_utf8(log).expect("it is text"), @r"
    certifying fs:documented, seed 42, 1 scenario and 2 generated workloads
    the subject is fs 0.1.0
    scenario 1/3: crash-during-overwrite, 17 trials
    refuted kill-atomic-write in crash-during-overwrite
    scenario 2/3: two-terminals
    scenario 3/3: evil\u{1b}[2J, 1 trial
    ");
}
