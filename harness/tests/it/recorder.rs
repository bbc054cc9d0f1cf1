//! The recorder among the ways in which real programs store: what they make durable is seen, and what they do not.
//!
//! Each way is judged twice. With its syncs it must be upheld, without one of them refuted; and where a call cannot be
//! followed, nothing is said either way.

use std::sync::Arc;

use crashworthy::Guarantee;
use crashworthy_harness::{judge::Verdict, scenario};

use crate::{
    campaign::{self, Campaign, Outcome},
    program,
};

/// A value of two pages is replaced.
const SCENARIO: &str = r#"
schema = 1
name = "writes"
title = "The power fails while values are written"
judges = ["power-atomic-write", "power-durable-ack"]
faults = ["power-loss"]
set-up = [{ write = "a.bin", data = { bytes = 5000, seed = 1 } }]

[[actors]]
operations = [
  { write = "a.bin", data = { bytes = 6000, seed = 2 } },
OTHERS]
"#;
/// And another one is written for the first time. Left out where something is to be found: to shrink a
/// counterexample takes a process for each step.
const FIRST: &str = r#"  { write = "b.bin", data = { bytes = 4500, seed = 3 } },
"#;

const JUDGED: [Guarantee; 2] = [Guarantee::PowerAtomicWrite, Guarantee::PowerDurableAck];

/// Declares a test for each mode of `subjects/recorded.py`.
macro_rules! modes {
    ($($test:ident: $mode:literal $how:ident;)+) => {
        pub(crate) const TESTS: &[crate::Test] =
            &[$((concat!("recorder::", stringify!($test)), || $how($mode))),+];
    };
}

modes! {
    pwrite: "pwrite" is_seen;
    pwritev: "pwritev" is_seen;
    write_that_syncs: "write-that-syncs" is_seen;
    write_at_the_position: "write-at-the-position" is_seen;
    write_that_appends: "write-that-appends" is_seen;
    append: "append" is_seen;
    append_that_syncs: "append-that-syncs" is_seen;
    o_sync: "o-sync" is_seen;
    o_dsync: "o-dsync" is_seen;
    fdatasync: "fdatasync" is_seen;
    sync: "sync" is_seen;
    syncfs: "syncfs" is_seen;
    syncfs_beside: "syncfs-beside" is_seen;
    sync_file_range: "sync-file-range" is_seen;
    another_descriptor: "another-descriptor" is_seen;
    duplicates: "duplicates" is_seen;
    copy_file_range: "copy-file-range" is_seen;
    copy_that_syncs: "copy-that-syncs" is_seen;
    sendfile: "sendfile" is_seen;
    sendfile_that_syncs: "sendfile-that-syncs" is_seen;
    splice: "splice" is_seen;
    fallocate: "fallocate" is_seen;
    hole: "hole" is_seen;
    ftruncate: "ftruncate" is_seen;
    truncate: "truncate" is_seen;
    read_mapping: "read-mapping" is_seen;
    child: "child" is_seen;
    child_with_our_descriptor: "child-with-our-descriptor" is_seen;
    threads: "threads" is_seen;
    locks: "locks" is_seen;
    program: "program" is_seen;
    renamed_while_open: "renamed-while-open" is_seen;
    relative: "relative" is_seen;
    rename: "rename" is_seen;
    link: "link" is_seen;
    exchange: "exchange" is_seen;
    symlink: "symlink" is_seen;
    two_names: "two-names" is_seen;
    directory: "directory" is_seen;
    tmpfile: "tmpfile" is_seen;
    unsynced_tmpfile: "unsynced-tmpfile" is_seen;
    early: "early" is_seen;
    log: "log" is_seen;
    mapping: "mapping" is_not_followed;
    kept_mapping: "kept-mapping" is_not_followed;
    through_a_link: "through-a-link" is_not_followed;
    outside: "outside" is_not_followed;
}

fn run(mode: &str, how: &str) -> Outcome {
    let others = if how == "synced" { FIRST } else { "" };
    let text = SCENARIO.replace("OTHERS", others);
    let scenario = scenario::load::from_str("writes.toml", &text).unwrap();
    let subject = program::python_subject("tests/it/subjects/recorded.py", &[mode, how]);
    campaign::run(&Campaign {
        scenarios: vec![Arc::new(scenario)],
        shrink: false,
        ..campaign::of(subject)
    })
}

fn verdicts(outcome: &Outcome) -> [Verdict; 2] {
    JUDGED.map(|guarantee| campaign::row(&outcome.certificate, guarantee).verdict)
}

/// Upheld with its syncs, and refuted without.
fn is_seen(mode: &str) {
    let outcome = run(mode, "synced");
    let rows = JUDGED.map(|guarantee| campaign::row(&outcome.certificate, guarantee));
    assert_eq!(
        verdicts(&outcome),
        [Verdict::Upheld; 2],
        "{mode}: {:?} {:?}\n{}",
        rows[0].reason,
        rows[1].reason,
        campaign::charges(&outcome)
    );
    let outcome = run(mode, "unsynced");
    assert!(verdicts(&outcome).contains(&Verdict::Refuted), "{mode}: {:?}", verdicts(&outcome));
}

fn is_not_followed(mode: &str) {
    for how in ["synced", "unsynced"] {
        let outcome = run(mode, how);
        assert_eq!(verdicts(&outcome), [Verdict::NotMeasured; 2], "{mode}, {how}");
        let reason = campaign::row(&outcome.certificate, JUDGED[0]).reason.as_deref();
        assert!(reason.is_some_and(|reason| !reason.is_empty()), "{mode}, {how}");
    }
}
