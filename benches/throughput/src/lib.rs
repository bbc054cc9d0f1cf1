//! What stores whole files, as `StorageBackend`s: the reference backend, and the libraries and databases that one
//! would otherwise use. All of them are driven through the same six operations, so that equal work is compared.
//!
//! What a peer keeps decides whom it is compared with. That is not believed but certified: `tests/guarantees.rs`
//! runs every peer through the harness, and fails where this list says more or less than it finds.

mod keeps;
mod load;
pub mod peer;
mod place;

pub use keeps::Keeps;
pub use load::{Job, Load, Size};
pub use peer::{Peer, peers};
pub use place::Place;
