//! What each profile documents, as claims, and what an option adds.
//!
//! The documented profile's sentences are the specification's, word for word; where it takes judgement to
//! see which guarantee a sentence gives, the reason stands beside it. What the specification does not say
//! is not claimed, however likely. The hardened profile's sentences are those of
//! [`FsBackend`](super::FsBackend), which a test holds in step.

use super::{FsOptions, Profile};
use crate::{Claims, Guarantee};

/// The claims of a backend with these options.
pub(super) fn of(options: FsOptions) -> Claims {
    let profile = match options.profile {
        Profile::Documented => DOCUMENTED,
        Profile::Hardened => HARDENED,
    };
    let option = if options.checksums() { CHECKSUM } else { &[] };
    let sentences = profile.iter().chain(option);
    sentences.map(|(guarantee, sentence)| (*guarantee, (*sentence).to_owned())).collect()
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
        for (guarantee, sentence) in HARDENED.iter().chain(CHECKSUM) {
            let row = format!("/// | `{guarantee}` | {sentence} |\n");
            assert!(documentation.contains(&row), "no row {row:?}");
        }
        assert_eq!(documentation.matches("\n/// | `").count(), HARDENED.len() + CHECKSUM.len());
    }

    #[test]
    fn the_hardened_profile_claims_whole_categories() {
        for guarantee in Guarantee::ALL {
            let claimed = matches!(
                guarantee.category(),
                Category::Interface | Category::Containment | Category::ProcessKill
            );
            if claimed {
                assert!(of(FsOptions::new()).get(*guarantee).is_some(), "{guarantee}");
            }
        }
    }

    #[test]
    fn no_guarantee_is_claimed_twice() {
        let documented = FsOptions::new().profile(Profile::Documented);
        assert_eq!(of(documented).len(), DOCUMENTED.len());
        assert_eq!(of(FsOptions::new()).len(), HARDENED.len());
        let checksum = FsOptions::new().verification(Verification::Checksum);
        assert_eq!(of(checksum).len(), HARDENED.len() + CHECKSUM.len());
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
