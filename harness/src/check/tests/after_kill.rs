//! Flaws that show after a kill, in recovery and in the retry.

use crashworthy::{
    ErrorKind::{Corrupt, InvalidPath, Io},
    Guarantee::{
        DeleteFilesOnly, KillAtomicDelete, KillAtomicWrite, KillDurableAck, KillDurableDelete,
        KillOrphansInvisible, KillOrphansReclaimed, KillRecoveryIdempotent, KillRetryHeals,
        ListExact, MissingIsError, WriteCreatesParents,
    },
};

use super::{acquits, convicts};
use crate::{
    check::evidence_builder::{
        Builder, broken, comparisons, data, delete, done, exists, fail, list, missing, mkdir,
        names, read, refuted, tree, truth, write,
    },
    history::{
        Invocation::Recover,
        Moment,
        Outcome::{self, Killed},
        Phase::{self, BesideWriter, Crashed, Finished, Recovered, Recovery, Retried, Retry},
    },
    scenario::Plant,
};

fn files(builder: Builder) -> Builder {
    builder.set_up(write("d/a", "one"), done()).set_up(write("d/b", "bee"), done())
}

/// Killed while it wrote a second value to `d/a`.
fn in_write() -> Builder {
    files(Builder::killed()).op(write("d/a", "second"), Killed)
}

fn in_first_write() -> Builder {
    files(Builder::killed()).op(write("d/c", "fresh"), Killed)
}

fn in_delete() -> Builder {
    files(Builder::killed()).op(delete("d/a"), Killed)
}

fn after_delete() -> Builder {
    files(Builder::killed()).op(delete("d/a"), done()).op(write("d/b", "bumble"), Killed)
}

fn at(phase: Phase, builder: Builder, path: &str, got: Outcome, is: bool) -> Builder {
    builder.saw(phase, read(path), got).saw(phase, exists(path), truth(is))
}

fn crashed(builder: Builder, path: &str, got: Outcome, is: bool) -> Builder {
    at(Crashed, builder, path, got, is)
}

#[test]
fn each_flaw_convicts_one_guarantee() {
    let lost =
        |b: Builder| crashed(b, "d/a", missing(), false).saw(Crashed, list("d"), names(&["b"]));
    let retried = |again: Outcome| in_write().saw(Retry, write("d/a", "second"), again);
    for (case, guarantee, builder) in [
        ("torn", KillAtomicWrite, crashed(in_write(), "d/a", data("sec"), true)),
        ("emptied", KillAtomicWrite, crashed(in_write(), "d/a", data(""), true)),
        ("mixed", KillAtomicWrite, crashed(in_write(), "d/a", data("sece"), true)),
        ("old gone", KillAtomicWrite, lost(in_write())),
        ("old denied", KillAtomicWrite, crashed(in_write(), "d/a", data("one"), false)),
        ("old unreadable", KillAtomicWrite, crashed(in_write(), "d/a", fail(Corrupt), true)),
        ("read broke", KillAtomicWrite, crashed(in_write(), "d/a", broken(), true)),
        ("first torn", KillAtomicWrite, crashed(in_first_write(), "d/c", data("fr"), true)),
        ("first empty", KillAtomicWrite, crashed(in_first_write(), "d/c", data(""), true)),
        (
            "worse after recovery",
            KillAtomicWrite,
            at(Recovered, crashed(in_write(), "d/a", data("one"), true), "d/a", missing(), false),
        ),
        ("neighbour lost", KillDurableAck, crashed(in_write(), "d/b", missing(), false)),
        ("neighbour unlisted", KillDurableAck, in_write().saw(Crashed, list("d"), names(&["a"]))),
        ("neighbour torn", KillDurableAck, crashed(in_write(), "d/b", data("be"), true)),
        (
            "list broke",
            KillDurableAck,
            files(Builder::killed()).op(write("e/x", "x"), Killed).saw(
                Crashed,
                list("d"),
                broken(),
            ),
        ),
        ("half deleted", KillAtomicDelete, crashed(in_delete(), "d/a", data("on"), true)),
        ("emptied by delete", KillAtomicDelete, crashed(in_delete(), "d/a", data(""), true)),
        (
            "delete undone",
            KillDurableDelete,
            crashed(after_delete(), "d/a", data("one"), true).saw(
                Crashed,
                list("d"),
                names(&["a", "b"]),
            ),
        ),
        (
            "temp listed",
            KillOrphansInvisible,
            in_write().saw(Crashed, list("d"), names(&["a", "a.tmp", "b"])),
        ),
        ("temp exists", KillOrphansInvisible, crashed(in_write(), "d/a.tmp", missing(), true)),
        ("temp readable", KillOrphansInvisible, crashed(in_write(), "d/a.tmp", data("sec"), false)),
        (
            "empty temp readable",
            KillOrphansInvisible,
            crashed(in_write(), "d/a.tmp", data(""), true),
        ),
        (
            "unreached visible",
            KillOrphansInvisible,
            crashed(in_write().unreached(write("d/z", "z")), "d/z", data("z"), true),
        ),
        ("retry fails", KillRetryHeals, retried(fail(Io))),
        ("retry breaks", KillRetryHeals, retried(broken())),
        (
            "retry without effect",
            KillRetryHeals,
            at(Retried, retried(done()), "d/a", data("one"), true),
        ),
        ("retry unlisted", KillRetryHeals, retried(done()).saw(Retried, list("d"), names(&["b"]))),
        (
            "retry costs a neighbour",
            KillDurableAck,
            at(Retried, retried(done()), "d/b", missing(), false),
        ),
        (
            "write after delete fails",
            KillRetryHeals,
            in_delete().saw(Retry, delete("d/a"), done()).saw(Retry, write("d/a", "x"), fail(Io)),
        ),
        ("recover fails", KillRecoveryIdempotent, in_write().saw(Recovery, Recover, fail(Io))),
        ("recover breaks", KillRecoveryIdempotent, in_write().saw(Recovery, Recover, broken())),
        (
            "second recover fails",
            KillRecoveryIdempotent,
            in_write().saw(Recovery, Recover, Killed).saw(Recovery, Recover, fail(Io)),
        ),
        (
            "temp stays",
            KillOrphansReclaimed,
            in_write().baseline_file("d/a").saw(Recovery, Recover, done()).tree(
                Moment::Recovered,
                tree(&[("d", None), ("d/a", Some("one")), ("d/a.x1y2", Some("sec"))]),
            ),
        ),
        (
            "below deleted directory",
            DeleteFilesOnly,
            lost(files(Builder::killed()).op(delete("d"), Killed))
                .plant(Plant::Directory { path: "d".into() }),
        ),
        (
            "older unanswered write",
            KillDurableAck,
            crashed(
                files(Builder::killed())
                    .op(write("d/a", "x"), broken())
                    .op(write("d/a", "y"), done())
                    .op(write("d/b", "z"), Killed),
                "d/a",
                data("x"),
                true,
            ),
        ),
        (
            "temp stays after recovery that failed",
            KillRecoveryIdempotent,
            in_write()
                .saw(Recovery, Recover, fail(Io))
                .tree(Moment::Recovered, tree(&[("d/a.tmp", Some("sec"))])),
        ),
        // Flaws that are no kill's doing stay where they belong.
        ("empty for missing", MissingIsError, crashed(in_first_write(), "d/c", data(""), false)),
        ("whole paths", ListExact, in_write().saw(Crashed, list("d"), names(&["d/a", "d/b"]))),
        (
            "lock file listed",
            ListExact,
            in_write().baseline_file("d/.lock").saw(
                Crashed,
                list("d"),
                names(&[".lock", "a", "b"]),
            ),
        ),
    ] {
        convicts(case, guarantee, builder);
    }
}

#[test]
fn a_correct_crash_is_acquitted_whichever_value_survived() {
    for (value, other) in [("one", "second"), ("second", "second")] {
        let mut run = in_write().baseline_file("d/a").baseline_file("d/b");
        for (phase, value) in [(Crashed, value), (Recovered, value), (Retried, other)] {
            if phase == Recovered {
                run = run.saw(Recovery, Recover, Killed).saw(Recovery, Recover, done());
                run = run
                    .tree(Moment::Recovered, tree(&[("d/a", Some(value)), ("d/b", Some("bee"))]));
            } else if phase == Retried {
                run = run.saw(Retry, write("d/a", "second"), done());
            }
            run = at(phase, run, "d/a", data(value), true);
            run =
                at(phase, run, "d/b", data("bee"), true).saw(phase, list("d"), names(&["a", "b"]));
        }
        run = at(Retried, run, "d/a.tmp", missing(), false);
        let looked = [
            (KillAtomicWrite, 4),
            (KillDurableAck, 6),
            (KillOrphansInvisible, 5),
            (KillRecoveryIdempotent, 1),
            (KillOrphansReclaimed, 1),
            (KillRetryHeals, 3),
            (KillAtomicDelete, 0),
            (KillDurableDelete, 0),
        ];
        acquits(value, &looked, run);
    }
}

#[test]
fn a_delete_may_have_happened_or_not() {
    for (got, is, listed) in [(data("one"), true, &["a", "b"][..]), (missing(), false, &["b"])] {
        let run = crashed(in_delete(), "d/a", got, is).saw(Crashed, list("d"), names(listed));
        acquits("delete", &[(KillAtomicDelete, 2), (KillOrphansInvisible, 1)], run);
    }
    let gone = crashed(after_delete(), "d/a", missing(), false);
    acquits("deleted", &[(KillDurableDelete, 2)], gone);
}

#[test]
fn a_killed_mkdir_and_its_retry() {
    let run = files(Builder::killed())
        .op(mkdir("x/y"), Killed)
        .saw(Crashed, list("x/y"), names(&[]))
        .saw(Crashed, list("x"), names(&[]))
        .saw(Retry, mkdir("x/y"), done())
        .saw(Retry, write("x/y/retry.bin", "r"), done())
        .saw(Retried, list("x/y"), names(&["retry.bin"]));
    acquits("mkdir", &[(KillRetryHeals, 1), (KillOrphansInvisible, 3)], run);
}

#[test]
fn a_retry_of_what_fails_anyway_says_nothing_about_kills() {
    let run = files(Builder::killed()).op(write("x/y", "new"), fail(Io));
    let again = |run: Builder| run.saw(Retry, write("x/y", "new"), fail(Io)).build();
    assert_eq!(refuted(&again(run.clone()))[0].0, KillRetryHeals);
    assert_eq!(refuted(&again(run.fails_anyway(0))), []);

    // Nobody has ever written below `x`, so that a write there fails may be a flaw of writes.
    let run = files(Builder::killed()).op(delete("x/a"), Killed).saw(Retry, delete("x/a"), done());
    let again = run.saw(Retry, write("x/a", "new"), fail(Io)).build();
    assert_eq!(refuted(&again)[0].0, WriteCreatesParents);
}

#[test]
fn a_path_that_the_set_up_refused_voids_nothing_else() {
    let run = || {
        files(Builder::killed())
            .set_up(write("d/e~", "odd"), fail(InvalidPath))
            .op(write("d/c", "fresh"), Killed)
    };
    let lost = crashed(run(), "d/a", missing(), false);
    convicts("a file lost beside a refused one", KillDurableAck, lost);
    for outcome in [fail(InvalidPath), missing(), data("whoever wrote that")] {
        let kept = crashed(run(), "d/a", data("one"), true).saw(Crashed, read("d/e~"), outcome);
        acquits("the refused path itself", &[(KillDurableAck, 2)], kept);
    }
}

#[test]
fn a_set_up_that_failed_voids_what_follows() {
    let run = Builder::killed().set_up(write("d/a", "one"), fail(Io)).op(write("d/b", "x"), Killed);
    let run = crashed(run, "d/a", data("o"), true).saw(Recovery, Recover, fail(Io));
    let looked = [
        (KillAtomicWrite, 0),
        (KillDurableAck, 0),
        (KillRecoveryIdempotent, 0),
        (KillOrphansInvisible, 0),
    ];
    acquits("void", &looked, run);
}

#[test]
fn planted_files_are_left_alone() {
    let plant = Plant::File { path: "d/a.tmp".into(), data: "old".into() };
    let run = in_write().plant(plant).baseline_file("d/a").baseline_file("d/b");
    let run = crashed(run, "d/a.tmp", data("old"), true)
        .saw(Crashed, list("d"), names(&["a", "a.tmp", "b"]))
        .saw(Recovery, Recover, done())
        .tree(Moment::Recovered, tree(&[("d/a", Some("one")), ("d/a.tmp", Some("old"))]));
    acquits("planted", &[(KillOrphansReclaimed, 1), (KillOrphansInvisible, 1)], run);
}

#[test]
fn random_names_prove_no_left_over() {
    let run = in_write()
        .twins(tree(&[("d/17", Some("one"))]), tree(&[("d/42", Some("one"))]))
        .saw(Recovery, Recover, done())
        .tree(Moment::Recovered, tree(&[("d/99", Some("one"))]));
    acquits("random", &[(KillOrphansReclaimed, 0)], crashed(run, "d/99", data("one"), true));
}

#[test]
fn recovery_beside_a_writer() {
    let paused = || {
        files(Builder::paused())
            .op(delete("d/none"), missing())
            .op(write("d/a", "second"), done())
            .saw(BesideWriter, Recover, fail(Io))
    };
    let refused = paused().op(write("d/c", "x"), fail(InvalidPath));
    acquits("refused", &[(KillOrphansReclaimed, 1)], refused);
    let good = || paused().op(write("d/b", "bumble"), done());
    let run = at(Finished, good(), "d/a", data("second"), true)
        .saw(Finished, list("d"), names(&["a", "b", "temp"]))
        .saw(Finished, read("d/none"), data(""));
    acquits("beside", &[(KillOrphansReclaimed, 4), (KillRecoveryIdempotent, 0)], run);
    for (case, run) in [
        ("write fails", paused().op(write("d/b", "bumble"), missing())),
        ("write breaks", paused().op(write("d/b", "bumble"), broken())),
        ("lost", at(Finished, good(), "d/a", missing(), false)),
        ("reverted", at(Finished, good(), "d/a", data("one"), true)),
        ("unlisted", good().saw(Finished, list("d"), names(&["b"]))),
    ] {
        convicts(case, KillOrphansReclaimed, run);
    }
    let alone = files(Builder::paused()).op(write("d/b", "bumble"), missing()).build();
    assert_eq!(comparisons(&alone, KillOrphansReclaimed), 0);
}

#[test]
fn findings_read_as_sentences_without_random_names() {
    let sentence = |builder: Builder| refuted(&builder.build())[0].1.clone();
    assert_eq!(
        sentence(crashed(in_write(), "d/a", data("sec"), true)),
        "after the kill, a fresh process read `d/a` and got \"sec\"; \
         the old value (\"one\") or the new one (\"second\") would have been right"
    );
    assert_eq!(
        sentence(crashed(in_first_write(), "d/c", data("fr"), true)),
        "after the kill, a fresh process read `d/c` and got \"fr\"; \
         an error for a missing file or the new value (\"fresh\") would have been right"
    );
    for (temp, shown) in [
        ("d/a.tmp", "a left-over `.tmp` file in `d`"),
        ("d/.tmpQwErTy", "a left-over file in `d`"),
        ("d/a.17x", "a left-over file in `d`"),
        ("q7/x/y", "a left-over file below the root"),
    ] {
        assert_eq!(
            sentence(crashed(in_write(), temp, data("sec"), false)),
            format!(
                "after the kill, a fresh process read {shown} and got \"sec\"; \
                 an error for a missing file would have been right"
            )
        );
    }
}
