//! Subjects that are no backends, or dreadful ones: a clear reason with what they last said, and nothing
//! left behind, neither processes nor directories.
//!
//! Directories are looked for when all tests are over (see `main`).

use std::{fs, thread, time::Duration};

use crashworthy::Guarantee;
use crashworthy_harness::{
    judge::{Rating, Verdict},
    scenario,
    subject::{Limits, Subject},
};

use crate::{
    campaign::{self, Campaign, Outcome},
    program,
};

/// Long enough for an interpreter to start on a busy machine, since tests run side by side.
const OPERATION_TIME_MAX: Duration = Duration::from_secs(2);
/// Low enough to be met soon.
pub(crate) const LIMITS: Limits =
    Limits { operation: OPERATION_TIME_MAX, memory_bytes: 64 << 20, line_bytes: 1 << 20 };

pub(crate) const TESTS: &[crate::Test] = &[
    ("hostile::missing", missing),
    ("hostile::not_executable", not_executable),
    ("hostile::exits_at_once", || no_start("exit", &["code 7", "cannot find my configuration"])),
    ("hostile::garbage", || no_start("garbage", &["Welcome to my backend!", "starting up"])),
    ("hostile::hangs", || no_start("hang", &["did not answer within 2s", "waiting for a lock"])),
    ("hostile::closes_stdin", || no_start("close-stdin", &["did not answer", "deaf"])),
    ("hostile::closes_stdout", || no_start("close-stdout", &["closed its stdout", "mute"])),
    ("hostile::wrong_id", || no_start("wrong-id", &["request 1000 when asked 0", "from 1000"])),
    ("hostile::old_protocol", || no_start("old-protocol", &["it speaks protocol 2"])),
    ("hostile::grows", || no_start("grow", &["grew past 64 MiB", "reading the index"])),
    ("hostile::endless_line", || {
        no_start("endless-line", &["past the limit for a line", "talking"]);
    }),
    ("hostile::dies_in_a_write", || broken("die", &["code 3", "out of luck"])),
    ("hostile::dies_beside_its_child", || broken("die-with-child", &["code 4"])),
    ("hostile::hangs_in_a_write", || broken("hang-in-write", &["within 2s", "stuck on a lock"])),
    // What is no answer accuses nobody's storage, and is told before anything is judged.
    ("hostile::answers_what_is_not_base64", || no_start("not-base64", &["readFile", "not base64"])),
    ("hostile::prints_between_its_answers", || {
        no_start("stray", &["no answer of the protocol", "writing introduction/a.bin\\u{1b}[0m"]);
    }),
    ("hostile::lacks_a_method", || {
        no_start("fault", &["deleteFile", "its adapter says: Mine has no method delete_file"]);
    }),
    ("hostile::refuses_to_open", || {
        no_start("refuse-open", &["it refused `open`", "mine migrate"]);
    }),
    ("hostile::leaves_a_child_behind", leaves_a_child_behind),
];

fn missing() {
    assert!(Subject::command(&"crashworthy-no-such-program".into(), &[]).is_err());
}

/// It is found, and it cannot be run: the interpreter that its first line names is missing.
fn not_executable() {
    let directory = tempfile::tempdir().unwrap();
    let (text, file) = (directory.path().join("text"), directory.path().join("backend"));
    fs::write(&text, "#!/no/such/interpreter\n").unwrap();
    program::install(&text, &file);
    let subject = Subject::command(&file.into(), &[]).unwrap();
    assert_not_measured(&run(subject), &["No such file or directory"]);
}

/// The subject never gets as far as to be measured.
fn no_start(mode: &str, reasons: &[&str]) {
    assert_not_measured(&run_mode(mode), reasons);
}

fn assert_not_measured(outcome: &Outcome, reasons: &[&str]) {
    let certificate = &outcome.certificate;
    assert_eq!(certificate.verdict, Rating::Inconclusive, "{certificate:#?}");
    for row in &certificate.guarantees {
        assert_eq!(row.verdict, Verdict::NotMeasured, "{}", row.id);
        let reason = row.reason.as_deref().unwrap_or_default();
        for part in reasons {
            assert!(reason.contains(part), "{part:?} is not in the reason {reason:?}");
        }
    }
}

/// Writes or reads are really broken, so that they are refuted.
fn broken(mode: &str, reasons: &[&str]) {
    let outcome = run_mode(mode);
    assert_eq!(outcome.certificate.verdict, Rating::Refuted);
    let row = campaign::row(&outcome.certificate, Guarantee::WriteCreatesParents);
    let read = campaign::row(&outcome.certificate, Guarantee::ReadYourWrite);
    let refuted = [row, read].into_iter().find(|row| row.verdict == Verdict::Refuted);
    let summary = refuted.and_then(|row| row.summary.as_deref()).unwrap_or_default();
    for part in reasons {
        assert!(summary.contains(part), "{part:?} is not in the summary {summary:?}");
    }
}

/// It answers well, and its child lives on in its session when it is killed.
fn leaves_a_child_behind() {
    let outcome = run_mode("fork");
    let row = campaign::row(&outcome.certificate, Guarantee::ReadYourWrite);
    assert_eq!(row.verdict, Verdict::Upheld, "{:?} {:?}", row.reason, row.summary);
}

fn run_mode(mode: &str) -> Outcome {
    leaving_nothing("tests/it/subjects/hostile.py", mode, run)
}

/// Runs one mode of a program, of which no process may be left then.
pub(crate) fn leaving_nothing(
    program: &str,
    mode: &str,
    run: impl FnOnce(Subject) -> Outcome,
) -> Outcome {
    // In the command line of every process of this subject, and of no other.
    let marker = format!("hostile-{mode}-{}", std::process::id());
    let outcome = run(program::python_subject(program, &[mode, &marker]));
    for patience in [0, 50, 200, 1000] {
        thread::sleep(Duration::from_millis(patience));
        if processes(&marker).is_empty() {
            return outcome;
        }
    }
    panic!("still running: {:?}", processes(&marker));
}

fn run(subject: Subject) -> Outcome {
    // One that is only run fault-free, and one whose trials need processes that nobody traces as well.
    let wanted = ["read-your-write", "crash-during-write"];
    let mut scenarios = scenario::builtin::all();
    scenarios.retain(|scenario| wanted.contains(&scenario.name.as_str()));
    campaign::run(&Campaign {
        scenarios,
        limits: LIMITS,
        // Each try would hang or die as the first one did.
        shrink: false,
        ..campaign::of(subject)
    })
}

/// The processes that have `marker` in their command line.
fn processes(marker: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("this test needs /proc").flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().into_string().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(marker).then(|| format!("{pid}: {line}"))
        })
        .collect()
}
