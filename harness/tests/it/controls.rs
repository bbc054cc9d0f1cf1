//! Controls: backends that must be acquitted of everything that they document.
//!
//! Subjects that are started by exec get the scenarios of [`FEW`], enough to measure each of their claims:
//! a process of theirs costs tens of milliseconds. The database is the control that nobody here has written: what it
//! documents of power losses was found out by others.

use std::{fs, sync::Arc};

use crashworthy::{
    Category, Claims, Guarantee, MemoryBackend,
    fs::{FsBackend, FsOptions, Verification},
};
use crashworthy_harness::{
    judge::{Rating, Verdict},
    scenario::{self, Scenario},
    subject::Subject,
};
use serde_json::json;

use crate::{
    campaign::{self, Campaign},
    program,
};

/// At least one scenario for every guarantee that is judged.
const FEW: &[&str] = &[
    "read-your-write",
    "overwrite-replaces",
    "missing-is-error",
    "write-creates-parents",
    "list-exact",
    "mkdir-recursive",
    "delete-idempotent",
    "delete-files-only",
    "deterministic-layout",
    "temp-alias",
    "confined-parent",
    "confined-directory-link",
    "confined-file-link",
    "crash-during-overwrite",
    "crash-during-delete",
    "recovery-after-delete",
    "recovery-beside-writer",
    "io-errors-during-overwrite",
    "bit-rot",
    "power-overwrite",
    "power-new-tree",
    "power-create-directory",
    "power-delete",
    "power-order",
    "failed-sync-overwrite",
    "same-content",
    "two-terminals-new-file",
    "three-writers",
    "writer-and-reader",
    "writer-and-deleter",
    "writer-and-lister",
    "two-deleters",
    "writers-in-new-directory",
    "recover-beside-writers",
    "killed-writer",
    "killed-deleter",
];

const CONCURRENT: &[&str] = &[
    "same-content",
    "two-terminals-new-file",
    "three-writers",
    "writer-and-reader",
    "writer-and-deleter",
    "writer-and-lister",
    "two-deleters",
    "writers-in-new-directory",
    "recover-beside-writers",
    "killed-writer",
    "killed-deleter",
];

/// For a database, which makes some forty calls a write and so has a hundred kills where others have ten.
const FEWER: &[&str] = &[
    "read-your-write",
    "overwrite-replaces",
    "missing-is-error",
    "write-creates-parents",
    "list-exact",
    "mkdir-recursive",
    "delete-idempotent",
    "delete-files-only",
    "temp-alias",
    "confined-parent",
    "confined-directory-link",
    "confined-file-link",
    "crash-during-overwrite",
    "crash-during-delete",
    "power-overwrite",
    "power-new-tree",
    "power-create-directory",
    "power-delete",
    "power-order",
    "two-terminals-new-file",
    "writer-and-deleter",
    "writers-in-new-directory",
];

/// What several actors may expect of each other.
const CONCURRENCY: [Guarantee; 6] = [
    Guarantee::NoTornRead,
    Guarantee::LastWriteWins,
    Guarantee::Linearizable,
    Guarantee::SameContentSafe,
    Guarantee::NoSpuriousError,
    Guarantee::CrashIsolated,
];

pub(crate) const TESTS: &[crate::Test] = &[
    ("controls::memory", memory),
    ("controls::fs_with_another_seed", fs_with_another_seed),
    ("controls::fs_with_checksums", fs_with_checksums),
    ("controls::fs_without_fork_server", fs_without_fork_server),
    ("controls::python", python),
    ("controls::node", node),
    ("controls::sqlite", || sqlite("delete", "EXTRA")),
    ("controls::sqlite_in_wal_mode", || sqlite("wal", "FULL")),
    ("controls::sqlite_without_the_last_sync", sqlite_without_the_last_sync),
    ("controls::sqlite_writes_its_log_again", sqlite_writes_its_log_again),
    ("controls::sqlite_takes_turns", sqlite_takes_turns),
    ("controls::sqlite_shares_memory", || {
        let options = json!({ "journal": "wal", "synchronous": "FULL", "locking": "normal" });
        sqlite_cannot_be_measured(options, "it maps files into memory");
    }),
    ("controls::sqlite_keeps_others_out", || {
        let options = json!({ "journal": "wal", "synchronous": "FULL" });
        sqlite_cannot_be_measured(options, "several of its processes cannot be at work");
    }),
];

/// What is not claimed may be refuted, and nobody here reads in how few steps.
fn control(subject: Subject, claims: Claims) -> Campaign {
    Campaign { claims: Some(claims), shrink: false, ..campaign::of(subject) }
}

fn memory() {
    let outcome = campaign::run(&Campaign {
        claims: Some(MemoryBackend::claims()),
        ..campaign::of(Subject::of_this_executable("memory").unwrap())
    });
    let certificate = &outcome.certificate;
    assert_eq!(certificate.verdict, Rating::Certified, "{}", campaign::charges(&outcome));
    for row in &certificate.guarantees {
        let holds = matches!(row.category, Category::Interface | Category::Containment);
        assert_eq!(row.claimed, holds, "{}", row.id);
        assert!(!holds || row.verdict == Verdict::Upheld, "{}: {:?}", row.id, row.reason);
    }
    // It dies with its process, says so by not claiming otherwise, and the certificate shows it.
    let lost = campaign::row(certificate, Guarantee::KillDurableAck);
    assert_eq!((lost.verdict, lost.claimed), (Verdict::Refuted, false));
}

/// `cargo certify` has seed 0.
fn fs_with_another_seed() {
    let subject = Subject::of_this_executable("fs").unwrap();
    let claims = FsBackend::claims(&FsOptions::default());
    acquit(&Campaign { generate: true, ..control(subject, claims) });
}

fn fs_with_checksums() {
    let mut subject = Subject::of_this_executable("fs").unwrap();
    subject.options = serde_json::json!({ "verification": "checksum" });
    let claims = FsBackend::claims(&FsOptions::new().verification(Verification::Checksum));
    assert!(claims.get(Guarantee::BitrotDetected).is_some());
    acquit(&Campaign { generate: true, ..control(subject, claims) });
}

fn fs_without_fork_server() {
    let subject = Subject::of_this_executable("fs").unwrap().without_fork_server();
    let claims = FsBackend::claims(&FsOptions::default());
    acquit(&Campaign { scenarios: named(FEW), ..control(subject, claims) });
}

fn python() {
    acquit(&Campaign {
        // Everything else is the same in both languages; threads and locks are not.
        scenarios: named(CONCURRENT),
        only: Some(CONCURRENCY.to_vec()),
        ..control(
            program::python_subject("adapters/python/hardened_backend.py", &[]),
            claims("adapters/python/hardened_backend.claims.toml"),
        )
    });
}

fn node() {
    let mut scenarios = named(FEW);
    // Nothing of I/O errors is claimed there, and each takes three processes that are slow to start.
    scenarios.retain(|scenario| scenario.name != "io-errors-during-overwrite");
    acquit(&Campaign {
        scenarios,
        ..control(
            program::node_subject("adapters/node/hardened_backend.mjs"),
            claims("adapters/node/hardened_backend.claims.toml"),
        )
    });
}

fn sqlite(journal: &str, synchronous: &str) {
    let scenarios = named(FEWER);
    let file = format!("sqlite_{journal}_{}.claims.toml", synchronous.to_lowercase());
    // I/O errors would strike every call three times more, and only `error-reported` is claimed of them.
    let claims: Claims = claims(&format!("adapters/python/{file}"))
        .iter()
        .filter(|(guarantee, _)| *guarantee != Guarantee::ErrorReported)
        .map(|(guarantee, sentence)| (guarantee, sentence.to_owned()))
        .collect();
    acquit(&Campaign { scenarios, claims: Some(claims), ..sqlite_campaign(journal, synchronous) });
}

/// What a database documents not to do, it must be seen not to do: a judge that acquits everybody is none.
fn sqlite_without_the_last_sync() {
    for (journal, synchronous) in [("delete", "FULL"), ("wal", "NORMAL")] {
        let outcome = campaign::run(&Campaign {
            scenarios: named(&["power-overwrite", "power-delete", "power-order"]),
            ..sqlite_campaign(journal, synchronous)
        });
        let refuted = campaign::with_verdict(&outcome.certificate, Verdict::Refuted);
        let durable = [Guarantee::PowerDurableAck, Guarantee::PowerDurableDelete];
        assert_eq!(refuted, durable.into(), "{journal} {synchronous}");
        for guarantee in [
            Guarantee::PowerAtomicWrite,
            Guarantee::PowerAtomicDelete,
            Guarantee::PowerPrefixOrder,
            Guarantee::PowerRetryHeals,
            Guarantee::PowerNeighboursIntact,
        ] {
            let row = campaign::row(&outcome.certificate, guarantee);
            assert_eq!(row.verdict, Verdict::Upheld, "{guarantee} {:?}", row.reason);
        }
    }
}

/// After a sync that failed, the same bytes go to the same place, and the pages are dirty again. Nothing on disk
/// differs by it, and yet the next sync may be believed.
fn sqlite_writes_its_log_again() {
    let outcome = campaign::run(&Campaign {
        scenarios: named(&["failed-sync-overwrite", "failed-sync-delete"]),
        ..sqlite_campaign("wal", "FULL")
    });
    let row = campaign::row(&outcome.certificate, Guarantee::FsyncFailureHonest);
    assert_eq!(row.verdict, Verdict::Upheld, "{}", campaign::charges(&outcome));
}

/// It waits a second for its turn, which is longer than others take for theirs: nothing of this is claimed, and yet
/// no order may be found that refutes it.
fn sqlite_takes_turns() {
    let outcome = campaign::run(&Campaign {
        scenarios: named(&["same-content", "writers-in-new-directory", "killed-writer"]),
        ..sqlite_campaign("delete", "EXTRA")
    });
    for guarantee in CONCURRENCY {
        let row = campaign::row(&outcome.certificate, guarantee);
        assert_eq!(row.verdict, Verdict::Upheld, "{guarantee} {}", campaign::charges(&outcome));
    }
}

/// What processes do to each other through shared memory, or where only one gets in, nobody can tell from its calls.
fn sqlite_cannot_be_measured(options: serde_json::Value, why: &str) {
    let mut subject = program::python_subject("adapters/python/sqlite_backend.py", &[]);
    subject.options = options;
    let scenarios = named(&["same-content", "two-terminals-new-file", "killed-writer"]);
    let outcome = campaign::run(&Campaign { scenarios, ..campaign::of(subject) });
    for guarantee in CONCURRENCY {
        let row = campaign::row(&outcome.certificate, guarantee);
        let reason = row.reason.as_deref().unwrap_or_default();
        assert_eq!(row.verdict, Verdict::NotMeasured, "{guarantee}: {:?}", row.summary);
        assert!(reason.contains(why), "{guarantee}: {reason}");
    }
}

fn sqlite_campaign(journal: &str, synchronous: &str) -> Campaign {
    let mut subject = program::python_subject("adapters/python/sqlite_backend.py", &[]);
    subject.options = json!({ "journal": journal, "synchronous": synchronous });
    Campaign { shrink: false, ..campaign::of(subject) }
}

fn named(names: &[&str]) -> Vec<Arc<Scenario>> {
    let all = scenario::builtin::all();
    let named = |name: &&str| all.iter().find(|scenario| scenario.name == **name).cloned();
    names.iter().map(|name| named(name).unwrap_or_else(|| panic!("no scenario {name}"))).collect()
}

fn claims(file: &str) -> Claims {
    let text = fs::read_to_string(program::source(file)).unwrap();
    Claims::from_toml(&text).unwrap()
}

fn acquit(campaign: &Campaign) {
    let is_asked = |guarantee| campaign.only.as_ref().is_none_or(|only| only.contains(&guarantee));
    let claims = campaign.claims.iter().flat_map(Claims::iter);
    let claims = claims.filter(|(guarantee, _)| is_asked(*guarantee)).count();
    let outcome = campaign::run(campaign);
    let certificate = &outcome.certificate;
    let open: Vec<_> = certificate
        .guarantees
        .iter()
        .filter(|row| row.claimed && row.verdict != Verdict::Upheld)
        .map(|row| (row.id, row.verdict, &row.reason))
        .collect();
    assert!(open.is_empty(), "{open:#?}\n{}", campaign::charges(&outcome));
    assert_eq!(certificate.verdict, Rating::Certified);
    assert_eq!(certificate.guarantees.iter().filter(|row| row.claimed).count(), claims);
    assert!(outcome.regressions.is_empty());
}
