//! What actors saw of one another in schedules that kill nobody.

use crashworthy::{
    ErrorKind::{Conflict, InvalidPath, Io},
    Guarantee::{
        CrashIsolated, LastWriteWins, Linearizable, NoSpuriousError, NoTornRead, SameContentSafe,
    },
};

use super::{
    super::evidence_builder::{
        broken, data, delete, done, exists, fail, list, missing, mkdir, names, read, truth, write,
    },
    Builder, acquits, refutes,
};
use crate::{judge::Docket, scenario::Plant, trace::Trace};

/// A file with an old value, and two actors.
fn overwrite() -> Builder {
    Builder::concurrent(&["writer", "reader"], &[]).set_up(write("d/a", "old"), done())
}

/// No file yet, and three actors.
fn store() -> Builder {
    Builder::concurrent(&["one", "two", "reader"], &[])
}

#[test]
fn what_is_right_convicts_nobody() {
    let beside = overwrite()
        .by(0, (0, 5), write("d/a", "new"), done())
        .by(1, (1, 2), read("d/a"), data("old"))
        .by(1, (3, 4), read("d/a"), data("new"))
        .by(1, (6, 7), list("d"), names(&["a"]))
        .quiet(read("d/a"), data("new"))
        .quiet(exists("d/a"), truth(true))
        .quiet(list("d"), names(&["a"]));
    acquits(
        "a read of each value",
        &[
            (NoTornRead, 3),
            (LastWriteWins, 1),
            // Six answers about the file, two lists.
            (Linearizable, 8),
            (NoSpuriousError, 4),
            (SameContentSafe, 0),
            (CrashIsolated, 0),
        ],
        beside,
    );
    let same = store()
        .by(0, (0, 3), write("d/a", "same"), done())
        .by(1, (1, 5), write("d/a", "same"), done())
        .by(2, (2, 4), read("d/a"), missing())
        .quiet(read("d/a"), data("same"))
        .quiet(exists("d/a"), truth(true));
    acquits("absent before the first acknowledgement", &[(SameContentSafe, 5)], same);
    let races = store()
        .by(0, (0, 3), write("d/a", "x"), done())
        .by(1, (1, 2), delete("d/a"), done())
        .quiet(read("d/a"), missing())
        .quiet(exists("d/a"), truth(false));
    acquits("a write and a delete at once", &[(LastWriteWins, 1), (Linearizable, 2)], races);
    let failed = overwrite()
        .refusing(write("d/a", "new"))
        .by(0, (0, 1), write("d/a", "new"), fail(InvalidPath))
        .by(1, (2, 3), read("d/a"), data("new"))
        .quiet(read("d/a"), data("new"));
    acquits("a refused write may have happened", &[(NoSpuriousError, 1)], failed);
}

#[test]
fn a_failed_change_may_be_the_last_one() {
    for last in ["old", "new"] {
        let failed =
            overwrite().by(0, (0, 1), write("d/a", "new"), fail(Io)).quiet(read("d/a"), data(last));
        refutes(
            last,
            &[NoSpuriousError],
            "writer got the error Io from writeFile of `d/a`; an acknowledgement would have been right, whoever else \
             is active",
            failed,
        );
    }
}

#[test]
fn a_torn_value_convicts_all_who_look_at_values() {
    let torn = overwrite()
        .by(0, (0, 3), write("d/a", "new"), done())
        .by(1, (1, 2), read("d/a"), data("ne"))
        .quiet(read("d/a"), data("new"));
    refutes(
        "seen meanwhile",
        &[NoTornRead, Linearizable],
        "reader read `d/a` and got \"ne\", which nobody wrote; one of \"old\" or \"new\" would have been right",
        torn,
    );
    let mixed = store()
        .by(0, (0, 3), write("d/a", "11"), done())
        .by(1, (1, 2), write("d/a", "22"), done())
        .quiet(read("d/a"), data("12"));
    refutes(
        "left in the end",
        &[NoTornRead, LastWriteWins, Linearizable],
        "when all had finished, a fresh process read `d/a` and got \"12\", which nobody wrote; one of \"11\" or \"22\" \
         would have been right",
        mixed,
    );
    let early =
        store().by(2, (0, 1), read("d/a"), data("x")).by(0, (2, 3), write("d/a", "x"), done());
    refutes(
        "read before it was written",
        &[NoTornRead, Linearizable],
        "reader read `d/a` and got \"x\", which nobody wrote; an error for a missing file would have been right",
        early,
    );
}

#[test]
fn reading_backwards_in_time_is_not_linearizable() {
    let stale = overwrite()
        .by(0, (0, 7), write("d/a", "new"), done())
        .by(1, (1, 2), read("d/a"), data("new"))
        .by(1, (3, 4), read("d/a"), data("old"))
        .quiet(read("d/a"), data("new"));
    refutes(
        "read twice",
        &[Linearizable],
        "reader read `d/a` and got \"old\"; \"new\" would have been right: no order of the operations on it explains \
         that",
        stale,
    );
    let gone = overwrite()
        .by(0, (0, 5), write("d/a", "new"), done())
        .by(1, (1, 2), exists("d/a"), truth(false))
        .quiet(read("d/a"), data("new"));
    refutes(
        "deleted before the rename",
        &[Linearizable],
        "reader asked whether `d/a` exists and got false; true would have been right: no order of the operations on \
         it explains that",
        gone,
    );
    let unlisted = overwrite()
        .by(0, (0, 5), write("d/a", "new"), done())
        .by(1, (1, 2), list("d"), names(&[]))
        .quiet(read("d/a"), data("new"));
    refutes(
        "missing in a list",
        &[Linearizable],
        "reader listed `d` and did not find `d/a`; the contrary would have been right: no order of the operations on \
         it explains that",
        unlisted,
    );
    let twice = overwrite()
        .by(0, (0, 5), write("d/a", "new"), done())
        .by(1, (1, 2), list("d"), names(&["a", "a"]))
        .quiet(read("d/a"), data("new"));
    refutes(
        "twice in a list",
        &[Linearizable],
        "reader listed `d` and found `d/a` twice; each file once would have been right, whoever else is active",
        twice,
    );
    let temporary = overwrite()
        .by(0, (0, 5), write("d/a", "new"), done())
        .by(1, (1, 2), list("d"), names(&["a", "a.x7g2.tmp"]))
        .quiet(read("d/a"), data("new"));
    refutes(
        "a temporary file in a list",
        &[Linearizable],
        "reader listed `d` and found an internal `.tmp` file in `d`, which nobody stored; only stored files would have \
         been right",
        temporary,
    );
}

#[test]
fn a_list_may_see_each_file_at_a_moment_of_its_own() {
    let torn_list = store()
        .by(2, (0, 5), list("d"), names(&["b"]))
        .by(0, (1, 2), write("d/a", "x"), done())
        .by(0, (3, 4), write("d/b", "x"), done())
        .quiet(read("d/a"), data("x"))
        .quiet(read("d/b"), data("x"));
    acquits("the later one only", &[(Linearizable, 5)], torn_list);
}

#[test]
fn a_write_that_was_replaced_must_not_come_back() {
    let lost = store()
        .by(0, (0, 1), write("d/a", "1"), done())
        .by(1, (2, 3), write("d/a", "2"), done())
        .quiet(read("d/a"), data("1"));
    refutes(
        "the first of two",
        &[LastWriteWins, Linearizable],
        "when all had finished, a fresh process read `d/a` and got \"1\"; \"2\" would have been right, which no \
         acknowledged change follows",
        lost,
    );
    let undone = overwrite()
        .by(0, (0, 1), delete("d/a"), done())
        .quiet(read("d/a"), data("old"))
        .quiet(exists("d/a"), truth(true));
    refutes(
        "a delete without effect",
        &[LastWriteWins, Linearizable],
        "when all had finished, a fresh process read `d/a` and got \"old\"; an error for a missing file would have been \
         right, which no acknowledged change follows",
        undone,
    );
}

#[test]
fn identical_bytes_disturb_nobody() {
    let failed = store()
        .by(0, (0, 3), write("d/a", "same"), done())
        .by(1, (1, 2), write("d/a", "same"), fail(Conflict))
        .quiet(read("d/a"), data("same"));
    refutes(
        "the second one fails",
        &[SameContentSafe, NoSpuriousError],
        "two wrote `d/a` and got the error Conflict; an acknowledgement would have been right: all writers wrote the \
         same bytes",
        failed,
    );
    let vanishes = store()
        .by(0, (0, 1), write("d/a", "same"), done())
        .by(1, (2, 5), write("d/a", "same"), done())
        .by(2, (3, 4), read("d/a"), missing())
        .quiet(read("d/a"), data("same"));
    refutes(
        "absent after the first acknowledgement",
        &[Linearizable, SameContentSafe],
        "reader read `d/a` and got the error NotFound; \"same\" would have been right: no order of the operations on it \
         explains that",
        vanishes,
    );
    let different = store()
        .by(0, (0, 3), write("d/a", "same"), done())
        .by(1, (1, 2), write("d/a", "other"), done())
        .quiet(read("d/a"), data("same"));
    acquits("not the same bytes", &[(SameContentSafe, 0)], different);
    let alone = overwrite()
        .by(0, (0, 1), write("d/a", "same"), done())
        .by(0, (2, 3), write("d/a", "same"), done())
        .quiet(read("d/a"), data("same"));
    acquits("one actor", &[(SameContentSafe, 0)], alone);
}

#[test]
fn what_fails_alone_as_well_is_nobodys_error() {
    let obstructed = store()
        .by(0, (0, 1), write("d", "a file"), fail(Io))
        .by(1, (2, 3), write("d/a", "below it"), fail(Io))
        .by(2, (4, 5), mkdir("d"), fail(Io))
        .by(2, (6, 7), list("d"), fail(Io))
        .by(2, (8, 9), read("../x"), fail(Io));
    acquits(
        "a file and a directory at one path",
        &[(NoSpuriousError, 0), (Linearizable, 0)],
        obstructed,
    );
    let stuck = overwrite().by(0, (0, 3), write("d/a", "new"), broken());
    refutes(
        "no proper answer",
        &[NoSpuriousError],
        "writer got no proper answer (it exited with status 101) from writeFile of `d/a`; an acknowledgement would \
         have been right, whoever else is active",
        stuck,
    );
    let read_error = overwrite().by(1, (0, 3), read("d/a"), fail(Io));
    refutes(
        "a read that fails",
        &[NoSpuriousError],
        "reader got the error Io from readFile of `d/a`; a value or an error for a missing file would have been \
         right, whoever else is active",
        read_error,
    );
}

/// Twenty writers of ten values, and a reader that sees each of them twice, which is right, and then one of them once
/// more: there are many orders to be tried before that is known to be wrong.
#[test]
fn what_is_too_hard_is_not_judged() {
    let names: Vec<String> = (0..20).map(|writer| format!("writer-{writer}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["reader"]).collect();
    let mut hard = Builder::concurrent(&names, &[]).judging(Linearizable);
    for writer in 0..20 {
        let value = format!("{}", writer % 10);
        hard =
            hard.by(writer, (writer as u64, 1_000 + writer as u64), write("d/a", &value), done());
    }
    for at in 0..21 {
        let value = format!("{}", at % 10);
        hard = hard.by(20, (100 + 2 * at, 101 + 2 * at), read("d/a"), data(&value));
    }
    let evidence = hard.build();
    let mut docket = Docket::default();
    docket.judge(&evidence, &Trace::default(), &Trace::default());
    assert!(
        docket
            .entry(Linearizable, evidence.strike.model())
            .is_some_and(|it| it.trials == 0 && it.case.is_none())
    );
    let doubts: Vec<_> = docket.doubts(Linearizable).collect();
    assert_eq!(
        doubts,
        [
            "no order of the operations on `d/a` was found, nor that there is none, among 100000 configurations"
        ]
    );
}

#[test]
fn a_planted_file_may_be_anything_until_it_is_written() {
    let plant = || Plant::File { path: "d/a".into(), data: "planted".into() };
    for outcome in [data("planted"), missing()] {
        let planted = overwrite_nothing().plant(plant()).by(1, (0, 1), read("d/a"), outcome);
        acquits("not written", &[(Linearizable, 1)], planted);
    }
    let settled = overwrite().plant(plant()).by(1, (0, 1), read("d/a"), data("planted"));
    refutes(
        "replaced in the set-up",
        &[Linearizable],
        "reader read `d/a` and got \"planted\"; \"old\" would have been right: no order of the operations on it explains \
         that",
        settled,
    );
}

fn overwrite_nothing() -> Builder {
    Builder::concurrent(&["writer", "reader"], &[])
}
