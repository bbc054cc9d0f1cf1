//! Canaries: the hardened backend with one thing broken, each of which must be convicted of exactly that.
//!
//! The table says of what. Whatever else its group holds must be upheld, or not measured for the one
//! reason that the canary offers no recovery; a canary that is convicted of more is a false alarm.

#[macro_use]
mod site;
#[macro_use]
mod recipe;
mod nothing;
mod schedule;

use std::collections::BTreeSet;

use crashworthy::{
    Category,
    Guarantee::{
        self, BitrotDetected, Confined, CrashIsolated, DeleteFilesOnly, DeleteIdempotent,
        DeterministicLayout, ErrorLeavesNoOrphan, ErrorPreservesOld, ErrorReported,
        FsyncFailureHonest, InterruptHandled, KillAtomicDelete, KillAtomicWrite, KillDurableAck,
        KillDurableDelete, KillOrphansInvisible, KillOrphansReclaimed, KillRecoveryIdempotent,
        KillRetryHeals, LastWriteWins, Linearizable, ListExact, MissingIsError, MkdirRecursive,
        NoSpuriousError, NoTornRead, OverwriteReplaces, PathFidelity, PowerAtomicDelete,
        PowerAtomicWrite, PowerDurableAck, PowerDurableDelete, PowerDurableMkdir,
        PowerNeighboursIntact, PowerPrefixOrder, PowerRetryHeals, ReadYourWrite,
        RecoversAfterFault, SameContentSafe, ShortWriteHandled, WriteCreatesParents,
    },
    fs::Durability,
};
use crashworthy_harness::{
    judge::{Rating, Verdict},
    subject::{Backend, Subject},
};
use libtest_mimic::Trial;

use self::site::Site;
use crate::{
    campaign::{self, Outcome},
    trial,
};

/// A broken backend and what it must be convicted of.
struct Canary {
    name: &'static str,
    refuted: Guarantee,
    /// What nobody can break that without breaking; the table says why.
    implies: &'static [Guarantee],
    /// Turns of the shortest schedule that shows it, where it takes one.
    turns: Option<usize>,
    /// Generated workloads are run on it as well.
    generate: bool,
    open: fn(&'static str) -> Backend,
}

/// Declares each canary's module, and the table of them.
macro_rules! canaries {
    ($($name:ident: [
        $refuted:expr $(; implies $($implied:expr),+)? $(; turns $turns:literal)?
    ] $($extra:ident)*;)+) => {
        $(mod $name;)+

        const TABLE: &[Canary] = &[$(Canary {
            name: concat!("canary:", stringify!($name)),
            refuted: $refuted,
            implies: &[$($($implied),+)?],
            turns: [$($turns)?].first().copied(),
            generate: canaries!(@ generates $($extra)*),
            open: |name| {
                let durability = Group::of($refuted).durability();
                let backend =
                    Backend::new(name, move |root, _| Ok($name::open(Site::open(root, durability)?)));
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
    // Power loss.
    no_file_sync: [PowerAtomicWrite] recovers;
    sync_wrong_descriptor: [PowerAtomicWrite] recovers;
    sync_after_rename: [PowerAtomicWrite] recovers;
    index_before_data: [PowerAtomicWrite];
    recover_deletes_good_copy: [PowerAtomicWrite] recovers;
    // Names that nobody syncs are lost in any order.
    no_directory_sync: [PowerDurableAck; implies PowerPrefixOrder] recovers;
    directory_sync_before_rename: [PowerDurableAck; implies PowerPrefixOrder] recovers;
    parent_never_synced: [PowerDurableMkdir] recovers;
    delete_syncs_truncation: [PowerAtomicDelete] recovers;
    delete_not_synced: [PowerDurableDelete] recovers;
    // What a killed process has left may as well be left by one whose sync has failed.
    gone_is_deleted: [PowerDurableDelete; implies FsyncFailureHonest] recovers;
    there_is_written: [PowerDurableAck; implies FsyncFailureHonest] recovers;
    there_is_named: [PowerDurableMkdir; implies FsyncFailureHonest] recovers;
    // Only an acknowledged change that is lost can be out of order.
    write_overtakes_delete: [PowerPrefixOrder; implies PowerDurableDelete] recovers;
    resume_left_over: [PowerRetryHeals] recovers;
    neighbour_in_place: [PowerNeighboursIntact] recovers;
    sync_error_swallowed: [FsyncFailureHonest] recovers;
    sync_retried: [FsyncFailureHonest] recovers;
    // Concurrency.
    // A torn value is in no order of what was written.
    read_in_halves: [NoTornRead; implies Linearizable; turns 3] recovers;
    lock_on_renamed_file: [NoTornRead; implies Linearizable; turns 5] recovers;
    // Nor is an empty file, which writers of the same bytes publish as well.
    shared_temp: [NoTornRead; implies Linearizable, SameContentSafe; turns 4] recovers;
    temp_per_process: [NoTornRead; implies Linearizable, SameContentSafe; turns 4] recovers;
    lock_released_early: [NoTornRead; implies Linearizable, SameContentSafe; turns 4] recovers;
    // No order ends with what was replaced.
    lock_too_late: [LastWriteWins; implies Linearizable; turns 3] recovers;
    delete_then_write: [Linearizable; turns 4] recovers;
    stale_cache: [Linearizable; turns 3] recovers;
    same_bytes_taken_for_done: [SameContentSafe; turns 3] recovers;
    check_then_delete: [NoSpuriousError; turns 3] recovers;
    // Writers of the same bytes create the same directories.
    check_then_create: [NoSpuriousError; implies SameContentSafe; turns 3] recovers;
    lock_file_left_behind: [CrashIsolated; turns 2] recovers;
    journal_left_behind: [CrashIsolated; turns 2];
    // Integrity.
    checksum_of_first_page: [BitrotDetected] recovers;
}

/// What they are made of, which must not be convicted.
const NOTHING: &str = "canary:nothing";

/// The canaries, for the worker.
pub(crate) fn backends() -> Vec<Backend> {
    let nothing = Backend::new(NOTHING, |root, _| {
        Ok(nothing::open(Site::open(root, Durability::FileAndDirectory)?))
    });
    TABLE.iter().map(|canary| (canary.open)(canary.name)).chain([nothing.recovers()]).collect()
}

/// One test for each.
pub(crate) fn tests() -> Vec<Trial> {
    let tests = TABLE.iter().map(|canary| {
        trial(canary.name.replace("canary:", "canaries::"), || {
            convict(canary);
            Ok(())
        })
    });
    tests
        .chain([
            trial("canaries::every_guarantee_has_one", every_guarantee_has_one),
            trial("canaries::schedule_is_the_same_a_hundred_times", || {
                schedule::is_the_same_a_hundred_times();
                Ok(())
            }),
            trial("canaries::nothing", || {
                acquit_nothing();
                Ok(())
            }),
        ])
        .collect()
}

fn convict(canary: &Canary) -> Outcome {
    let subject = Subject::of_this_executable(canary.name).unwrap();
    let group = Group::of(canary.refuted);
    let outcome = campaign::run(&campaign::Campaign {
        generate: canary.generate,
        shrink: false,
        only: Some(group.guarantees().collect()),
        scenarios: campaign::quick_scenarios(),
        ..campaign::of(subject)
    });
    let certificate = &outcome.certificate;
    let refuted = campaign::with_verdict(certificate, Verdict::Refuted);
    let expected: BTreeSet<Guarantee> =
        canary.implies.iter().chain([&canary.refuted]).copied().collect();
    assert_eq!(refuted, expected, "what it is convicted of:\n{}", campaign::charges(&outcome));
    assert_eq!(certificate.verdict, Rating::Refuted);
    for guarantee in group.guarantees() {
        let row = campaign::row(certificate, guarantee);
        let reason = row.reason.as_deref().unwrap_or_default();
        let excused = reason == "the subject does not offer `recover`"
            || reason.starts_with("two runs of the same operations store files of different names")
            || (guarantee == CrashIsolated
                && reason.starts_with("its processes disturb each other"));
        assert!(
            matches!(row.verdict, Verdict::Refuted | Verdict::Upheld) || excused,
            "{} is {}: {:?}",
            row.id,
            row.verdict,
            row.reason
        );
    }
    if let Some(turns) = canary.turns {
        schedule::replay_shortest(canary, &outcome, turns);
    }
    outcome
}

fn acquit_nothing() {
    let judged = [Group::Errors, Group::Power].into_iter().flat_map(Group::guarantees);
    let judged: Vec<Guarantee> = judged.collect();
    let outcome = campaign::run(&campaign::Campaign {
        only: Some(judged.clone()),
        ..campaign::of(Subject::of_this_executable(NOTHING).unwrap())
    });
    for guarantee in judged {
        let row = campaign::row(&outcome.certificate, guarantee);
        // When the sync of the directory fails, the new value is there. The sound backend says so too.
        let expected = match guarantee {
            ErrorPreservesOld => Verdict::Refuted,
            _ => Verdict::Upheld,
        };
        assert_eq!(row.verdict, expected, "{guarantee}: {:?} {:?}", row.reason, row.summary);
    }
}

/// What breaks atomicity under a kill often does so under an error or a power loss as well, and the other way
/// round; and only a canary that is about it verifies what it has stored. Each answers for its own kind of fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Nothing goes wrong, or a process is killed.
    Processes,
    /// Calls fail.
    Errors,
    /// The power fails, perhaps after a sync has.
    Power,
    /// Several are at work at once.
    Concurrency,
    /// Stored bytes change.
    Rot,
}

impl Group {
    /// The group whose canaries answer for a guarantee.
    fn of(guarantee: Guarantee) -> Self {
        match guarantee.category() {
            Category::Interface | Category::Containment | Category::ProcessKill => Self::Processes,
            // It takes a power loss to see what a failed sync has done.
            Category::IoFault if guarantee == FsyncFailureHonest => Self::Power,
            Category::IoFault => Self::Errors,
            Category::PowerLoss => Self::Power,
            Category::Integrity => Self::Rot,
            Category::Concurrency => Self::Concurrency,
        }
    }

    fn guarantees(self) -> impl Iterator<Item = Guarantee> {
        Guarantee::ALL.iter().copied().filter(move |it| Self::of(*it) == self)
    }

    /// Of the backend that a canary of this group is made of.
    fn durability(self) -> Durability {
        match self {
            Self::Processes | Self::Errors | Self::Concurrency | Self::Rot => Durability::None,
            Self::Power => Durability::FileAndDirectory,
        }
    }
}

fn every_guarantee_has_one() -> Result<(), libtest_mimic::Failed> {
    let covered: BTreeSet<Guarantee> = TABLE.iter().map(|canary| canary.refuted).collect();
    let judged = Guarantee::ALL.iter().copied();
    let missing: Vec<Guarantee> = judged.filter(|guarantee| !covered.contains(guarantee)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no canary for {missing:?}").into()) }
}
