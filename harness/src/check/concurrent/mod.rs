//! What several actors saw of one another: the checkers of schedules, one file each, and the timeline they share.
//!
//! In a schedule that kills nobody, each guarantee is judged for itself. In one that does, what the survivors and
//! the readers afterwards saw is judged by the same rules, and all of it counts for `crash-isolated` alone, so that
//! a flaw is not charged twice.
//!
//! Only files are judged. What is or may be a directory, lies below a file or a link, or is spelled as no honest client
//! would, has no one right answer and is left out.

mod crash_isolated;
mod last_write;
mod order;
mod same_content;
mod spurious_error;
mod timeline;
mod torn_read;

use super::Judgement;
use crate::history::Evidence;
use timeline::Timeline;

/// `no-torn-read`.
pub(super) fn no_torn_read(evidence: &Evidence) -> Judgement {
    calm(evidence, torn_read::judge)
}

/// `last-write-wins`.
pub(super) fn last_write_wins(evidence: &Evidence) -> Judgement {
    calm(evidence, last_write::judge)
}

/// `linearizable`.
pub(super) fn linearizable(evidence: &Evidence) -> Judgement {
    calm(evidence, order::judge)
}

/// `same-content-safe`.
pub(super) fn same_content_safe(evidence: &Evidence) -> Judgement {
    calm(evidence, same_content::judge)
}

/// `no-spurious-error`.
pub(super) fn no_spurious_error(evidence: &Evidence) -> Judgement {
    calm(evidence, spurious_error::judge)
}

/// `crash-isolated`.
pub(super) fn crash_isolated(evidence: &Evidence) -> Judgement {
    Timeline::of(evidence)
        .filter(Timeline::is_killing)
        .map_or_else(Judgement::default, |timeline| crash_isolated::judge(&timeline))
}

/// The judgement of a schedule that kills nobody.
fn calm(evidence: &Evidence, judge: fn(&Timeline<'_>) -> Judgement) -> Judgement {
    Timeline::of(evidence)
        .filter(|timeline| !timeline.is_killing())
        .map_or_else(Judgement::default, |timeline| judge(&timeline))
}
