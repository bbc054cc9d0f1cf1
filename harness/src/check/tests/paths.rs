//! Mixing up two paths, where the scenario judges that.

use crashworthy::{
    ErrorKind::{InvalidPath, Io, Unsupported},
    Guarantee::{
        DeleteIdempotent, KillAtomicWrite, KillDurableAck, ListExact, MissingIsError, PathFidelity,
        ReadYourWrite,
    },
};

use super::{acquits, convicts};
use crate::{
    check::evidence_builder::{
        Builder, data, delete, done, exists, fail, list, missing, names, read, truth, write,
    },
    history::{
        Invocation::Recover,
        Outcome::{self, Killed},
        Phase::{self, Crashed, Finished, Recovered, Recovery},
    },
};

fn two(builder: Builder) -> Builder {
    builder
        .judging(PathFidelity)
        .set_up(write("d/Name", "upper"), done())
        .set_up(write("d/name", "lower"), done())
}

fn at(phase: Phase, builder: Builder, path: &str, got: Outcome, is: bool) -> Builder {
    builder.saw(phase, read(path), got).saw(phase, exists(path), truth(is))
}

/// A user's file with the name of the temporary file of another, and a kill in the other's write.
fn suffixed() -> Builder {
    Builder::killed()
        .judging(PathFidelity)
        .set_up(write("d/a.tmp", "mine"), done())
        .op(write("d/a", "value"), Killed)
}

#[test]
fn confusions_convict_path_fidelity() {
    for (case, guarantee, builder) in [
        ("alias", PathFidelity, at(Finished, two(Builder::calm()), "d/Name", data("lower"), true)),
        (
            "gone",
            PathFidelity,
            at(Finished, two(Builder::calm()), "d/Name", missing(), false).saw(
                Finished,
                list("d"),
                names(&["name"]),
            ),
        ),
        (
            "one name of two",
            PathFidelity,
            two(Builder::calm()).saw(Finished, list("d"), names(&["name"])),
        ),
        (
            "renamed",
            PathFidelity,
            two(Builder::calm()).saw(Finished, list("d"), names(&["name", "NAME"])),
        ),
        ("unclear refusal", PathFidelity, two(Builder::calm()).op(write("d/x", "x"), fail(Io))),
        (
            "alias of unwritten",
            PathFidelity,
            two(Builder::calm()).op(read("d/NAME"), data("lower")),
        ),
        (
            "delete took another",
            PathFidelity,
            at(
                Finished,
                two(Builder::calm()).op(delete("d/Name"), done()),
                "d/name",
                missing(),
                false,
            ),
        ),
        (
            "own value cut",
            ReadYourWrite,
            at(Finished, two(Builder::calm()), "d/Name", data("upp"), true),
        ),
        (
            "dropped at once",
            ReadYourWrite,
            two(Builder::calm()).op(write("d/x", "x"), done()).op(read("d/x"), missing()),
        ),
        (
            "delete without effect",
            DeleteIdempotent,
            two(Builder::calm()).op(delete("d/Name"), done()).op(read("d/Name"), data("upper")),
        ),
        (
            "empty for deleted",
            MissingIsError,
            two(Builder::calm())
                .op(delete("d/x"), done())
                .op(write("d/y", "y"), done())
                .op(read("d/x"), data("")),
        ),
        (
            "reclaimed another file",
            PathFidelity,
            at(
                Recovered,
                at(
                    Crashed,
                    suffixed().set_up(write("d/z.tmp", "z"), done()),
                    "d/z.tmp",
                    data("z"),
                    true,
                ),
                "d/z.tmp",
                missing(),
                false,
            ),
        ),
        ("empty for missing", MissingIsError, two(Builder::calm()).op(read("d/x"), data(""))),
        (
            "extra name",
            ListExact,
            two(Builder::calm()).op(list("d"), names(&["Name", "name", "x"])),
        ),
        ("temp clobbers", PathFidelity, at(Crashed, suffixed(), "d/a.tmp", data("value"), true)),
        ("temp half clobbers", PathFidelity, at(Crashed, suffixed(), "d/a.tmp", data("val"), true)),
        ("temp renamed away", PathFidelity, at(Crashed, suffixed(), "d/a.tmp", missing(), false)),
        (
            "reclaimed a user's file",
            PathFidelity,
            at(
                Recovered,
                at(Crashed, suffixed(), "d/a.tmp", data("mine"), true).saw(
                    Recovery,
                    Recover,
                    done(),
                ),
                "d/a.tmp",
                missing(),
                false,
            ),
        ),
        ("torn", KillAtomicWrite, at(Crashed, suffixed(), "d/a", data("va"), true)),
        ("alias in flight", PathFidelity, at(Crashed, suffixed(), "d/a", data("mine"), true)),
        (
            "lost by the kill",
            KillDurableAck,
            at(Crashed, suffixed().set_up(write("d/z", "z"), done()), "d/z", missing(), false),
        ),
    ] {
        convicts(case, guarantee, builder);
    }
}

#[test]
fn clear_refusals_and_exact_paths_are_fine() {
    let run = two(Builder::calm())
        .op(write("d/x\u{301}", "x"), fail(InvalidPath))
        .op(write("d/y", "y"), fail(Unsupported))
        .op(read("d/y"), data("lower"));
    let run = at(Finished, run, "d/Name", data("upper"), true);
    let run = at(Finished, run, "d/name", data("lower"), true).saw(
        Finished,
        list("d"),
        names(&["Name", "name"]),
    );
    acquits("exact", &[(PathFidelity, 5), (ListExact, 1)], run);
    let run = at(Crashed, suffixed(), "d/a.tmp", data("mine"), true);
    acquits("suffix", &[(PathFidelity, 2)], run);
}

#[test]
fn other_scenarios_do_not_judge_it() {
    let run = Builder::calm().op(write("d/a", "x"), done()).saw(Finished, read("d/a"), data("x"));
    acquits("not judged", &[(PathFidelity, 0), (ReadYourWrite, 1)], run);
}
