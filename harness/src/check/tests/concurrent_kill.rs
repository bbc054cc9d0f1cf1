//! What the survivors of a schedule that kills an actor saw: all of it counts for `crash-isolated`.

use crashworthy::{
    ErrorKind::Io,
    Guarantee::{
        CrashIsolated, LastWriteWins, Linearizable, NoSpuriousError, NoTornRead, SameContentSafe,
    },
};

use super::{
    super::evidence_builder::{
        broken, data, done, exists, fail, list, missing, names, read, truth, write,
    },
    Builder, acquits, refutes,
};
use crate::history::Outcome::Killed;

/// A file with an old value; the first of three actors is killed.
fn killed() -> Builder {
    Builder::concurrent(&["victim", "writer", "reader"], &[0]).set_up(write("d/a", "old"), done())
}

#[test]
fn what_the_dead_had_begun_may_happen_or_not() {
    for (first, then) in [("old", "old"), ("old", "new"), ("new", "new")] {
        let trial = killed()
            .by(0, (0, 0), write("d/a", "new"), Killed)
            .by(2, (1, 2), read("d/a"), data(first))
            .by(2, (3, 4), read("d/a"), data(then))
            .quiet(read("d/a"), data(then))
            .quiet(exists("d/a"), truth(true))
            .quiet(list("d"), names(&["a"]));
        acquits(
            &format!("{first}, {then}"),
            &[
                (NoTornRead, 0),
                (LastWriteWins, 0),
                (Linearizable, 0),
                (SameContentSafe, 0),
                (NoSpuriousError, 0),
                // Two operations that did not fail, three whole values, one last one, five answers and a list.
                (CrashIsolated, 12),
            ],
            trial,
        );
    }
}

#[test]
fn errors_of_the_dead_are_not_those_of_the_survivors() {
    let trial = killed()
        .by(0, (0, 1), write("d/a", "new"), fail(Io))
        .by(0, (2, 0), write("d/a", "new"), Killed)
        .quiet(read("d/a"), data("new"));
    acquits("failed before it died", &[], trial);
}

#[test]
fn every_flaw_counts_for_one_guarantee() {
    let lock = killed()
        .by(0, (0, 0), write("d/a", "new"), Killed)
        .by(1, (1, 2), write("d/a", "newer"), broken())
        .quiet(read("d/a"), data("old"));
    refutes(
        "a lock that nobody holds any more",
        &[CrashIsolated],
        "with victim killed, writer got no proper answer (it exited with status 101) from writeFile of `d/a`; an \
         acknowledgement would have been right, whoever else is active",
        lock,
    );
    let torn = killed()
        .by(0, (0, 0), write("d/a", "new"), Killed)
        .by(1, (1, 2), write("d/a", "newer"), done())
        .quiet(read("d/a"), data("new er"));
    refutes(
        "half a value published",
        &[CrashIsolated],
        "with victim killed, when all had finished, a fresh process read `d/a` and got \"new er\", which nobody wrote; \
         one of \"old\" or \"new\" or \"newer\" would have been right",
        torn,
    );
    let back = killed()
        .by(0, (0, 0), write("d/a", "new"), Killed)
        .by(2, (1, 2), read("d/a"), data("new"))
        .by(2, (3, 4), read("d/a"), data("old"))
        .quiet(read("d/a"), data("old"));
    refutes(
        "seen and gone again",
        &[CrashIsolated],
        "with victim killed, reader read `d/a` and got \"old\"; \"new\" would have been right: no order of the \
         operations on it explains that",
        back,
    );
    let lost = killed()
        .by(0, (0, 0), write("d/a", "new"), Killed)
        .by(1, (1, 2), write("d/a", "newer"), done())
        .quiet(read("d/a"), data("old"));
    refutes(
        "the value of the survivor lost",
        &[CrashIsolated],
        "with victim killed, when all had finished, a fresh process read `d/a` and got \"old\"; \"new\" or \"newer\" \
         would have been right, which no acknowledged change follows",
        lost,
    );
    let gone = Builder::concurrent(&["victim", "writer"], &[0])
        .by(0, (0, 0), write("d/a", "same"), Killed)
        .by(1, (1, 2), write("d/a", "same"), done())
        .quiet(read("d/a"), missing());
    refutes(
        "the same bytes lost",
        &[CrashIsolated],
        "with victim killed, when all had finished, a fresh process read `d/a` and got the error NotFound; \"same\" \
         would have been right: all writers wrote the same bytes",
        gone,
    );
}
