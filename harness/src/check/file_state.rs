//! What is known of one path at a point of a history: its legal contents, and why they are legal.

use crate::{history::Outcome, subject::Bytes};

/// What a file holds; `None` when there is no file.
pub(super) type Content = Option<Bytes>;

/// A change of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Write,
    Delete,
}

/// Whether the operation of phase Retry restored a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Retried {
    #[default]
    No,
    Acknowledged,
    /// Reported where it failed; later answers about the path say nothing new.
    Failed,
}

/// Whether the workload asked for changes of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touched {
    #[default]
    Never,
    /// For deletes only.
    Deleted,
    Written,
}

/// What is known of one path.
#[derive(Clone, Debug)]
pub(super) struct FileState {
    /// What it may hold, oldest first, without duplicates.
    pub(super) legal: Vec<Content>,
    /// What it held before the last acknowledged change of the workload, oldest first.
    pub(super) past: Vec<Content>,
    /// What the workload asked for.
    pub(super) touched: Touched,
    /// Every value that anyone tried to write to it.
    pub(super) written: Vec<Bytes>,
    /// The last acknowledged change.
    pub(super) last: Option<Change>,
    /// Acknowledged writes since the last acknowledged delete.
    pub(super) writes: usize,
    /// The change that was never answered, until one is acknowledged.
    pub(super) in_flight: Option<Change>,
    /// A change failed and none has been acknowledged since.
    pub(super) failed: bool,
    /// Planted by the harness, or refused by the subject, and never changed since.
    pub(super) unknown: bool,
    /// A delete of a directory above it was asked for since its last acknowledged write.
    pub(super) below_deleted: bool,
    pub(super) retried: Retried,
    /// Index of the last change that was asked for: answers between two changes are about one state.
    pub(super) epoch: Option<usize>,
}

impl Default for FileState {
    fn default() -> Self {
        Self {
            legal: vec![None],
            past: Vec::new(),
            touched: Touched::Never,
            written: Vec::new(),
            last: None,
            writes: 0,
            in_flight: None,
            failed: false,
            unknown: false,
            below_deleted: false,
            retried: Retried::No,
            epoch: None,
        }
    }
}

impl FileState {
    /// Whether the file may be there.
    pub(super) fn may_exist(&self) -> bool {
        self.legal.iter().any(Option::is_some)
    }

    /// Whether the file may be missing.
    pub(super) fn may_be_absent(&self) -> bool {
        self.legal.contains(&None)
    }

    /// Whether `data` is one of the values that it may hold.
    pub(super) fn may_hold(&self, data: &Bytes) -> bool {
        self.legal.iter().flatten().any(|value| value == data)
    }

    fn allow(&mut self, content: Content) {
        // The newest goes last even where it equals an older one.
        self.legal.retain(|known| *known != content);
        self.legal.push(content);
    }

    pub(super) fn settle(&mut self, content: Content, change: Change) {
        self.writes = if change == Change::Write { self.writes + 1 } else { 0 };
        self.past.append(&mut self.legal);
        self.legal = vec![content];
        self.last = Some(change);
        self.in_flight = None;
        self.failed = false;
        self.unknown = false;
        self.below_deleted = false;
    }

    /// What the set-up did is durable: no power loss brings back what was there before.
    pub(super) fn forget_past(&mut self) {
        self.past.clear();
    }

    pub(super) fn cloud(&mut self, content: Content, change: Change, outcome: &Outcome) {
        self.allow(content);
        match outcome {
            Outcome::Fail { .. } => self.failed = true,
            _ => self.in_flight = Some(change),
        }
    }
}
