//! Reads of a file that has changed since it was stored.

use crashworthy::{
    ErrorKind::{Corrupt, NotFound},
    Guarantee::BitrotDetected,
};

use super::{
    super::evidence_builder::{broken, data, done, fail, missing, read, tree, write},
    Builder, acquits, convicts,
};
use crate::{
    fault::{Damage, Strike},
    history::{
        Moment, Outcome,
        Phase::{Damaged, Undamaged},
    },
};

/// A file that held "right" on disk and in the answers is damaged.
fn rotten(damage: Damage) -> Builder {
    stored(damage, "d/a", data("right"))
}

fn stored(damage: Damage, path: &str, undamaged: Outcome) -> Builder {
    Builder::new(Strike::BitRot { path: path.into(), damage })
        .op(write("d/a", "right"), done())
        .tree(Moment::Stored, tree(&[("d", None), ("d/a", Some("right")), ("d/x", Some("x"))]))
        .saw(Undamaged, read("d/a"), undamaged)
}

fn flip() -> Damage {
    Damage::Flip { offset: 1, mask: 1 }
}

#[test]
fn errors_and_right_bytes_convict_nobody() {
    let damages = [flip(), Damage::Zero { offset: 0, length: 5 }, Damage::Truncate { length: 4 }];
    for damage in damages {
        for answer in [fail(Corrupt), fail(NotFound), data("right")] {
            acquits(
                &format!("{answer:?}"),
                &[(BitrotDetected, 1)],
                rotten(damage).saw(Damaged, read("d/a"), answer),
            );
        }
    }
}

#[test]
fn wrong_bytes_convict() {
    for wrong in ["rhght", "", "righ", "right!", "\0\0\0\0\0"] {
        convicts(wrong, BitrotDetected, rotten(flip()).saw(Damaged, read("d/a"), data(wrong)));
    }
    let elsewhere = stored(flip(), "d/a", data("right"))
        .saw(Undamaged, read("d/b"), data("neighbour"))
        .saw(Damaged, read("d/a"), fail(Corrupt))
        .saw(Damaged, read("d/b"), data("nejghbour"));
    convicts("of another path", BitrotDetected, elsewhere);
    let risen = stored(flip(), "d/a", missing()).saw(Damaged, read("d/a"), data("right"));
    convicts("of a file that was not there", BitrotDetected, risen);
}

#[test]
fn the_finding_says_what_was_done_and_what_would_have_been_right() {
    let found = |run: Builder| match &super::refuted(&run.build())[..] {
        [(BitrotDetected, summary)] => summary.clone(),
        other => panic!("one finding: {other:?}"),
    };
    assert_eq!(
        found(rotten(flip()).saw(Damaged, read("d/a"), data("rhght"))),
        "byte 1 of `d/a` was flipped (0x69 -> 0x68), and a fresh process then read `d/a` and got \
         \"rhght\", wrong from byte 1 on; \"right\" or an error would have been right"
    );
    let long = |first: &str| data(&format!("{first}{}", "x".repeat(99)));
    assert_eq!(
        found(stored(flip(), "d/a", long("r")).saw(Damaged, read("d/a"), long("w"))),
        "byte 1 of `d/a` was flipped (0x69 -> 0x68), and a fresh process then read `d/a` and got \
         100 bytes, wrong from byte 0 on; what was stored or an error would have been right"
    );
    assert_eq!(
        found(stored(flip(), "d/a", missing()).saw(Damaged, read("d/a"), data(""))),
        "byte 1 of `d/a` was flipped (0x69 -> 0x68), and a fresh process then read `d/a` and got \
         empty bytes; an error would have been right"
    );
}

/// A process that dies has returned nothing wrong, and has kept no promise either.
#[test]
fn no_answer_is_no_comparison() {
    let died = rotten(flip()).saw(Damaged, read("d/a"), broken());
    acquits("died", &[(BitrotDetected, 0)], died);
    let beside = stored(flip(), "d/a", data("right"))
        .saw(Undamaged, read("d/b"), data("neighbour"))
        .saw(Damaged, read("d/b"), data("neighbour"))
        .saw(Damaged, read("d/a"), broken());
    acquits("died beside a right answer", &[(BitrotDetected, 0)], beside);
    let unknown = stored(flip(), "d/a", broken()).saw(Damaged, read("d/a"), data("whatever"));
    acquits("nobody knows what is right", &[(BitrotDetected, 0)], unknown);
}

#[test]
fn without_damage_nothing_is_compared() {
    let wrong = |run: Builder| run.saw(Damaged, read("d/a"), data("wrong"));
    let nothing = [
        ("no bit", rotten(Damage::Flip { offset: 1, mask: 0 })),
        ("beyond the end", rotten(Damage::Flip { offset: 5, mask: 1 })),
        ("no such file", stored(flip(), "d/gone", data("right"))),
        ("no file", stored(flip(), "d", data("right"))),
        ("no strike", Builder::calm().op(write("d/a", "wrong"), done())),
    ];
    for (case, run) in nothing {
        acquits(case, &[(BitrotDetected, 0)], wrong(run));
    }
}
