//! Flaws of a fault-free run.

use crashworthy::{
    ErrorKind::{InvalidPath, Io},
    Guarantee::{
        DeleteFilesOnly, DeleteIdempotent, DeterministicLayout, ListExact, MissingIsError,
        MkdirRecursive, OverwriteReplaces, ReadYourWrite, WriteCreatesParents,
    },
};

use super::{acquits, convicts};
use crate::{
    check::evidence_builder::{
        Builder, broken, data, delete, done, exists, fail, list, missing, mkdir, names, read, tree,
        truth, write,
    },
    history::{
        Moment::{Acknowledged, Settled},
        Phase::Finished,
    },
};

fn one_write() -> Builder {
    Builder::calm().set_up(mkdir("d"), done()).op(write("d/a", "one"), done())
}

fn overwritten() -> Builder {
    one_write().op(write("d/a", "second"), done())
}

fn deleted() -> Builder {
    one_write().op(delete("d/a"), done())
}

fn finished(builder: Builder, path: &str, got: crate::history::Outcome, is: bool) -> Builder {
    builder.saw(Finished, read(path), got).saw(Finished, exists(path), truth(is))
}

#[test]
fn each_flaw_convicts_one_guarantee() {
    let gone =
        |b: Builder| finished(b, "d/a", missing(), false).saw(Finished, list("d"), names(&[]));
    for (case, guarantee, builder) in [
        ("truncated", ReadYourWrite, finished(one_write(), "d/a", data("on"), true)),
        ("lost", ReadYourWrite, gone(one_write())),
        ("broken read", ReadYourWrite, finished(one_write(), "d/a", broken(), true)),
        ("denied", ReadYourWrite, finished(one_write(), "d/a", data("one"), false)),
        ("denied overwrite", ReadYourWrite, finished(overwritten(), "d/a", data("second"), false)),
        ("refused", ReadYourWrite, one_write().op(write("d/b", "x"), fail(InvalidPath))),
        ("write broke", ReadYourWrite, one_write().op(write("d/b", "x"), broken())),
        ("stale", OverwriteReplaces, finished(overwritten(), "d/a", data("one"), true)),
        ("tail stays", OverwriteReplaces, finished(overwritten(), "d/a", data("secondX"), true)),
        ("lost overwrite", OverwriteReplaces, gone(overwritten())),
        ("no overwrite", OverwriteReplaces, one_write().op(write("d/a", "x"), fail(Io))),
        ("no parents", WriteCreatesParents, one_write().op(write("n/a", "x"), missing())),
        (
            "no parents twice",
            WriteCreatesParents,
            one_write().op(write("n/a", "x"), missing()).op(write("n/a", "x"), missing()),
        ),
        ("empty for missing", MissingIsError, finished(one_write(), "d/b", data(""), false)),
        ("data for missing", MissingIsError, one_write().op(read("d/b"), data("?"))),
        ("broken on missing", MissingIsError, one_write().op(read("d/b"), broken())),
        ("exists for missing", MissingIsError, one_write().op(exists("d/b"), truth(true))),
        ("directory as file", MissingIsError, one_write().op(read("d"), data(""))),
        ("empty for deleted", MissingIsError, finished(deleted(), "d/a", data(""), false)),
        (
            "still there",
            DeleteIdempotent,
            finished(deleted(), "d/a", data("one"), true).saw(Finished, list("d"), names(&["a"])),
        ),
        ("emptied", DeleteIdempotent, finished(deleted(), "d/a", data(""), true)),
        ("delete twice", DeleteIdempotent, deleted().op(delete("d/a"), missing())),
        ("delete broke", DeleteIdempotent, one_write().op(delete("d/a"), broken())),
        ("unlisted", ListExact, one_write().op(list("d"), names(&[]))),
        ("temp listed", ListExact, one_write().op(list("d"), names(&["a", "a.tmp"]))),
        ("twice", ListExact, one_write().op(list("d"), names(&["a", "a"]))),
        ("whole paths", ListExact, one_write().op(list("d"), names(&["d/a"]))),
        (
            "directory listed",
            ListExact,
            one_write().op(mkdir("d/e"), done()).op(list("d"), names(&["a", "e"])),
        ),
        ("missing directory", ListExact, one_write().op(list("none"), missing())),
        ("list broke", ListExact, one_write().op(list("d"), broken())),
        ("mkdir nested", MkdirRecursive, one_write().op(mkdir("x/y/z"), missing())),
        ("mkdir again", MkdirRecursive, one_write().op(mkdir("d"), fail(Io))),
        ("mkdir broke", MkdirRecursive, one_write().op(mkdir("e"), broken())),
        ("directory deleted", DeleteFilesOnly, gone(one_write().op(delete("d"), done()))),
        (
            "unlisted with directory",
            DeleteFilesOnly,
            one_write().op(delete("d"), done()).op(list("d"), names(&[])),
        ),
        ("delete of directory broke", DeleteFilesOnly, one_write().op(delete("d"), broken())),
        (
            "directory gone on disk",
            DeleteFilesOnly,
            one_write()
                .op(delete("e"), done())
                .tree(Settled, tree(&[("d", None), ("e", None)]))
                .tree(Acknowledged(0), tree(&[("d", None), ("e", None), ("d/a", Some("one"))]))
                .tree(Acknowledged(1), tree(&[("d", None), ("d/a", Some("one"))])),
        ),
        (
            "random name",
            DeterministicLayout,
            one_write().twins(tree(&[("d/a.17", Some("one"))]), tree(&[("d/a.42", Some("one"))])),
        ),
        (
            "time inside",
            DeterministicLayout,
            one_write().twins(tree(&[("d/a", Some("one@1"))]), tree(&[("d/a", Some("one@2"))])),
        ),
    ] {
        // `e` is a directory only where the case made it one; a delete of it is fine otherwise.
        convicts(case, guarantee, builder);
    }
}

#[test]
fn a_correct_run_is_acquitted_and_was_looked_at() {
    let nodes = &[("d", None), ("d/e", None), ("d/a", Some("second")), ("n/c", Some("x"))];
    let run = overwritten()
        .op(write("n/c", "x"), done())
        .op(mkdir("d/e"), done())
        .op(mkdir("d/e"), done())
        .op(write("d/b", "b"), done())
        .op(delete("d/b"), done())
        .op(delete("d/b"), done())
        .op(delete("d"), fail(Io))
        .op(read("d/never"), missing())
        .saw(Finished, read("d/a"), data("second"))
        .saw(Finished, exists("d/a"), truth(true))
        .saw(Finished, read("n/c"), data("x"))
        .saw(Finished, exists("n/c"), truth(true))
        .saw(Finished, read("d/b"), missing())
        .saw(Finished, exists("d/b"), truth(false))
        .saw(Finished, read("d"), fail(Io))
        .saw(Finished, exists("d"), truth(true))
        .saw(Finished, list("d"), names(&["a"]))
        .saw(Finished, list("n"), names(&["c"]))
        .saw(Finished, list("none"), names(&[]))
        .tree(Acknowledged(7), tree(nodes))
        .tree(Acknowledged(8), tree(nodes))
        .twins(tree(nodes), tree(nodes));
    let looked = [
        (ReadYourWrite, 3),
        (OverwriteReplaces, 1),
        (MissingIsError, 3),
        (WriteCreatesParents, 1),
        (ListExact, 3),
        (MkdirRecursive, 3),
        (DeleteIdempotent, 4),
        // The read and `exists` of `d/a`, which a delete of `d` could have taken, and the tree.
        (DeleteFilesOnly, 3),
        (DeterministicLayout, 1),
    ];
    acquits("correct", &looked, run);
}

#[test]
fn what_was_not_looked_at_is_not_counted() {
    let bare = Builder::calm();
    acquits("nothing", &[(ReadYourWrite, 0), (ListExact, 0), (DeterministicLayout, 0)], bare);
    let unread = one_write();
    acquits("unread", &[(ReadYourWrite, 0), (DeleteFilesOnly, 0)], unread);
}

#[test]
fn either_outcome_of_a_failed_write_is_legal() {
    for (got, is, listed) in [(data("one"), true, &["a"][..]), (data("x"), true, &["a"])] {
        let run =
            Builder::calm().set_up(write("d/a", "one"), done()).op(write("d/a", "x"), fail(Io));
        let run = finished(run, "d/a", got, is).saw(Finished, list("d"), names(listed));
        // Only the failure itself is a finding.
        convicts("failed overwrite", OverwriteReplaces, run);
    }
}
