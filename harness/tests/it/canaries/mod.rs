//! Canaries: the hardened backend with one thing broken, each of which must be convicted of exactly that.
//!
//! The table says of what. Whatever else its groups hold must be upheld, or not measured for the one
//! reason that the canary offers no recovery; a canary that is convicted of more is a false alarm.

#[macro_use]
mod site;

use std::collections::BTreeSet;

use crashworthy::{
    Category,
    Guarantee::{
        self, BitrotDetected, Confined, DeleteFilesOnly, DeleteIdempotent, DeterministicLayout,
        ErrorLeavesNoOrphan, ErrorPreservesOld, ErrorReported, FsyncFailureHonest,
        InterruptHandled, KillAtomicDelete, KillAtomicWrite, KillDurableAck, KillDurableDelete,
        KillOrphansInvisible, KillOrphansReclaimed, KillRecoveryIdempotent, KillRetryHeals,
        ListExact, MissingIsError, MkdirRecursive, OverwriteReplaces, PathFidelity, ReadYourWrite,
        RecoversAfterFault, ShortWriteHandled, WriteCreatesParents,
    },
};
use crashworthy_harness::{
    judge::{Rating, Verdict},
    subject::{Backend, Subject},
};
use libtest_mimic::Trial;

use self::site::Site;
use crate::campaign;

/// A broken backend and what it must be convicted of.
struct Canary {
    name: &'static str,
    refuted: &'static [Guarantee],
    /// Generated workloads are run on it as well.
    generate: bool,
    open: fn(&'static str) -> Backend,
}

/// Declares each canary's module, and the table of them.
macro_rules! canaries {
    ($($name:ident: [$($refuted:expr),+] $($extra:ident)*;)+) => {
        $(mod $name;)+

        const TABLE: &[Canary] = &[$(Canary {
            name: concat!("canary:", stringify!($name)),
            refuted: &[$($refuted),+],
            generate: canaries!(@ generates $($extra)*),
            open: |name| {
                let backend =
                    Backend::new(name, |root, _| Ok($name::open(Site::open(root)?)));
                $(let backend = canaries!(@ $extra backend);)*
                backend
            },
        }),+];
    };
    (@ generates) => { false };
    (@ generates generate) => { true };
    (@ generates recovers $($rest:ident)*) => { canaries!(@ generates $($rest)*) };
    (@ recovers $backend:ident) => { $backend.recovers() };
    (@ generate $backend:ident) => { $backend };
}

canaries! {
    // Interface.
    text_mode: [ReadYourWrite] recovers generate;
    overwrite_keeps_tail: [OverwriteReplaces] recovers;
    missing_is_empty: [MissingIsError] recovers generate;
    parents_one_level: [WriteCreatesParents] recovers;
    list_shows_directories: [ListExact] recovers generate;
    mkdir_one_level: [MkdirRecursive] recovers;
    delete_missing_fails: [DeleteIdempotent] recovers generate;
    delete_takes_directories: [DeleteFilesOnly] recovers generate;
    random_layout: [DeterministicLayout] recovers;
    lower_case: [PathFidelity] recovers generate;
    temp_alias: [PathFidelity];
    // Containment.
    read_follows_links: [Confined] recovers;
    parents_follow_links: [Confined] recovers;
    // Process kill.
    write_in_place: [KillAtomicWrite] recovers generate;
    in_place_at_top: [KillAtomicWrite] recovers generate;
    rename_before_data: [KillAtomicWrite] recovers;
    delete_before_write: [KillAtomicWrite] recovers;
    acknowledge_before_write: [KillDurableAck] recovers;
    delete_truncates: [KillAtomicDelete] recovers generate;
    delete_later: [KillDurableDelete] recovers;
    exclusive_temp: [KillRetryHeals];
    delete_by_rename: [KillOrphansInvisible];
    list_shows_temp: [KillOrphansInvisible];
    recover_takes_live_files: [KillOrphansReclaimed] recovers;
    recover_does_nothing: [KillOrphansReclaimed] recovers;
    recover_chokes_on_empty: [KillRecoveryIdempotent] recovers;
    recover_locks_itself_out: [KillRecoveryIdempotent] recovers;
    // I/O faults.
    swallow_no_space: [ErrorReported] recovers;
    remove_old_first: [ErrorPreservesOld] recovers;
    keep_temp: [ErrorLeavesNoOrphan] recovers;
    one_write_call: [ShortWriteHandled] recovers;
    interrupt_is_fatal: [InterruptHandled] recovers;
    stay_failed: [RecoversAfterFault] recovers;
    // Integrity.
    checksum_of_first_page: [BitrotDetected] recovers;
}

/// The canaries, for the worker.
pub(crate) fn backends() -> Vec<Backend> {
    TABLE.iter().map(|canary| (canary.open)(canary.name)).collect()
}

/// One test for each.
pub(crate) fn tests() -> Vec<Trial> {
    let tests = TABLE.iter().map(|canary| {
        Trial::test(canary.name.replace("canary:", "canaries::"), || {
            convict(canary);
            Ok(())
        })
    });
    tests
        .chain([Trial::test("canaries::every_guarantee_has_one", every_guarantee_has_one)])
        .collect()
}

fn convict(canary: &Canary) {
    let subject = Subject::of_this_executable(canary.name).unwrap();
    // What breaks atomicity under a kill often does so under an error as well, and the other way round; and
    // only a canary that is about it verifies what it has stored. Each answers for its own kind of fault.
    let fault = |guarantee: Guarantee| match guarantee.category() {
        fault @ (Category::IoFault | Category::Integrity) => Some(fault),
        _ => None,
    };
    let judged = Guarantee::ALL
        .iter()
        .copied()
        .filter(|guarantee| is_judged(*guarantee) && fault(*guarantee) == fault(canary.refuted[0]));
    let outcome = campaign::run(&campaign::Campaign {
        generate: canary.generate,
        only: Some(judged.collect()),
        ..campaign::of(subject)
    });
    let certificate = &outcome.certificate;
    let refuted = campaign::with_verdict(certificate, Verdict::Refuted);
    let expected: BTreeSet<Guarantee> = canary.refuted.iter().copied().collect();
    assert_eq!(refuted, expected, "what it is convicted of:\n{}", campaign::charges(&outcome));
    assert_eq!(certificate.verdict, Rating::Refuted);
    for row in certificate.guarantees.iter().filter(|row| is_judged(row.id)) {
        let excused = row.reason.as_deref() == Some("the subject does not offer `recover`");
        assert!(
            matches!(row.verdict, Verdict::Refuted | Verdict::Upheld) || excused,
            "{} is {}: {:?}",
            row.id,
            row.verdict,
            row.reason
        );
    }
}

fn is_judged(guarantee: Guarantee) -> bool {
    matches!(
        guarantee.category(),
        Category::Interface
            | Category::Containment
            | Category::ProcessKill
            | Category::IoFault
            | Category::Integrity
    ) && guarantee != FsyncFailureHonest
}

fn every_guarantee_has_one() -> Result<(), libtest_mimic::Failed> {
    let covered: BTreeSet<Guarantee> =
        TABLE.iter().flat_map(|canary| canary.refuted).copied().collect();
    let judged = Guarantee::ALL.iter().copied().filter(|guarantee| is_judged(*guarantee));
    let missing: Vec<Guarantee> = judged.filter(|guarantee| !covered.contains(guarantee)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no canary for {missing:?}").into()) }
}
