//! Syncs that fail, however they are asked for.

use crashworthy::Guarantee::FsyncFailureHonest;
use crashworthy_harness::judge::Verdict;
use serde_json::json;

use crate::log_backend::verdict;

pub(crate) const TESTS: &[crate::Test] = &[
    ("failed_syncs::fdatasync", || fails("fdatasync")),
    ("failed_syncs::syncfs", || fails("syncfs")),
    ("failed_syncs::syncfs_after_one_that_worked", || fails("syncfs, then more")),
    ("failed_syncs::a_write_that_syncs", || fails("dsync")),
];

/// Acquits who reports the error, and convicts who syncs again and takes that for an answer.
fn fails(sync: &str) {
    let of = |syncs_again: bool| {
        let options = json!({ "sync": sync, "syncs_again": syncs_again });
        verdict(options, FsyncFailureHonest, "failed-sync-overwrite")
    };
    let (sound, why) = of(false);
    assert_eq!(sound, Verdict::Upheld, "{why}");
    let (dishonest, why) = of(true);
    assert_eq!(dishonest, Verdict::Refuted, "{why}");
}
