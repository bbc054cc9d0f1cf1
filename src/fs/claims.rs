//! What each profile documents, as claims, and what an option adds.
//!
//! The documented profile's sentences are the specification's, word for word; where it takes judgement to
//! see which guarantee a sentence gives, the reason stands beside it. What the specification does not say
//! is not claimed, however likely. The hardened profile's sentences are those of
//! [`FsBackend`](super::FsBackend), which a test holds in step.

use super::{Durability, FsOptions, Profile, Strategy};
use crate::{Claims, Guarantee};

/// The claims of a backend with these options.
pub(super) fn of(options: FsOptions) -> Claims {
    let mut tables = match options.profile {
        Profile::Documented => vec![DOCUMENTED, strategy(options.strategy)],
        Profile::Hardened => vec![HARDENED, ANY_DURABILITY],
    };
    if options.profile == Profile::Hardened {
        match options.durability {
            Durability::None => {}
            Durability::File => tables.push(SYNCED_FILES),
            Durability::FileAndDirectory => tables.extend([SYNCED_FILES, SYNCED_DIRECTORIES]),
        }
    }
    if options.checksums() {
        tables.push(CHECKSUM);
    }
    tables
        .into_iter()
        .flatten()
        .filter(|(guarantee, _)| {
            !(options.appends() && *guarantee == Guarantee::DeterministicLayout)
        })
        .map(|(guarantee, sentence)| (*guarantee, (*sentence).to_owned()))
        .collect()
}

/// What a strategy adds. Its sentences are the specification's hopes, whether or not they come true.
fn strategy(strategy: Strategy) -> &'static [(Guarantee, &'static str)] {
    match strategy {
        Strategy::None => &[],
        Strategy::LockTemp => LOCK_TEMP,
        Strategy::LockPath => LOCK_PATH,
        Strategy::Optimistic => OPTIMISTIC,
        Strategy::AppendOnly => APPEND_ONLY,
    }
}

const DOCUMENTED: &[(Guarantee, &str)] = &[
    // Said of a read after a crash that left no final file; such a path is missing like any other.
    (Guarantee::MissingIsError, "Next read will fail (file not found) - this is expected"),
    (Guarantee::DeleteIdempotent, "If file doesn't exist, returns successfully (no error)"),
    (Guarantee::DeleteFilesOnly, "Only deletes files, never directories"),
    (Guarantee::DeterministicLayout, "No random or time-based components in paths"),
    // Said of a crash during the rename, the only step that changes what the final path names.
    (Guarantee::KillAtomicWrite, "No partial state possible (rename is atomic)"),
    // A write is acknowledged when its rename has succeeded, so it says that acknowledged files are there.
    // Of process crashes only: the specification never mentions power.
    (Guarantee::KillDurableAck, "If rename succeeded: file is available"),
    (
        Guarantee::KillRetryHeals,
        "Next write will overwrite the temp file and complete successfully",
    ),
    // "Harmless" must at least mean that no user of the interface mistakes it for a file of theirs.
    (
        Guarantee::KillOrphansInvisible,
        "If the process crashes between steps 1 and 2, only the temp file exists (harmless)",
    ),
    // "Non-deterministic" says that any of the racing writes may be the last, not that none need be.
    (Guarantee::LastWriteWins, "Last write wins (non-deterministic)"),
    (Guarantee::SameContentSafe, "Concurrent writes of the same data are safe (idempotent)"),
    // Any failed write, so also one that an I/O error fails: writing again works.
    (
        Guarantee::RecoversAfterFault,
        "If a write fails, the event can be recreated and written again",
    ),
];

const LOCK_TEMP: &[(Guarantee, &str)] = &[
    // Of two writers, one waits until the other has renamed: their bytes cannot mix.
    (Guarantee::NoTornRead, "Lock the temp file during write"),
    // The race that the locks are to end is said to be that one process's write may be lost.
    (Guarantee::Linearizable, "Use `flock()` or `fcntl()` to acquire exclusive locks"),
    // The other end of that race is a rename that fails. What works does not fail.
    (Guarantee::NoSpuriousError, "Simple, works on POSIX systems"),
];

/// The sentences are those of [`FsBackend`](super::FsBackend), but for the specification's on identical
/// contents and on the last write, which stay.
const LOCK_PATH: &[(Guarantee, &str)] = &[
    (
        Guarantee::NoTornRead,
        "The temporary file is written under the lock and then swapped in as a whole.",
    ),
    (
        Guarantee::Linearizable,
        "Writes and deletes of a path are one at a time, each takes effect at one rename or unlink, and no list looks between.",
    ),
    (Guarantee::NoSpuriousError, "Who meets another writer waits until that one is done."),
    (
        Guarantee::CrashIsolated,
        "The kernel drops the lock of a killed writer, and the next one overwrites what it left.",
    ),
];

const OPTIMISTIC: &[(Guarantee, &str)] = &[
    // The race that the retry is to end is said to be that one process's write may be lost.
    (Guarantee::Linearizable, "If file changed, retry"),
    // A price in time, so not in errors.
    (Guarantee::NoSpuriousError, "More complex, may need multiple retries"),
];

/// All that is documented holds of it as well, but for the layout: "timestamp + random".
const APPEND_ONLY: &[(Guarantee, &str)] = &[
    // What a reader has open, nobody changes.
    (Guarantee::NoTornRead, "Never overwrite existing files"),
    // A conflict is what a writer could fail of.
    (Guarantee::NoSpuriousError, "No conflicts, works everywhere"),
];

const HARDENED: &[(Guarantee, &str)] = &[
    (
        Guarantee::ReadYourWrite,
        "A read after an acknowledged write returns exactly the bytes that were written.",
    ),
    (
        Guarantee::OverwriteReplaces,
        "A write puts a new file in the place of the old one, so nothing of the old content remains.",
    ),
    (Guarantee::MissingIsError, "Reading a missing file fails with `NotFound`."),
    (Guarantee::WriteCreatesParents, "A write creates the missing parent directories of its path."),
    (
        Guarantee::ListExact,
        "A list gives the regular files directly in the directory, never a temporary one; a missing directory is empty.",
    ),
    (
        Guarantee::MkdirRecursive,
        "A directory is created with its missing parents, and one that exists is fine.",
    ),
    (Guarantee::DeleteIdempotent, "Deleting a missing file succeeds."),
    (
        Guarantee::DeleteFilesOnly,
        "A delete unlinks a file; on a directory it fails and removes nothing.",
    ),
    (
        Guarantee::DeterministicLayout,
        "Published names are the paths that were asked for; chance is in temporary names only.",
    ),
    (
        Guarantee::PathFidelity,
        "Names go to the file system byte for byte, temporary files have a directory of their own, and what cannot be stored is refused.",
    ),
    (
        Guarantee::Confined,
        "Nothing outside the root is read, created, changed or deleted, also where links are planted inside it.",
    ),
    (
        Guarantee::KillAtomicWrite,
        "A rename publishes a whole file, so a kill leaves the whole old value or the whole new one.",
    ),
    (
        Guarantee::KillDurableAck,
        "A write is acknowledged after its rename, which a kill does not undo.",
    ),
    (
        Guarantee::KillAtomicDelete,
        "A delete is one unlink, so a kill leaves the file whole or gone.",
    ),
    (
        Guarantee::KillDurableDelete,
        "A delete is acknowledged after its unlink, which a kill does not undo.",
    ),
    (
        Guarantee::KillRetryHeals,
        "A write never reuses a temporary name, so what a killed one left cannot disturb it.",
    ),
    (
        Guarantee::KillOrphansInvisible,
        "Temporary files are in a directory that no path can name and no list shows.",
    ),
    (
        Guarantee::KillOrphansReclaimed,
        "`recover` removes the temporary files whose lock nobody holds, and no others.",
    ),
    (
        Guarantee::KillRecoveryIdempotent,
        "`recover` only unlinks, one file at a time, so it can be killed and repeated at any point.",
    ),
    (
        Guarantee::NoTornRead,
        "A rename swaps whole files, so a read returns one whole written value.",
    ),
    (
        Guarantee::LastWriteWins,
        "Every write has made its rename when it is acknowledged, and the last rename stays.",
    ),
    (
        Guarantee::Linearizable,
        "Every operation takes effect at one moment: its rename, its unlink, its mkdir, or its look at the name.",
    ),
    (
        Guarantee::SameContentSafe,
        "Every write has a temporary file of its own, whatever the others write.",
    ),
    (
        Guarantee::NoSpuriousError,
        "Nobody takes what another process needs, and a name that comes or goes meanwhile is no error.",
    ),
    (
        Guarantee::CrashIsolated,
        "A killed writer leaves a file that nobody else uses, and a lock that the kernel drops.",
    ),
    // Not `error-preserves-old`: when the sync of the directory fails after the rename, the new value is
    // there, and the write must fail all the same.
    (
        Guarantee::ErrorReported,
        "An operation is acknowledged only when every call that it needs has succeeded.",
    ),
    (Guarantee::ErrorLeavesNoOrphan, "A write that fails removes its temporary file."),
    (
        Guarantee::ShortWriteHandled,
        "A write call that takes less than it was given is followed by another with the rest.",
    ),
    (Guarantee::InterruptHandled, "A call that a signal interrupts is made again."),
    (
        Guarantee::RecoversAfterFault,
        "Nothing of a failed operation is kept, so the next one works as soon as the fault is gone.",
    ),
];

/// What the hardened profile keeps whatever [`Durability`] says.
const ANY_DURABILITY: &[(Guarantee, &str)] = &[
    (
        Guarantee::PowerRetryHeals,
        "What a power loss leaves of a temporary file is never opened again, so the next write succeeds.",
    ),
    (
        Guarantee::PowerNeighboursIntact,
        "Every value has a file of its own, and no operation touches that of another.",
    ),
];

/// What [`Durability::File`] adds.
const SYNCED_FILES: &[(Guarantee, &str)] = &[
    (
        Guarantee::PowerAtomicWrite,
        "A file is synced before its rename, so a power loss leaves the whole old value or the whole new one.",
    ),
    (
        Guarantee::PowerAtomicDelete,
        "A delete is one unlink of a file that was synced, so a power loss leaves it whole or gone.",
    ),
    (
        Guarantee::FsyncFailureHonest,
        "A failed sync fails the operation, and the next one writes and syncs a new file.",
    ),
];

/// What [`Durability::FileAndDirectory`] adds to that.
const SYNCED_DIRECTORIES: &[(Guarantee, &str)] = &[
    (
        Guarantee::PowerDurableAck,
        "A write is acknowledged after a sync of its directory, which comes after the rename.",
    ),
    (
        Guarantee::PowerDurableMkdir,
        "A new directory is acknowledged after a sync of the directory above it, and of all further up that may be new.",
    ),
    (
        Guarantee::PowerDurableDelete,
        "A delete is acknowledged after a sync of its directory, also where the file was gone already.",
    ),
    (
        Guarantee::PowerPrefixOrder,
        "Every operation is durable when it is acknowledged, so none that came before it can be lost.",
    ),
];

/// What [`Verification::Checksum`](super::Verification::Checksum) adds.
const CHECKSUM: &[(Guarantee, &str)] = &[(
    Guarantee::BitrotDetected,
    "A read checks what it has read against the hash that was stored with the file, and fails with `Corrupt` where they differ.",
)];

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;
    use crate::{Category, fs::Verification};

    #[test]
    fn the_hardened_sentences_are_documented() {
        let documentation = include_str!("mod.rs");
        let tables = [HARDENED, ANY_DURABILITY, SYNCED_FILES, SYNCED_DIRECTORIES, CHECKSUM];
        for (guarantee, sentence) in tables.into_iter().flatten() {
            let row = format!("/// | `{guarantee}` | {sentence} |\n");
            assert!(documentation.contains(&row), "no row {row:?}");
        }
        assert_eq!(documentation.matches("\n/// | `").count(), tables.concat().len());
    }

    #[test]
    fn the_sentences_of_our_own_lock_are_documented() {
        // Long ones go on in the next line.
        let documentation = include_str!("mod.rs").replace("\n///   ", " ");
        for (guarantee, sentence) in LOCK_PATH {
            let item = format!("/// - `{guarantee}`: {sentence}\n");
            assert!(documentation.contains(&item), "no item {item:?}");
        }
    }

    #[test]
    fn the_hardened_profile_has_no_strategy() {
        for strategy in Strategy::VARIANTS {
            assert_eq!(of(FsOptions::new().strategy(*strategy)), of(FsOptions::new()));
        }
    }

    #[test]
    fn the_hardened_profile_claims_whole_categories() {
        for guarantee in Guarantee::ALL {
            let claimed = matches!(
                guarantee.category(),
                Category::Interface
                    | Category::Containment
                    | Category::ProcessKill
                    | Category::PowerLoss
                    | Category::Concurrency
            );
            if claimed {
                assert!(of(FsOptions::new()).get(*guarantee).is_some(), "{guarantee}");
            }
        }
    }

    #[test]
    fn no_guarantee_is_claimed_twice() {
        for strategy in Strategy::VARIANTS {
            let options = FsOptions::new().profile(Profile::Documented).strategy(*strategy);
            let withdrawn = usize::from(*strategy == Strategy::AppendOnly);
            let expected = DOCUMENTED.len() + super::strategy(*strategy).len() - withdrawn;
            assert_eq!(of(options).len(), expected, "{strategy}");
        }
        let levels = [HARDENED, ANY_DURABILITY, SYNCED_FILES, SYNCED_DIRECTORIES].map(<[_]>::len);
        let up_to = |level: usize| levels[..=level].iter().sum::<usize>();
        for (level, durability) in (1..).zip(Durability::VARIANTS) {
            let options = FsOptions::new().durability(*durability);
            assert_eq!(of(options).len(), up_to(level), "{durability}");
        }
        let checksum = FsOptions::new().verification(Verification::Checksum);
        assert_eq!(of(checksum).len(), up_to(3) + CHECKSUM.len());
    }

    #[test]
    fn damage_is_claimed_to_be_found_with_checksums_only() {
        for verification in Verification::VARIANTS {
            for profile in Profile::VARIANTS {
                let options = FsOptions::new().profile(*profile).verification(*verification);
                let claimed = of(options).get(Guarantee::BitrotDetected).is_some();
                let is_checked =
                    *profile == Profile::Hardened && *verification == Verification::Checksum;
                assert_eq!(claimed, is_checked, "{profile} {verification}");
            }
        }
    }
}
