//! Power loss by model: from the calls that a subject made to the directory trees that a power loss may
//! leave behind. Pure computation: no processes, no files.
//!
//! Fault model: the power fails at a moment between two calls (a call that was under way is one whose
//! effects are all still pending). What a sync has made durable is there; of the rest, any set may have
//! reached the disk that is closed under the order and the atomic groups which a persistence model
//! promises. The disk itself keeps its promises: a flush persists, a page is whole or old.
//!
//! [`Recording`] lowers calls to micro-operations; a [`Model`] is a table of rules with their sources;
//! [`Order`] applies the rules to a recording; [`Walk`] goes from point to point
//! and gives at each the [`States`]: the order ideals of what is pending, as trees.

mod digest;
mod disk;
mod error;
mod explain;
mod ideals;
mod image;
mod model;
mod operation;
mod order;
mod point;
mod recording;
mod rewrite;
mod states;
mod walk;

#[cfg(test)]
mod litmus;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scale;

pub use error::{FILE_BYTES_MAX, RecordError};
pub use explain::{Lost, LostKind, Place, explain};
pub use model::{BTRFS, EXT4, MODELS, Model, Reach, STRICT, SizeFollows, Syncs, XFS};
pub use operation::{
    Call, CallKind, Effect, InodeId, MicroOperation, OperationId, PAGE_BYTES, SizeCause, Sync,
    Synchronous,
};
pub use order::{Order, Unit};
pub use point::Point;
pub use recording::Recording;
pub use states::{Bound, CrashState, Limits, States};
pub use walk::Walk;
