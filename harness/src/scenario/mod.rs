//! Scenarios: which operations run, what strikes them, and which guarantees are judged, as data.

pub mod builtin;
pub mod load;
mod partition;
mod save;

pub use partition::{Partition, PartitionError, SHARDS_MAX};
pub use save::to_toml;

use std::collections::HashSet;

use crashworthy::Guarantee;

use crate::{fault::FaultKind, history::Invocation, subject::Bytes};

/// Stands in a scenario's paths and link targets for the absolute path of a directory beside the
/// root that holds [`OUTSIDE_FILE`]; nothing in it may be read or changed.
pub const OUTSIDE: &str = "{outside}";
/// The one file in the directory beside the root.
pub const OUTSIDE_FILE: &str = "secret.txt";
/// Its content. A subject that returns it has read outside its root.
pub const OUTSIDE_SECRET: &str = "crashworthy: this file lies outside the root";

/// Something that the harness itself puts on disk before the subject opens its root.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Plant {
    /// A file, with its missing parents.
    File {
        /// Path below the root.
        path: String,
        /// Its content.
        data: Bytes,
    },
    /// A directory, with its missing parents.
    Directory {
        /// Path below the root.
        path: String,
    },
    /// A symbolic link.
    Symlink {
        /// Path below the root.
        path: String,
        /// What it points to; may start with [`OUTSIDE`].
        target: String,
    },
}

/// A process of the workload and the operations that it runs, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Actor {
    /// Name in stories.
    pub name: String,
    /// In order.
    pub operations: Vec<Invocation>,
}

/// One situation to put a subject in.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Scenario {
    /// Short kebab-case name, unique among all scenarios of a run.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Put on disk before the subject opens its root.
    pub plants: Vec<Plant>,
    /// Acknowledged before anything is struck.
    pub set_up: Vec<Invocation>,
    /// The workload. At least one actor.
    pub actors: Vec<Actor>,
    /// What strikes it, besides the fault-free run that always comes first.
    pub faults: Vec<FaultKind>,
    /// The guarantees on which it may give evidence. Others are not judged by it.
    pub judges: Vec<Guarantee>,
}

/// What the name of a generated workload begins with; its number follows.
pub const GENERATED: &str = "generated-";

impl Scenario {
    /// Whether chance made it: a seed and a number say what is in it, and its name says nothing.
    pub fn is_generated(&self) -> bool {
        is_generated(&self.name)
    }

    /// The operations of the first actor: the part that the kill faults strike.
    pub fn workload(&self) -> &[Invocation] {
        &self.actors[0].operations
    }

    /// Every file path that the scenario names in a set-up or workload operation on a file
    /// (write, read, exists, delete), in order of first mention, without duplicates.
    pub fn paths(&self) -> Vec<&str> {
        let (mut paths, mut seen) = (Vec::new(), HashSet::new());
        for invocation in self.invocations() {
            let path = match invocation {
                Invocation::WriteFile { path, .. }
                | Invocation::ReadFile { path }
                | Invocation::Exists { path }
                | Invocation::DeleteFile { path } => path.as_str(),
                _ => continue,
            };
            if seen.insert(path) {
                paths.push(path);
            }
        }
        paths
    }

    /// Every directory worth listing: the parents of [`Self::paths`] (not the root) and the
    /// directories that the scenario creates or lists, without duplicates.
    pub fn directories(&self) -> Vec<&str> {
        let (mut directories, mut seen) = (Vec::new(), HashSet::new());
        for invocation in self.invocations() {
            let directory = match invocation {
                Invocation::CreateDirectory { path } => Some(path.as_str()),
                Invocation::ListFiles { directory } => Some(directory.as_str()),
                Invocation::Recover => None,
                other => other.path().rsplit_once('/').map(|(parent, _)| parent),
            };
            if let Some(directory) = directory
                && seen.insert(directory)
            {
                directories.push(directory);
            }
        }
        directories
    }

    fn invocations(&self) -> impl Iterator<Item = &Invocation> {
        self.set_up.iter().chain(self.actors.iter().flat_map(|actor| &actor.operations))
    }
}

/// [`Scenario::is_generated`] of one with this name.
pub fn is_generated(name: &str) -> bool {
    let number = name.strip_prefix(GENERATED);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
