//! Certifies a storage backend with Crashworthy: `cargo test --test certify` has one test per claim.
//!
//! `MyBackend` stands in the place of yours. It writes a temporary file and renames it over the old one: enough to
//! survive a kill, not a power loss. What it documents is claimed below, sentence by sentence.
//! To claim more, take the slashes from a line and write the sentence of your documentation;
//! `crashworthy explain ID` says what each guarantee means and how to keep it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
};

use crashworthy::{Claims, Error, Guarantee, Operation, Result, StorageBackend, StoragePath};
use crashworthy_harness::{certify_main, subject::Backend};

certify_main!(
    Backend::new("my-backend", |root, _options| MyBackend::open(root)).claims(
        Claims::new()
            .with(Guarantee::ReadYourWrite, "A read returns what was written last.")
            .with(Guarantee::OverwriteReplaces, "A write replaces the whole content.")
            .with(Guarantee::MissingIsError, "Reading a file that is not there is an error.")
            .with(
                Guarantee::KillAtomicWrite,
                "A write is all or nothing: a temporary file is renamed over the old one."
            )
            .with(
                Guarantee::KillDurableAck,
                "What was acknowledged is there when the process is killed."
            ) // A write creates the missing parent directories of its path.
              // .with(Guarantee::WriteCreatesParents, "")
              // A list gives exactly the files directly in the directory; a missing directory gives an empty list.
              // .with(Guarantee::ListExact, "")
              // createDirectory creates missing parents and accepts a directory that exists.
              // .with(Guarantee::MkdirRecursive, "")
              // Deleting a missing file succeeds, and after any delete the file is gone.
              // .with(Guarantee::DeleteIdempotent, "")
              // A delete never removes a directory or anything in it.
              // .with(Guarantee::DeleteFilesOnly, "")
              // Two runs of the same operations publish identical trees.
              // .with(Guarantee::DeterministicLayout, "")
              // Distinct paths never alias, or are refused clearly.
              // .with(Guarantee::PathFidelity, "")
              // Nothing outside the root is read, created, changed or deleted.
              // .with(Guarantee::Confined, "")
              // After a kill during a delete, the file is whole or gone.
              // .with(Guarantee::KillAtomicDelete, "")
              // An acknowledged delete survives a kill.
              // .with(Guarantee::KillDurableDelete, "")
              // After a kill, the next write of the same path succeeds and reads back.
              // .with(Guarantee::KillRetryHeals, "")
              // What a killed process leaves behind never shows through list, exists or read.
              // .with(Guarantee::KillOrphansInvisible, "")
              // recover removes what killed processes left behind and never a live writer's file.
              // .with(Guarantee::KillOrphansReclaimed, "")
              // After a kill at any point, also inside recovery, recovery completes.
              // .with(Guarantee::KillRecoveryIdempotent, "")
              // After a power loss during a write, a reader sees the whole old value or the whole new one.
              // .with(Guarantee::PowerAtomicWrite, "")
              // An acknowledged write survives a power loss, where its parent directories were settled.
              // .with(Guarantee::PowerDurableAck, "")
              // An acknowledged createDirectory, and the parents that a first write creates, survive a power loss.
              // .with(Guarantee::PowerDurableMkdir, "")
              // After a power loss during a delete, the file is whole or gone.
              // .with(Guarantee::PowerAtomicDelete, "")
              // An acknowledged delete survives a power loss.
              // .with(Guarantee::PowerDurableDelete, "")
              // If a later acknowledged write survived a power loss, so did every earlier one.
              // .with(Guarantee::PowerPrefixOrder, "")
              // After a power loss, the next write of the same path succeeds and reads back.
              // .with(Guarantee::PowerRetryHeals, "")
              // Files that nobody was writing are unchanged after a power loss.
              // .with(Guarantee::PowerNeighboursIntact, "")
              // Every read returns one whole written value.
              // .with(Guarantee::NoTornRead, "")
              // When all have finished, the content is one whole value of a write that no other acknowledged write strictly follows.
              // .with(Guarantee::LastWriteWins, "")
              // The history of every path has a legal sequential order that respects real time.
              // .with(Guarantee::Linearizable, "")
              // Concurrent writers of identical bytes get no error, and no reader sees anything else.
              // .with(Guarantee::SameContentSafe, "")
              // No operation fails only because another process was active.
              // .with(Guarantee::NoSpuriousError, "")
              // Killing one writer at any point leaves the other processes correct.
              // .with(Guarantee::CrashIsolated, "")
              // An operation that did not take effect is never acknowledged.
              // .with(Guarantee::ErrorReported, "")
              // A failed write leaves the old value readable.
              // .with(Guarantee::ErrorPreservesOld, "")
              // A failed operation leaves no temporary file behind.
              // .with(Guarantee::ErrorLeavesNoOrphan, "")
              // After a failed sync, nothing is acknowledged on the strength of a second sync of the same pages.
              // .with(Guarantee::FsyncFailureHonest, "")
              // A write call that takes fewer bytes than asked does not truncate the value.
              // .with(Guarantee::ShortWriteHandled, "")
              // A call interrupted by a signal (EINTR) does not fail the operation.
              // .with(Guarantee::InterruptHandled, "")
              // The backend works again once the fault is gone.
              // .with(Guarantee::RecoversAfterFault, "")
              // A read of a file whose stored bytes changed returns an error or the right bytes, never wrong ones.
              // .with(Guarantee::BitrotDetected, "")
    )
);

/// Stores each file under its own path below `root`. Remembers nothing: `open` comes again after a crash.
struct MyBackend {
    root: PathBuf,
}

impl MyBackend {
    fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root)
            .map_err(|error| Error::from_io(Operation::Open, root.display().to_string(), error))?;
        Ok(Self { root: root.to_owned() })
    }

    fn place(&self, path: &StoragePath) -> PathBuf {
        self.root.join(path.as_str())
    }
}

impl StorageBackend for MyBackend {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        let target = self.place(path);
        let temporary = target.with_file_name(format!("{}.{}.tmp", path.name(), process::id()));
        target
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&temporary, data))
            .and_then(|()| fs::rename(&temporary, &target))
            .map_err(|error| Error::from_io(Operation::WriteFile, path.as_str(), error))
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        fs::read(self.place(path))
            .map_err(|error| Error::from_io(Operation::ReadFile, path.as_str(), error))
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        let failed = |error| Error::from_io(Operation::ListFiles, directory.as_str(), error);
        let entries = match fs::read_dir(self.place(directory)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        fs::create_dir_all(self.place(path))
            .map_err(|error| Error::from_io(Operation::CreateDirectory, path.as_str(), error))
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.place(path)
            .try_exists()
            .map_err(|error| Error::from_io(Operation::Exists, path.as_str(), error))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        match fs::remove_file(self.place(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::from_io(Operation::DeleteFile, path.as_str(), error))
            }
            _ => Ok(()),
        }
    }
}
