//! Operations in which a call failed.

use crashworthy::{
    ErrorKind::{Io, NoSpace},
    Guarantee::{
        ErrorLeavesNoOrphan, ErrorPreservesOld, ErrorReported, InterruptHandled,
        RecoversAfterFault, ShortWriteHandled,
    },
};

use super::{
    super::evidence_builder::{data, delete, done, fail, missing, read, tree, write},
    Builder, acquits, convicts,
};
use crate::{
    fault::{Errno, Strike},
    history::{
        Moment, Outcome,
        Phase::{Faulted, Repeat, Repeated},
    },
};

fn failing(errno: Errno) -> Builder {
    Builder::new(Strike::Error { event: 0, errno, lasting: false })
        .set_up(write("d/a", "old"), done())
}

fn short() -> Builder {
    Builder::new(Strike::Short { event: 0, keep: 1 }).set_up(write("d/a", "old"), done())
}

/// The struck write, what a reader finds, and a repetition that works.
fn written(run: Builder, outcome: Outcome, found: Outcome) -> Builder {
    run.op(write("d/a", "new"), outcome)
        .saw(Faulted, read("d/a"), found)
        .saw(Repeat, write("d/a", "new"), done())
        .saw(Repeated, read("d/a"), data("new"))
}

#[test]
fn what_is_right_convicts_nobody() {
    let failed = written(failing(Errno::EIO), fail(Io), data("old"));
    acquits(
        "failed",
        &[
            (ErrorPreservesOld, 1),
            (RecoversAfterFault, 1),
            (ErrorReported, 0),
            (InterruptHandled, 0),
        ],
        failed,
    );
    let handled = written(failing(Errno::EINTR), done(), data("new"));
    acquits(
        "handled",
        &[(ErrorReported, 1), (InterruptHandled, 1), (ErrorPreservesOld, 0)],
        handled,
    );
    acquits("continued", &[(ShortWriteHandled, 1)], written(short(), done(), data("new")));
    acquits("given up", &[(ShortWriteHandled, 1)], written(short(), fail(Io), data("old")));
    let deleted = failing(Errno::EIO)
        .op(delete("d/a"), fail(Io))
        .saw(Faulted, read("d/a"), missing())
        .saw(Repeat, delete("d/a"), done())
        .saw(Repeated, read("d/a"), missing());
    acquits("a failed delete may have happened", &[(ErrorPreservesOld, 0)], deleted);
}

#[test]
fn each_flaw_convicts_one_guarantee() {
    let lied = written(failing(Errno::ENOSPC), done(), data("old"));
    convicts("acknowledged and not done", ErrorReported, lied);
    let torn = written(failing(Errno::ENOSPC), fail(NoSpace), data("ne"));
    convicts("failed and torn", ErrorPreservesOld, torn);
    let lost = written(failing(Errno::ENOSPC), fail(NoSpace), missing());
    convicts("failed and lost", ErrorPreservesOld, lost);
    let visible = written(failing(Errno::EIO), fail(Io), data("new"));
    convicts("failed and done", ErrorPreservesOld, visible);
    convicts("cut short", ShortWriteHandled, written(short(), done(), data("n")));
    convicts("cut short and failed", ShortWriteHandled, written(short(), fail(Io), data("n")));
    let interrupted = written(failing(Errno::EINTR), fail(Io), data("old"));
    convicts("interrupted", InterruptHandled, interrupted);

    let stuck = failing(Errno::EIO)
        .op(write("d/a", "new"), fail(Io))
        .saw(Faulted, read("d/a"), data("old"))
        .saw(Repeat, write("d/a", "new"), fail(Io))
        .saw(Repeated, read("d/a"), data("old"));
    convicts("never again", RecoversAfterFault, stuck);

    let orphan = written(failing(Errno::EIO), fail(Io), data("old"))
        .tree(Moment::Faulted, tree(&[("d", None), ("d/a", Some("old")), ("d/a.tmp", Some("n"))]));
    convicts("left over", ErrorLeavesNoOrphan, orphan);
}
