//! The six-operation `StorageBackend` contract, the guarantees a backend may document, and a
//! crash-safe reference backend on the local file system.
//!
//! This package is what a backend author depends on. It knows nothing of the harness that
//! certifies backends; that one lives in `crashworthy-harness` and depends on this one.
//!
//! ```
//! use crashworthy::{Guarantee, StorageBackend, fs::{FsBackend, FsOptions}, layout};
//!
//! # let directory = tempfile::tempdir()?;
//! # let root = directory.path().join("data");
//! let store = FsBackend::open(root)?;
//! let path = layout::block_path(b"encrypted bytes");
//! store.write_file(&path, b"encrypted bytes")?;
//! assert_eq!(store.read_file(&path)?, b"encrypted bytes");
//! assert_eq!(store.list_files(&"blocks".parse()?)?, [path.name()]);
//!
//! // What the backend documents, sentence by sentence; the harness checks each one.
//! let claims = FsBackend::claims(&FsOptions::default());
//! assert!(claims.get(Guarantee::KillAtomicWrite).is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backend;
mod claims;
mod error;
pub mod fs;
mod guarantee;
pub mod layout;
mod model;
mod path;
mod persistence;

pub use backend::StorageBackend;
pub use claims::{Claims, ClaimsError};
pub use error::{Error, ErrorKind, Operation, Result};
pub use guarantee::{Category, Guarantee};
pub use model::MemoryBackend;
pub use path::{InvalidPath, StoragePath};
pub use persistence::PersistenceModel;
