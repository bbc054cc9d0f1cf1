//! One answer under judgement: where it stands in the evidence, the sentence that tells of it, and
//! which guarantees it counts for or refutes.

use crashworthy::Guarantee;

use super::{file_state::FileState, oracle::Oracle, words};
use crate::history::{Entry, Evidence, Invocation, Outcome, Reply};

/// By which rules an answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Court {
    /// Nothing has struck.
    Interface,
    /// A process was killed before.
    Kill,
    /// The power failed before.
    Power,
    /// Recovery runs or ran beside the living writer.
    Beside,
}

/// What kind of answer shows a path's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Read,
    Exists,
    /// A name in a list, or its absence.
    Listed,
    /// A list as a whole, a change or a recovery.
    Other,
}

/// One answer (or one name in a list) held against the oracle.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) entry: usize,
    pub(super) court: Court,
    pub(super) sight: Sight,
    pub(super) path: String,
    /// [`FileState::epoch`] of the path.
    pub(super) epoch: Option<usize>,
    /// The guarantees it counts for; where it failed, the one that is refuted and why.
    pub(super) result: Result<Vec<Guarantee>, (Guarantee, String)>,
}

/// Everything that the rules of a court look at.
pub(super) struct Scene<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) oracle: &'a Oracle,
    pub(super) index: usize,
    pub(super) court: Court,
    /// What the walk has found so far.
    pub(super) before: &'a [Comparison],
}

impl Scene<'_> {
    pub(super) fn entry(&self) -> &Entry {
        &self.evidence.history[self.index]
    }

    pub(super) fn compare(
        &self,
        sight: Sight,
        path: &str,
        result: Result<Vec<Guarantee>, (Guarantee, String)>,
    ) -> Comparison {
        Comparison {
            entry: self.index,
            court: self.court,
            sight,
            path: path.to_owned(),
            epoch: self.oracle.state(path).epoch,
            result,
        }
    }

    /// What `exists` said about `path` next to this entry, with no change in between.
    pub(super) fn exists_beside(&self, path: &str) -> Option<bool> {
        let phase = self.entry().phase;
        let quiet = |entry: &&Entry| entry.phase == phase && !entry.invocation.is_change();
        let truth = |entry: &Entry| match (&entry.invocation, &entry.outcome) {
            (Invocation::Exists { path: asked }, Outcome::Ok(Reply::Truth(truth)))
                if asked == path =>
            {
                Some(*truth)
            }
            _ => None,
        };
        let history = &self.evidence.history;
        let after = history[self.index..].iter().take_while(quiet).find_map(truth);
        after.or_else(|| history[..self.index].iter().rev().take_while(quiet).find_map(truth))
    }

    pub(super) fn observer(&self) -> String {
        words::observer(self.evidence, self.entry().phase)
    }

    pub(super) fn sentence_of_read(&self, path: &str, state: &FileState) -> String {
        let outcome = &self.entry().outcome;
        format!(
            "{} read {} and got {}; {} would have been right{}",
            self.observer(),
            words::place(self.evidence, path),
            words::outcome(outcome),
            words::expected(state),
            words::difference(outcome, state),
        )
    }

    pub(super) fn sentence_of_exists(&self, path: &str) -> String {
        let right = if self.oracle.state(path).may_exist() { "true" } else { "false" };
        format!(
            "{} asked whether {} exists and got {}; {right} would have been right",
            self.observer(),
            words::place(self.evidence, path),
            words::outcome(&self.entry().outcome),
        )
    }

    pub(super) fn sentence_of_directory(&self, path: &str) -> String {
        format!(
            "{} asked whether the directory {} exists and got {}; true would have been right",
            self.observer(),
            words::place(self.evidence, path),
            words::outcome(&self.entry().outcome),
        )
    }

    /// The sentence for a change that should have been acknowledged.
    pub(super) fn sentence_of_change(&self) -> String {
        let entry = self.entry();
        let (verb, path) = (entry.invocation.operation(), entry.invocation.path());
        let what = match path {
            "" => verb.to_string(),
            path => format!("{verb} of {}", words::place(self.evidence, path)),
        };
        format!(
            "{} got {} from {what}; an acknowledgement would have been right",
            self.observer(),
            words::outcome(&entry.outcome),
        )
    }
}

/// The guarantees that an answer counts for when it is right, and the one it refutes when not.
pub(super) struct Route {
    pub(super) counts: Vec<Guarantee>,
    pub(super) refutes: Guarantee,
}

impl Route {
    /// Counts for and refutes the same guarantee.
    pub(super) fn to(guarantee: Guarantee) -> Self {
        Self { counts: vec![guarantee], refutes: guarantee }
    }

    /// Charges a file that is gone to the delete of a directory above it, if there was one.
    pub(super) fn after_directory_delete(mut self, scene: &Scene<'_>, state: &FileState) -> Self {
        if state.below_deleted && scene.court != Court::Beside {
            self.counts.push(Guarantee::DeleteFilesOnly);
            if matches!(
                scene.entry().outcome,
                Outcome::Fail { .. } | Outcome::Ok(Reply::Truth(false))
            ) {
                self.refutes = Guarantee::DeleteFilesOnly;
            }
        }
        self
    }
}
