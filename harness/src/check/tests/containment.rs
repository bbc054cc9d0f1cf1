//! Reaching out of the root.

use crashworthy::{ErrorKind::InvalidPath, Guarantee::Confined};

use super::{acquits, convicts};
use crate::{
    check::evidence_builder::{
        Builder, broken, data, delete, done, exists, fail, list, missing, mkdir, names, read,
        truth, write,
    },
    scenario::{OUTSIDE_SECRET, Plant},
};

fn linked() -> Builder {
    let link =
        |path: &str, target: &str| Plant::Symlink { path: path.into(), target: target.into() };
    Builder::calm().plant(link("d/out", "{outside}")).plant(link("d/in", "../e")).judging(Confined)
}

#[test]
fn each_reach_out_convicts() {
    for (case, builder) in [
        ("changed", linked().outside("secret.txt was changed")),
        ("secret by dots", linked().op(read("../x/secret.txt"), data(OUTSIDE_SECRET))),
        (
            "secret within",
            linked().op(read("../x/secret.txt"), data(&format!("> {OUTSIDE_SECRET}"))),
        ),
        ("secret by link", linked().op(read("d/out/secret.txt"), data(OUTSIDE_SECRET))),
        (
            "secret by absolute path",
            linked().op(read("{outside}/secret.txt"), data(OUTSIDE_SECRET)),
        ),
        ("host file", linked().op(read("/etc/hostname"), data("host"))),
        ("listed by link", linked().op(list("d/out"), names(&["secret.txt"]))),
        ("listed by dots", linked().op(list("../x"), names(&["secret.txt"]))),
        ("siblings listed", linked().op(list(".."), names(&["root"]))),
        (
            "secret listed inside",
            linked().op(list("e"), names(&["secret.txt"])).op(write("e/secret.txt", "x"), done()),
        ),
        ("seen by dots", linked().op(exists("../x/secret.txt"), truth(true))),
        ("seen by detour", linked().op(exists("d/../../x"), truth(true))),
        ("seen by link", linked().op(exists("d/out/secret.txt"), truth(true))),
        (
            "seen by absolute link",
            linked()
                .plant(Plant::Symlink { path: "d/abs".into(), target: "/etc".into() })
                .op(exists("d/abs/hosts"), truth(true)),
        ),
        ("died", linked().op(write("a\0b", "x"), broken())),
    ] {
        let evidence = builder.clone().build();
        let refuted = crate::check::evidence_builder::refuted(&evidence);
        assert!(refuted.iter().any(|(id, _)| *id == Confined), "{case}: {refuted:#?}");
        // A list inside the root that shows the secret is also not exact.
        if case != "secret listed inside" {
            convicts(case, Confined, builder);
        }
    }
}

#[test]
fn refusals_and_opaque_keys_are_fine() {
    let run = linked()
        .op(write("../a", "x"), fail(InvalidPath))
        .op(read("../a"), fail(InvalidPath))
        .op(exists("../a"), truth(false))
        .op(delete("../a"), fail(InvalidPath))
        .op(mkdir("/tmp/x"), fail(InvalidPath))
        .op(list(".."), names(&[]))
        .op(write("", "x"), fail(InvalidPath))
        .op(read("d/out/secret.txt"), missing())
        .op(write("d/out/a", "x"), fail(InvalidPath))
        .op(exists("d/out"), truth(true));
    acquits("refused", &[(Confined, 11)], run);
    let run = linked()
        .op(write("../x/secret.txt", "mine"), done())
        .op(read("../x/secret.txt"), data("mine"))
        .op(exists("../x/secret.txt"), truth(true))
        .op(exists("../x"), truth(true))
        .op(list("../x"), names(&["secret.txt"]))
        .op(write("e/secret.txt", "mine"), done())
        .op(list("e"), names(&["secret.txt"]))
        .op(read("d/../e/secret.txt"), data("mine"))
        .op(exists("d/../e"), truth(true))
        .op(exists("d/in/secret.txt"), truth(true));
    acquits("opaque", &[(Confined, 9)], run);
}
