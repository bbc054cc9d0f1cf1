//! The timeline of a counterexample: what the report's slider steps through. Data for a person's eyes, in the
//! words of the story, with the names that chance gave replaced as there.
//!
//! Each step has three views: what is in memory (the tree as the kernel shows it), what is on disk for sure
//! (what is left if the power fails right then and nothing has reached the disk but what had to), and what a process
//! that starts then is answered. A view that nobody recorded is `null` and never a guess.

use crashworthy::PersistenceModel;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Under which model the disk is seen.
    pub model: PersistenceModel,
    /// The missing or misplaced call, in one clause, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Who was at work: the scenario's actors, and the process that looks afterwards.
    pub lanes: Vec<String>,
    /// In the order of time.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whose it is: an index into the lanes.
    pub lane: usize,
    /// What sort of step.
    pub kind: StepKind,
    /// What happens, in words.
    pub text: String,
    /// What came back, for a look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether this is what refutes the guarantee.
    #[serde(default, skip_serializing_if = "is_false")]
    pub wrong: bool,
    /// What a power loss takes, and why it could, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// The files as the kernel shows them when the step is made.
    pub memory: Option<Vec<Item>>,
    /// The files that are on disk for sure by then.
    pub disk: Option<Vec<Item>>,
    /// What a process that starts then is answered.
    pub reader: Option<Vec<Answer>>,
}

/// What sort of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// What is there before anything happens.
    Before,
    /// Several operations that only succeeded, told as one step.
    Row,
    /// An operation is called.
    Begins,
    /// A system call of the operation under way.
    Call,
    /// The operation is acknowledged or refused.
    Ends,
    /// The fault.
    Strike,
    /// A process looks, and is answered.
    Looks,
}

/// A file or directory in a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Path below the root.
    pub path: String,
    /// What is there, in words: `directory`, or a size and how the content begins.
    pub shown: String,
    /// Equal numbers stand for equal contents, within one timeline; none for what has no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<usize>,
}

/// A question and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The operation.
    pub asked: String,
    /// How it ended.
    pub answer: String,
    /// Equal numbers stand for equal contents, as in [`Item`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<usize>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
