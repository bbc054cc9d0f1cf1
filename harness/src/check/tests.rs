//! Every checker convicts its own flaw and stays silent on all others: the cases are tables, and each
//! is judged by all checkers at once.

mod after_kill;
mod bit_rot;
mod concurrent;
mod concurrent_kill;
mod containment;
mod fault_free;
mod io_fault;
mod paths;

use crashworthy::Guarantee;

use super::evidence_builder::{Builder, comparisons, refuted};

/// Asserts that exactly one checker finds fault.
#[track_caller]
fn convicts(case: &str, guarantee: Guarantee, builder: Builder) {
    let refuted = refuted(&builder.build());
    let ids: Vec<_> = refuted.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [guarantee], "{case}: {refuted:#?}");
}

/// Asserts that these checkers find fault and no others, and that the first one of them says this.
#[track_caller]
fn refutes(case: &str, guarantees: &[Guarantee], summary: &str, builder: Builder) {
    let refuted = refuted(&builder.build());
    let ids: Vec<_> = refuted.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, guarantees, "{case}: {refuted:#?}");
    assert_eq!(refuted[0].1, summary, "{case}");
}

/// Asserts that no checker finds fault, and that those named have looked.
#[track_caller]
fn acquits(case: &str, looked: &[(Guarantee, usize)], builder: Builder) {
    let evidence = builder.build();
    assert_eq!(refuted(&evidence), [], "{case}");
    for (guarantee, expected) in looked {
        assert_eq!(comparisons(&evidence, *guarantee), *expected, "{case}: {guarantee}");
    }
}

#[test]
fn every_guarantee_has_one_checker() {
    let judged: Vec<_> = super::all().iter().map(|checker| checker.guarantee()).collect();
    assert_eq!(judged, Guarantee::ALL);
}
