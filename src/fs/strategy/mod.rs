//! The specification's strategies against concurrent writers, each as one change to its two phases.
//!
//! They are there to be measured, so none does more than the specification says of it; where that does not
//! suffice, it is said, not mended. `lock_path` is the exception: the lock that the recommendation should
//! have named.

mod append_only;
mod lock_path;
mod lock_temp;
mod optimistic;
