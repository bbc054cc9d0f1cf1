//! Every checker convicts its own flaw and stays silent on all others: the cases are tables, and each
//! is judged by all checkers at once.

mod after_kill;
mod bit_rot;
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
fn every_guarantee_that_is_judged_has_one_checker() {
    use crashworthy::Category::{
        Containment, Integrity, Interface, IoFault, PowerLoss, ProcessKill,
    };
    let judged: Vec<_> = super::all().iter().map(|checker| checker.guarantee()).collect();
    let wanted: Vec<_> = Guarantee::ALL
        .iter()
        .copied()
        .filter(|id| {
            [Interface, Containment, ProcessKill, PowerLoss, IoFault, Integrity]
                .contains(&id.category())
        })
        .collect();
    assert_eq!(judged, wanted);
}
