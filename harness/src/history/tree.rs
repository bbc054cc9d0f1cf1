//! A directory tree as the harness found it on disk, below a subject's root.

use std::collections::BTreeMap;

use crate::subject::Bytes;

/// When a tree was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// After the set-up, before the workload.
    Settled,
    /// After the acknowledgement of the workload's operation with this index, from 0.
    Acknowledged(usize),
    /// After the kill, before any other process opened the root.
    Crashed,
    /// After `recover`.
    Recovered,
    /// After an operation in which a call failed.
    Faulted,
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A regular file with its content.
    File(Bytes),
    /// A directory.
    Directory,
    /// A symbolic link with its target.
    Symlink(String),
    /// A socket, device or pipe.
    Other,
}

/// Relative path (lossy UTF-8, `/`-separated) to what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, Node>);

impl Tree {
    /// The paths of everything that is not a directory.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, node)| !matches!(node, Node::Directory))
            .map(|(path, _)| path.as_str())
    }
}
