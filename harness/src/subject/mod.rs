//! Subjects: backends under test, each running in a real process of its own.

mod bytes;

pub use bytes::Bytes;
