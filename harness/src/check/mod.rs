//! Checkers: pure functions from the evidence of one trial to findings. No I/O here.
//!
//! A checker counts what it really compared. A guarantee is upheld only where that count is above
//! zero, so that a pass in which nothing was looked at cannot be mistaken for one.
//!
//! Most guarantees judge the same answers, so one walk over the history (`walk`) holds every answer
//! against what was legal at that point (`oracle`) and convicts exactly one guarantee of each wrong
//! one: by `interface` where nothing struck, `kill` after a crash, `power` after a power loss, `beside` where
//! recovery ran beside a writer; `list` splits a list into its names, and `fidelity` claims the
//! confusions of two paths. What is no answer has files of its own: trees (`layout`, `reclaimed`,
//! `directory_delete`), the order of what survived (`prefix_order`), what followed a failed call
//! (`io_fault`, `last_word`), what came of a damaged file (`bit_rot`), what several actors saw of one
//! another (`concurrent`) and the world outside the root (`confined`).

mod beside;
mod bit_rot;
mod concurrent;
mod confined;
mod directory_delete;
mod fidelity;
mod file_state;
mod interface;
mod io_fault;
mod kill;
mod last_word;
mod layout;
pub mod linearizable;
mod list;
mod oracle;
mod power;
mod prefix_order;
mod reclaimed;
mod scene;
mod walk;
mod words;

#[cfg(test)]
mod evidence_builder;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;

use crashworthy::Guarantee;
pub(crate) use oracle::is_refusal;
use scene::Comparison;

use crate::history::Evidence;

/// Judges one guarantee.
pub trait Checker: Sync {
    /// Which guarantee.
    fn guarantee(&self) -> Guarantee;

    /// Compares one trial with what the guarantee allows.
    fn check(&self, trial: &Trial<'_>) -> Judgement;
}

/// One trial under judgement. Its checkers share the walk over its history.
pub struct Trial<'a> {
    evidence: &'a Evidence,
    comparisons: OnceCell<Vec<Comparison>>,
}

impl<'a> Trial<'a> {
    /// Nothing is compared yet.
    pub fn new(evidence: &'a Evidence) -> Self {
        Self { evidence, comparisons: OnceCell::new() }
    }

    fn comparisons(&self) -> &[Comparison] {
        self.comparisons.get_or_init(|| walk::compare(self.evidence))
    }
}

/// What a checker made of one trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// How many comparisons were made; 0 means that the trial says nothing about the guarantee.
    pub comparisons: usize,
    /// The comparisons that failed.
    pub findings: Vec<Finding>,
    /// Why finding nothing would prove nothing: a comparison that could not be decided.
    pub doubt: Option<String>,
}

impl Judgement {
    /// One comparison, with what is wrong about it.
    fn one(findings: Vec<Finding>) -> Self {
        Self { comparisons: 1, findings, doubt: None }
    }
}

/// A comparison that failed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Index into the history of the operation that shows it, where one does.
    pub entry: Option<usize>,
    /// One sentence: who saw what, and what would have been right.
    pub summary: String,
}

/// A guarantee judged by some of these sources, whose judgements add up.
struct Sourced {
    guarantee: Guarantee,
    /// Whether the answers in the history give evidence on it.
    answers: bool,
    /// What else does.
    more: Option<fn(&Evidence) -> Judgement>,
}

impl Checker for Sourced {
    fn guarantee(&self) -> Guarantee {
        self.guarantee
    }

    fn check(&self, trial: &Trial<'_>) -> Judgement {
        let mut judgement = self.more.map_or_else(Judgement::default, |more| more(trial.evidence));
        if self.answers {
            let answers = walk::judge(trial, self.guarantee);
            judgement.comparisons += answers.comparisons;
            judgement.findings.extend(answers.findings);
        }
        judgement
    }
}

const fn answers(guarantee: Guarantee) -> Sourced {
    Sourced { guarantee, answers: true, more: None }
}

const fn also(guarantee: Guarantee, more: fn(&Evidence) -> Judgement) -> Sourced {
    Sourced { guarantee, answers: true, more: Some(more) }
}

const fn only(guarantee: Guarantee, more: fn(&Evidence) -> Judgement) -> Sourced {
    Sourced { guarantee, answers: false, more: Some(more) }
}

/// Why finding no left-over proves nothing: two fault-free runs publish different names, so that a strange name may be
/// a published one.
pub fn cannot_tell_left_overs(evidence: &Evidence) -> Option<&'static str> {
    if layout::names_differ(evidence) {
        return Some(
            "two runs of the same operations store files of different names, so that what a crash leaves cannot be \
             told from what was stored",
        );
    }
    layout::recovery_renames(evidence).then_some(
        "each recovery stores files of other names, so that what a crash leaves cannot be told from what was stored",
    )
}

/// Every checker there is, in the order of the catalogue.
pub fn all() -> &'static [&'static dyn Checker] {
    const ALL: &[&dyn Checker] = &[
        &answers(Guarantee::ReadYourWrite),
        &answers(Guarantee::OverwriteReplaces),
        &answers(Guarantee::MissingIsError),
        &answers(Guarantee::WriteCreatesParents),
        &answers(Guarantee::ListExact),
        &answers(Guarantee::MkdirRecursive),
        &answers(Guarantee::DeleteIdempotent),
        &also(Guarantee::DeleteFilesOnly, directory_delete::judge),
        &only(Guarantee::DeterministicLayout, layout::judge),
        &answers(Guarantee::PathFidelity),
        &only(Guarantee::Confined, confined::judge),
        &answers(Guarantee::KillAtomicWrite),
        &answers(Guarantee::KillDurableAck),
        &answers(Guarantee::KillAtomicDelete),
        &answers(Guarantee::KillDurableDelete),
        &answers(Guarantee::KillRetryHeals),
        &answers(Guarantee::KillOrphansInvisible),
        &also(Guarantee::KillOrphansReclaimed, reclaimed::judge),
        &answers(Guarantee::KillRecoveryIdempotent),
        &also(Guarantee::PowerAtomicWrite, last_word::killed_write_torn),
        &also(Guarantee::PowerDurableAck, last_word::killed_write),
        &also(Guarantee::PowerDurableMkdir, last_word::killed_mkdir),
        &also(Guarantee::PowerAtomicDelete, last_word::killed_delete_torn),
        &also(Guarantee::PowerDurableDelete, last_word::killed_delete),
        &only(Guarantee::PowerPrefixOrder, prefix_order::judge),
        &answers(Guarantee::PowerRetryHeals),
        &answers(Guarantee::PowerNeighboursIntact),
        &only(Guarantee::NoTornRead, concurrent::no_torn_read),
        &only(Guarantee::LastWriteWins, concurrent::last_write_wins),
        &only(Guarantee::Linearizable, concurrent::linearizable),
        &only(Guarantee::SameContentSafe, concurrent::same_content_safe),
        &only(Guarantee::NoSpuriousError, concurrent::no_spurious_error),
        &only(Guarantee::CrashIsolated, concurrent::crash_isolated),
        &only(Guarantee::ErrorReported, io_fault::reported),
        &only(Guarantee::ErrorPreservesOld, io_fault::preserved),
        &only(Guarantee::ErrorLeavesNoOrphan, io_fault::orphans),
        &only(Guarantee::FsyncFailureHonest, last_word::failed_sync),
        &only(Guarantee::ShortWriteHandled, io_fault::short_write),
        &only(Guarantee::InterruptHandled, io_fault::interrupted),
        &only(Guarantee::RecoversAfterFault, io_fault::recovered),
        &only(Guarantee::BitrotDetected, bit_rot::judge),
    ];
    ALL
}

/// The checker of `guarantee`.
pub fn checker(guarantee: Guarantee) -> &'static dyn Checker {
    let mut all = all().iter().copied();
    all.find(|checker| checker.guarantee() == guarantee).expect("a test holds that each has one")
}
