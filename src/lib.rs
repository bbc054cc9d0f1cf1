//! The six-operation `StorageBackend` contract, the guarantees a backend may document, and a
//! crash-safe reference backend on the local file system.
//!
//! This package is what a backend author depends on. It knows nothing of the harness that
//! certifies backends; that one lives in `crashworthy-harness` and depends on this one.

mod backend;
mod claims;
mod error;
pub mod fs;
mod guarantee;
pub mod layout;
mod model;
mod path;

pub use backend::StorageBackend;

pub use error::{Error, ErrorKind, Operation, Result};

pub use guarantee::{Category, Guarantee};

pub use path::{InvalidPath, StoragePath};
