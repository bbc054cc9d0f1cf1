//! `crash-isolated`: with one actor killed somewhere, the others and all readers afterwards are right.
//!
//! Right is what the guarantees of the group say. What the dead actor had not finished may take effect at any
//! time or never, as a whole.

use super::{last_write, order, same_content, spurious_error, timeline::Timeline, torn_read};
use crate::check::Judgement;

/// Adds up what the other checkers say of the survivors.
pub(super) fn judge(timeline: &Timeline<'_>) -> Judgement {
    let mut all = Judgement::default();
    for judge in [
        spurious_error::judge,
        torn_read::judge,
        same_content::judge,
        last_write::judge,
        order::judge,
    ] {
        let one = judge(timeline);
        all.comparisons += one.comparisons;
        all.findings.extend(one.findings);
        all.doubt = all.doubt.or(one.doubt);
    }
    all
}
