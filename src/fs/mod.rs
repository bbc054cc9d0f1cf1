//! The reference backend: files under a root directory of the local file system.
//!
//! One verb per file. The fault model of the hardened profile: any process may be killed at any
//! system call, several processes and threads may work under one root at once, and what was not
//! synced may be gone after a power loss. The documented profile is the specification's algorithm,
//! flaws included: it is there to be measured, and as a baseline of speed.

mod checksum;
mod claims;
mod create_directory;
mod delete;
mod directory;
mod exists;
mod interrupt;
mod kept;
mod list;
mod open;
mod options;
mod read;
mod read_back;
mod recover;
mod refusal;
mod settle;
mod settled;
mod strategy;
mod sync;
mod temp;
mod write;

use std::io;

use cap_std::fs::Dir;

pub use self::options::{Durability, FsOptions, Profile, Strategy, Verification};
use self::{kept::Kept, refusal::Refusal, settled::Settled};
use crate::{Claims, Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

/// A backend on a directory of the local file system.
///
/// # Paths
///
/// A path is handed to the file system byte for byte, below the root. What the file system folds
/// (case or Unicode forms, on a directory that asks for it) folds here too. In the hardened profile
/// the first component may not be `.crashworthy-tmp`, in any ASCII case: that directory is the
/// backend's own. A refused path gives [`ErrorKind::InvalidPath`].
///
/// # Symbolic links
///
/// The backend makes none, and whoever plants one cannot lead it astray. On the way to a file, a link
/// is followed as long as it stays under the root, and refused with [`ErrorKind::InvalidPath`] where it
/// leaves. The last component is never followed: a link is not a file, so it is not listed, does not
/// exist and cannot be read; a write replaces the link itself and a delete removes it. One exception
/// belongs to the documented profile: its temporary name `<path>.tmp` is opened as the specification
/// opens it, so a link there is followed, under the root only.
///
/// The root itself is the one path that is opened with the authority of the process, links included.
///
/// # Other devices
///
/// Everything under the root should be on one file system. A write into a directory that another one is
/// mounted on fails in the hardened profile, because a rename cannot cross; nothing is copied instead.
/// The locks that protect live writers need a file system with `flock`.
///
/// # Durability
///
/// In the hardened profile, [`Durability`] says what an acknowledgement waits for; the default is the
/// file and every directory entry that leads to it. Directories that another process created, and may
/// not have synced before it was killed, are synced once per instance, before anything in them is
/// acknowledged. (No operation removes a directory. Where somebody does, and another process creates it again,
/// an instance that knows the old one takes the new one for durable.) A failed sync fails the operation, and the retry
/// writes to new pages; where the failed sync was that of a directory, the new value is already visible. The documented
/// profile syncs nothing.
///
/// # Verification
///
/// In the hardened profile, [`Verification`] says how it is made sure that the stored bytes are the written
/// ones; the default trusts the file system. Where they are not, the operation fails with
/// [`ErrorKind::Corrupt`].
///
/// [`Verification::ReadBack`]: a write reads its file back and compares, after the sync where there is one,
/// and before the rename; what differs is never published, and the old value stays. A synced file is dropped
/// from the page cache first, so that the device answers, as far as the system follows that advice;
/// without a sync, it is the cache that answers. Bytes that change later are not noticed.
///
/// [`Verification::Checksum`]: a write stores the BLAKE3 hash of the content in the extended attribute
/// `user.crashworthy.blake3` of its file, before the sync and the rename, and every read checks what it
/// has read against it. A file without a hash is refused like one with a wrong hash: an attacker, or a
/// copy that dropped the attribute, must not pass for the backend. So are files from before the option, or
/// written without it; to adopt them, read them without the option and write them with it. Copies and
/// backups have to keep the attributes (`cp --preserve=xattr`, `rsync -X`, `tar --xattrs`). Opening fails
/// with [`ErrorKind::Unsupported`] where the file system has no attributes of users; it writes nothing to
/// find that out.
///
/// # Concurrency
///
/// In the hardened profile, any number of processes, and of threads with one instance or several, may work
/// under one root. No operation waits for another one, but for threads of one instance while a directory is
/// created. A read, a list or an `exists` that runs beside a write or delete of the path sees what was before
/// it or what is after it. Where a write fails after its rename, because the sync of the directory failed, the
/// new value is there; so both outcomes are possible for others.
///
/// A list looks at each name at a moment of its own, not at the directory at one. On a file system that moves an
/// entry when its file is overwritten (btrfs), a list beside that may leave the name out.
///
/// A write whose temporary file is taken by recovery, in the few microseconds before it has its lock, makes
/// another one. It gives up after 64, which takes as many recoveries within one write.
///
/// The profiles and strategies do not protect their files from each other; one root has one of them.
///
/// # Strategies
///
/// In the documented profile, [`Strategy`] adds one of the specification's mitigations of concurrent writes to
/// its two phases. They are as good as they read, to be measured, and nothing to build on; several writers
/// need the hardened profile. What the specification says in favour of each is claimed in its own words, and
/// this is what does not hold:
///
/// [`Strategy::None`]: two writers of one path mix their bytes in the one temporary file, or one renames it
/// away from the other.
///
/// [`Strategy::LockTemp`], the recommendation: the rename takes the locked file away from its name, so that
/// whoever waited locks, empties and writes the published file, and then fails for want of a temporary one.
///
/// [`Strategy::LockPath`], a lock that is on what nobody renames: the directory that holds the path. It keeps
/// what is claimed of it:
///
/// - `no-torn-read`: The temporary file is written under the lock and then swapped in as a whole.
/// - `linearizable`: Writes and deletes of a path are one at a time, each takes effect at one rename or unlink, and no
///   list looks between.
/// - `no-spurious-error`: Who meets another writer waits until that one is done.
/// - `crash-isolated`: The kernel drops the lock of a killed writer, and the next one overwrites what it left.
///
/// A writer that is stopped holds up all writers of its directory, and so does a child that was forked in the
/// middle of a write, until it has ended or executed another program. On a network file system the lock may be
/// one of this machine only.
///
/// [`Strategy::Optimistic`]: a write that lands between the last look at the modification time and the rename
/// is not noticed, the temporary file is shared as before, and writers that keep meeting fail with
/// [`ErrorKind::Conflict`].
///
/// [`Strategy::AppendOnly`]: every write of a path makes a new file, a *version*, in a directory of the path's
/// own, `versions/<path>/`; a delete makes one, too, that says so. The newest by name counts, where a name is
/// the time in nanoseconds and then chance. Directories of the interface are in a tree of their own,
/// `directories/`. Every write and delete removes the versions that are out of date, and
/// [`recover`](StorageBackend::recover) does so everywhere. A version is at least as new as all that its writer
/// has seen, so a clock that is wrong does not hide a write behind an earlier one. What does not hold:
///
/// - Of writes at the same time, it is the clocks and chance that choose the last, not who was first or last
///   to be acknowledged.
/// - The published names hold time and chance: no `deterministic-layout`.
/// - A deleted file leaves an empty one, and its directory, for good.
/// - A file and a directory that two processes create under one name at the same time may both come to exist.
/// - What a killed writer left is removed when it is an hour old by the clock, and so is the file of a writer
///   that was stopped for longer, or beside which the clock was set forward; that write then fails.
/// - A list looks into every history of its directory, which takes as long as that many `exists`.
/// - A root that one strategy has written is not readable with another.
///
/// # What a crash leaves
///
/// Hardened: the old value or the new one, and perhaps one file per killed writer in
/// `.crashworthy-tmp`, which no path names and no list shows. [`recover`](StorageBackend::recover) removes
/// them, and leaves alone those whose writer still holds its lock. A child that is forked in the middle of
/// a write inherits the lock, so what its parent leaves is reclaimed only once both are gone.
///
/// Documented: the old value or the new one, and perhaps `<path>.tmp` beside it, which is a file like
/// any other and stays until the next write of the path. There is no recovery, but with
/// [`Strategy::AppendOnly`].
///
/// # Claims of the hardened profile
///
/// What [`FsBackend::claims`] gives; `bitrot-detected` with [`Verification::Checksum`] only. Of power loss,
/// [`Durability::None`] claims `power-retry-heals` and `power-neighbours-intact` alone; [`Durability::File`]
/// also `power-atomic-write`, `power-atomic-delete` and `fsync-failure-honest`;
/// [`Durability::FileAndDirectory`] all.
///
/// | guarantee | documented sentence |
/// | --- | --- |
/// | `read-your-write` | A read after an acknowledged write returns exactly the bytes that were written. |
/// | `overwrite-replaces` | A write puts a new file in the place of the old one, so nothing of the old content remains. |
/// | `missing-is-error` | Reading a missing file fails with `NotFound`. |
/// | `write-creates-parents` | A write creates the missing parent directories of its path. |
/// | `list-exact` | A list gives the regular files directly in the directory, never a temporary one; a missing directory is empty. |
/// | `mkdir-recursive` | A directory is created with its missing parents, and one that exists is fine. |
/// | `delete-idempotent` | Deleting a missing file succeeds. |
/// | `delete-files-only` | A delete unlinks a file; on a directory it fails and removes nothing. |
/// | `deterministic-layout` | Published names are the paths that were asked for; chance is in temporary names only. |
/// | `path-fidelity` | Names go to the file system byte for byte, temporary files have a directory of their own, and what cannot be stored is refused. |
/// | `confined` | Nothing outside the root is read, created, changed or deleted, also where links are planted inside it. |
/// | `kill-atomic-write` | A rename publishes a whole file, so a kill leaves the whole old value or the whole new one. |
/// | `kill-durable-ack` | A write is acknowledged after its rename, which a kill does not undo. |
/// | `kill-atomic-delete` | A delete is one unlink, so a kill leaves the file whole or gone. |
/// | `kill-durable-delete` | A delete is acknowledged after its unlink, which a kill does not undo. |
/// | `kill-retry-heals` | A write never reuses a temporary name, so what a killed one left cannot disturb it. |
/// | `kill-orphans-invisible` | Temporary files are in a directory that no path can name and no list shows. |
/// | `kill-orphans-reclaimed` | `recover` removes the temporary files whose lock nobody holds, and no others. |
/// | `kill-recovery-idempotent` | `recover` only unlinks, one file at a time, so it can be killed and repeated at any point. |
/// | `power-retry-heals` | What a power loss leaves of a temporary file is never opened again, so the next write succeeds. |
/// | `power-neighbours-intact` | Every value has a file of its own, and no operation touches that of another. |
/// | `power-atomic-write` | A file is synced before its rename, so a power loss leaves the whole old value or the whole new one. |
/// | `power-atomic-delete` | A delete is one unlink of a file that was synced, so a power loss leaves it whole or gone. |
/// | `fsync-failure-honest` | A failed sync fails the operation, and the next one writes and syncs a new file. |
/// | `power-durable-ack` | A write is acknowledged after a sync of its directory, which comes after the rename. |
/// | `power-durable-mkdir` | A new directory is acknowledged after a sync of the directory above it, and of all further up that may be new. |
/// | `power-durable-delete` | A delete is acknowledged after a sync of its directory, also where the file was gone already. |
/// | `power-prefix-order` | Every operation is durable when it is acknowledged, so none that came before it can be lost. |
/// | `no-torn-read` | A rename swaps whole files, so a read returns one whole written value. |
/// | `last-write-wins` | Every write has made its rename when it is acknowledged, and the last rename stays. |
/// | `linearizable` | Every operation takes effect at one moment: its rename, its unlink, its mkdir, or its look at the name. |
/// | `same-content-safe` | Every write has a temporary file of its own, whatever the others write. |
/// | `no-spurious-error` | Nobody takes what another process needs, and a name that comes or goes meanwhile is no error. |
/// | `crash-isolated` | A killed writer leaves a file that nobody else uses, and a lock that the kernel drops. |
/// | `error-reported` | An operation is acknowledged only when every call that it needs has succeeded. |
/// | `error-leaves-no-orphan` | A write that fails removes its temporary file. |
/// | `short-write-handled` | A write call that takes less than it was given is followed by another with the rest. |
/// | `interrupt-handled` | A call that a signal interrupts is made again. |
/// | `recovers-after-fault` | Nothing of a failed operation is kept, so the next one works as soon as the fault is gone. |
/// | `bitrot-detected` | A read checks what it has read against the hash that was stored with the file, and fails with `Corrupt` where they differ. |
#[derive(Debug)]
pub struct FsBackend {
    root: Dir,
    options: FsOptions,
    /// The handles on the directories of temporary files, opened by the first write in each.
    staging: [Kept<Dir>; temp::STAGES],
    settled: Settled,
}

impl FsBackend {
    /// What the profile of `options` documents: for [`Profile::Documented`] the specification's own
    /// sentences, with those on the [`Strategy`]; for [`Profile::Hardened`] those above, as far as the other
    /// options give them.
    ///
    /// The kill guarantees hold at every [`Durability`], because the page cache survives a kill.
    pub fn claims(options: &FsOptions) -> Claims {
        claims::of(*options)
    }

    /// Refuses a path into the directory that is the hardened profile's own.
    fn admit(&self, operation: Operation, path: &StoragePath) -> Result<()> {
        if self.options.profile == Profile::Hardened && temp::is_reserved(path) {
            return Err(Error::new(
                ErrorKind::InvalidPath,
                operation,
                path.as_str(),
                format!("{:?} is the backend's own; choose another name", temp::RESERVED),
            ));
        }
        Ok(())
    }
}

impl StorageBackend for FsBackend {
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.admit(Operation::WriteFile, path)?;
        let written = match self.options.profile {
            Profile::Documented => self.write_documented(path, data),
            Profile::Hardened => self.write_hardened(path, data),
        };
        written.map_err(failure(Operation::WriteFile, path))
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        self.admit(Operation::ReadFile, path)?;
        self.read(path).map_err(failure(Operation::ReadFile, path))
    }

    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
        self.admit(Operation::ListFiles, directory)?;
        self.list(directory).map_err(failure(Operation::ListFiles, directory))
    }

    fn create_directory(&self, path: &StoragePath) -> Result<()> {
        self.admit(Operation::CreateDirectory, path)?;
        self.create(path).map_err(failure(Operation::CreateDirectory, path))
    }

    fn exists(&self, path: &StoragePath) -> Result<bool> {
        self.admit(Operation::Exists, path)?;
        self.is_there(path).map_err(failure(Operation::Exists, path))
    }

    fn delete_file(&self, path: &StoragePath) -> Result<()> {
        self.admit(Operation::DeleteFile, path)?;
        let deleted = match self.options.profile {
            Profile::Documented => self.delete_documented(path),
            Profile::Hardened => self.delete_hardened(path),
        };
        deleted.map_err(failure(Operation::DeleteFile, path))
    }

    fn recover(&self) -> Result<()> {
        let fail = |error| error_of(Operation::Recover, "", error);
        match self.options.profile {
            Profile::Documented if self.options.appends() => {
                self.clean_up_histories().map_err(fail)
            }
            Profile::Documented => Err(Error::new(
                ErrorKind::Unsupported,
                Operation::Recover,
                "",
                "the documented profile has no recovery",
            )),
            Profile::Hardened => self
                .reclaim()
                .map_err(|error| Error::from_io(Operation::Recover, temp::RESERVED, error)),
        }
    }
}

/// Turns the error of a verb on `path` into one of the contract.
fn failure(operation: Operation, path: &StoragePath) -> impl FnOnce(io::Error) -> Error {
    move |error| error_of(operation, path.as_str(), error)
}

fn error_of(operation: Operation, path: &str, error: io::Error) -> Error {
    if let Some(refusal) = Refusal::of(&error) {
        Error::new(refusal.kind, operation, path, &*refusal.reason)
    } else if is_escape(&error) {
        let reason = "a symbolic link on the way leads out of the root";
        Error::new(ErrorKind::InvalidPath, operation, path, reason)
    } else {
        Error::from_io(operation, path, error)
    }
}

/// Whether a path was refused because it would leave the directory that it was resolved below, which
/// cap-std reports without a system error number.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}
