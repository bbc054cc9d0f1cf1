//! A directory tree as the harness found it on disk, below a subject's root.

use std::collections::BTreeMap;

use crate::subject::Bytes;

/// When a tree was looked at.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Moment {
    /// After the set-up, before the workload.
    Settled,
    /// After the acknowledgement of the workload's operation with this index, from 0.
    Acknowledged(usize),
    /// When a step of several actors' schedule had been made, by the clock of the history.
    Step(u64),
    /// After the kill, before any other process opened the root.
    Crashed,
    /// After `recover`.
    Recovered,
    /// After an operation in which a call failed.
    Faulted,
    /// When the process that ran the workload has ended and another one has read, before a stored file changes.
    Stored,
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// The extended attributes of one file: name (with its namespace, as `user.hash`) to value.
pub type Attributes = BTreeMap<String, Bytes>;

/// What lies below a root.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tree {
    /// Relative path (lossy UTF-8, `/`-separated) to what is there.
    pub nodes: BTreeMap<String, Node>,
    /// The same paths to what files carry in attributes of the user's name space; those with none are left
    /// out.
    pub attributes: BTreeMap<String, Attributes>,
}

impl FromIterator<(String, Node)> for Tree {
    /// A tree without extended attributes.
    fn from_iter<I: IntoIterator<Item = (String, Node)>>(nodes: I) -> Self {
        Self { nodes: nodes.into_iter().collect(), attributes: BTreeMap::new() }
    }
}

impl Tree {
    /// The paths of everything that is not a directory.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.nodes
            .iter()
            .filter(|(_, node)| !matches!(node, Node::Directory))
            .map(|(path, _)| path.as_str())
    }
}
