//! The oracle: what each file may legally hold at a point of a history, and why.
//!
//! An acknowledged write leaves exactly its value, an acknowledged delete nothing. A change that was
//! never answered (killed, or the subject broke) or failed may or may not have happened, so it adds to
//! what is legal; only `InvalidPath` and `Unsupported` are taken as a refusal that changed nothing. A
//! read never narrows the set: what a reader saw may itself be the flaw. The status of a planted
//! file is unknown (a user's file or a left-over?) until the first acknowledged change of its path.

use std::collections::{BTreeMap, BTreeSet};

use crashworthy::{ErrorKind, StoragePath};

use super::file_state::{Change, FileState, Retried, Touched};
use crate::{
    history::{Entry, Invocation, Outcome, Phase},
    scenario::{OUTSIDE, Plant, Scenario},
};

/// What is known of all paths after a part of a history.
pub(super) struct Oracle {
    files: BTreeMap<String, FileState>,
    /// Directories that surely exist.
    directories: BTreeSet<String>,
    /// Those, and directories that a change without acknowledgement may have created.
    possible_directories: BTreeSet<String>,
    symlinks: BTreeSet<String>,
    /// Index of the last change of anything.
    pub(super) last_change: Option<usize>,
}

/// The directory of `path`; empty for the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The directories above `path`, the nearest first, without the root.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(parent(path)), |at| Some(parent(at))).take_while(|at| !at.is_empty())
}

/// Whether the outcome says that the subject cannot represent the path: nothing has changed.
pub(crate) fn is_refusal(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fail { kind: ErrorKind::InvalidPath | ErrorKind::Unsupported, .. })
}

impl Oracle {
    /// What is known before the first operation.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut oracle = Self {
            files: BTreeMap::new(),
            directories: BTreeSet::new(),
            possible_directories: BTreeSet::new(),
            symlinks: BTreeSet::new(),
            last_change: None,
        };
        for plant in &scenario.plants {
            match plant {
                Plant::File { path, .. } => {
                    let unknown = FileState { unknown: true, ..FileState::default() };
                    oracle.files.insert(path.clone(), unknown);
                    oracle.know_directories(ancestors(path));
                }
                Plant::Directory { path } => {
                    oracle.know_directories(std::iter::once(path.as_str()).chain(ancestors(path)));
                }
                Plant::Symlink { path, .. } => {
                    oracle.symlinks.insert(path.clone());
                    oracle.know_directories(ancestors(path));
                }
            }
        }
        oracle
    }

    /// What is known of `path`; a path that nobody named is absent.
    pub(super) fn state(&self, path: &str) -> FileState {
        self.files.get(path).cloned().unwrap_or_default()
    }

    /// Every path that was changed or planted.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &FileState)> {
        self.files.iter().map(|(path, state)| (path.as_str(), state))
    }

    /// Whether values under `path` are judged at all: it is well formed and meets no planted link.
    pub(super) fn is_ordinary(&self, path: &str) -> bool {
        StoragePath::new(path).is_ok()
            && !path.starts_with(OUTSIDE)
            && !std::iter::once(path)
                .chain(ancestors(path))
                .any(|part| self.symlinks.contains(part))
    }

    /// Whether the harness put a link at `path`.
    pub(super) fn is_symlink(&self, path: &str) -> bool {
        self.symlinks.contains(path)
    }

    /// Whether `path` surely was a directory at some time.
    pub(super) fn was_directory(&self, path: &str) -> bool {
        path.is_empty() || self.directories.contains(path)
    }

    /// Whether `path` may be a directory, and no file that was written.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        self.possible_directories.contains(path) && self.state(path).writes == 0
    }

    /// Whether a file system would have to refuse a file or directory at `path`, since one of the
    /// other sort is in its way. A backend of opaque keys need not, so the outcome is not judged.
    pub(super) fn is_obstructed(&self, path: &str) -> bool {
        self.is_directory(path) || ancestors(path).any(|above| self.is_maybe_file(above))
    }

    /// Whether `path` may be a file.
    pub(super) fn is_maybe_file(&self, path: &str) -> bool {
        let state = self.state(path);
        state.may_exist() || state.unknown
    }

    fn know_directories<'a>(&mut self, paths: impl Iterator<Item = &'a str>) {
        for path in paths {
            self.directories.insert(path.to_owned());
            self.possible_directories.insert(path.to_owned());
        }
    }

    /// Takes in the entry with this index.
    pub(super) fn apply(&mut self, index: usize, entry: &Entry) {
        if !entry.invocation.is_change() {
            return;
        }
        self.last_change = Some(index);
        let outcome = &entry.outcome;
        match &entry.invocation {
            Invocation::WriteFile { path, .. } if !outcome.is_ok() && self.is_directory(path) => {
                // A directory stays one; there is no file whose content could be in doubt.
            }
            Invocation::WriteFile { path, data } => {
                if outcome.is_ok() {
                    self.know_directories(ancestors(path));
                } else if !is_refusal(outcome) {
                    self.possible_directories.extend(ancestors(path).map(str::to_owned));
                }
                let state = self.files.entry(path.clone()).or_default();
                state.epoch = Some(index);
                if entry.phase == Phase::Workload {
                    state.touched = Touched::Written;
                }
                state.written.push(data.clone());
                if outcome.is_ok() {
                    state.settle(Some(data.clone()), Change::Write);
                } else if !is_refusal(outcome) {
                    state.cloud(Some(data.clone()), Change::Write, outcome);
                } else if state.last.is_none() {
                    state.unknown = true;
                }
                if entry.phase == Phase::Retry {
                    let acknowledged = outcome.is_ok();
                    state.retried =
                        if acknowledged { Retried::Acknowledged } else { Retried::Failed };
                }
                if entry.phase == Phase::SetUp {
                    state.forget_past();
                }
            }
            Invocation::DeleteFile { path } if self.is_directory(path) => {
                let below = format!("{path}/");
                for (file, state) in &mut self.files {
                    if file.starts_with(&below) && state.may_exist() {
                        state.below_deleted = true;
                        state.epoch = Some(index);
                    }
                }
            }
            Invocation::DeleteFile { path } => {
                let state = self.files.entry(path.clone()).or_default();
                state.epoch = Some(index);
                if entry.phase == Phase::Workload {
                    state.touched = state.touched.max(Touched::Deleted);
                }
                if outcome.is_ok() {
                    state.settle(None, Change::Delete);
                } else if !is_refusal(outcome) {
                    state.cloud(None, Change::Delete, outcome);
                }
                if entry.phase == Phase::SetUp {
                    state.forget_past();
                }
            }
            Invocation::CreateDirectory { path } => {
                let all = std::iter::once(path.as_str()).chain(ancestors(path));
                if outcome.is_ok() {
                    self.know_directories(all);
                } else {
                    self.possible_directories.extend(all.map(str::to_owned));
                }
            }
            _ => {}
        }
    }
}
