//! Controls: backends that must be acquitted of everything that they document.
//!
//! Subjects that are started by exec get the scenarios of [`FEW`], enough to measure each of their claims:
//! a process of theirs costs tens of milliseconds. All scenarios are run by `.ci/run`.

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
];

pub(crate) const TESTS: &[crate::Test] = &[
    ("controls::memory", memory),
    ("controls::fs_with_seed_1", || fs_with_seed(1)),
    ("controls::fs_with_seed_2", || fs_with_seed(2)),
    ("controls::fs_with_seed_3", || fs_with_seed(3)),
    ("controls::fs_with_checksums", fs_with_checksums),
    ("controls::fs_without_fork_server", fs_without_fork_server),
    ("controls::python", python),
    ("controls::node", node),
];

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

fn fs_with_seed(seed: u64) {
    let subject = Subject::of_this_executable("fs").unwrap();
    let claims = FsBackend::claims(&FsOptions::default());
    acquit(&Campaign { seed, generate: true, claims: Some(claims), ..campaign::of(subject) });
}

fn fs_with_checksums() {
    let mut subject = Subject::of_this_executable("fs").unwrap();
    subject.options = serde_json::json!({ "verification": "checksum" });
    let claims = FsBackend::claims(&FsOptions::new().verification(Verification::Checksum));
    assert!(claims.get(Guarantee::BitrotDetected).is_some());
    acquit(&Campaign { claims: Some(claims), ..campaign::of(subject) });
}

fn fs_without_fork_server() {
    let subject = Subject::of_this_executable("fs").unwrap().without_fork_server();
    let claims = FsBackend::claims(&FsOptions::default());
    acquit(&Campaign { scenarios: few(), claims: Some(claims), ..campaign::of(subject) });
}

fn python() {
    acquit(&Campaign {
        scenarios: few(),
        claims: Some(claims("adapters/python/hardened_backend.claims.toml")),
        ..campaign::of(program::python_subject("adapters/python/hardened_backend.py", &[]))
    });
}

fn node() {
    acquit(&Campaign {
        scenarios: few(),
        claims: Some(claims("adapters/node/hardened_backend.claims.toml")),
        ..campaign::of(program::node_subject("adapters/node/hardened_backend.mjs"))
    });
}

fn few() -> Vec<Arc<Scenario>> {
    let all = scenario::builtin::all();
    let named = |name: &&str| all.iter().find(|scenario| scenario.name == **name).cloned();
    FEW.iter().map(|name| named(name).unwrap_or_else(|| panic!("no scenario {name}"))).collect()
}

fn claims(file: &str) -> Claims {
    let text = fs::read_to_string(program::source(file)).unwrap();
    Claims::from_toml(&text).unwrap()
}

fn acquit(campaign: &Campaign) {
    let claims = campaign.claims.as_ref().unwrap().len();
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
