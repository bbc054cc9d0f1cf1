//! The contract: six operations on files addressed by validated relative paths, and recovery.
//!
//! Source: the interface section of the storage-backend specification. The trait is synchronous and
//! takes `&self`, so that one instance serves several threads; it is dyn-safe, so that a program can
//! swap backends at run time.

use crate::{Error, ErrorKind, Operation, Result, StoragePath};

/// A store of whole files under relative paths.
///
/// Every method may be called from several threads at once. What an implementation promises beyond
/// the signatures (crash atomicity, durability, concurrency) is for it to document as [`Claims`] and
/// for the harness to check.
///
/// [`Claims`]: crate::Claims
pub trait StorageBackend: Send + Sync {
    /// Stores `data` (any length, also empty) as the whole content of `path`, creating missing
    /// parent directories and replacing what was there.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPath`] where the backend cannot represent the path, [`ErrorKind::NoSpace`]
    /// on a full device, [`ErrorKind::Io`] for anything else the system reports.
    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()>;

    /// Returns the whole content of `path`, in bytes.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a missing file; never empty bytes in its place.
    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>>;

    /// Returns the names (not paths) of the files directly in `directory`, in no particular order,
    /// without directories and without the backend's own temporary files. A missing directory gives
    /// an empty list.
    fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>>;

    /// Creates `path` as a directory together with its missing parents; one that exists is fine.
    fn create_directory(&self, path: &StoragePath) -> Result<()>;

    /// Whether `path` names a file or, on backends that have them, a directory.
    fn exists(&self, path: &StoragePath) -> Result<bool>;

    /// Removes the file `path`; a missing one is fine. Never removes a directory.
    ///
    /// # Errors
    /// Any kind, where `path` is a directory.
    fn delete_file(&self, path: &StoragePath) -> Result<()>;

    /// Reclaims what crashed processes left behind, and nothing that a live writer still needs.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] (the default) for a backend without recovery.
    fn recover(&self) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            Operation::Recover,
            "",
            "this backend has no recovery",
        ))
    }
}
