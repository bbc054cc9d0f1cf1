//! What authors of scenario files see when they make a mistake, and that no scenario is lost when
//! it is saved.

use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;

use super::*;
use crate::{
    history::Invocation,
    scenario::{Plant, to_toml},
    subject::Bytes,
};

const MINIMAL: &str = r#"schema = 1
name = "minimal"
title = "One write"
judges = ["read-your-write"]

[[actors]]
operations = [{ write = "a", data = "x" }]
"#;

/// The pages that say how a scenario file is written, and the place of the example in each.
const PAGES: [(&str, &str); 2] = [
    ("scenarios/README.md", crate::report::explain::SCENARIO_FILES),
    ("README.md", include_str!("../../../../README.md")),
];

/// Who writes the first file begins with a copy of the example.
#[test]
fn the_examples_of_the_pages_load() {
    for (name, page) in PAGES {
        let blocks = page.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
        let example =
            blocks.into_iter().find(|block| block.contains("judges")).expect("an example");
        let scenario = from_str(name, example).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!scenario.faults.is_empty() && !scenario.actors.is_empty(), "{name}");
    }
}

#[test]
fn the_page_names_all_that_a_file_may_hold() {
    let (_, page) = PAGES[0];
    let faults = FaultKind::VARIANTS.iter().map(ToString::to_string);
    let words = KEYS.map(str::to_owned).into_iter().chain(faults);
    for word in words {
        assert!(page.contains(&format!("\n| `{word}` |")), "{word} has no row");
    }
    for word in operation::listing().split(", ").chain(["times", "file", "directory", "symlink"]) {
        let (table, bare) = (format!("`{{ {word} = "), format!("`\"{word}\"`"));
        let alone = format!("`{word} = ");
        let is_told =
            [table, bare, alone].iter().any(|form| page.replace('\n', " ").contains(form));
        assert!(is_told, "{word} is not shown");
    }
    assert!(page.contains("{n}") && page.contains(crate::scenario::OUTSIDE));
    assert!(page.contains("{ bytes = ") && page.contains("{ base64 = "));
}

/// The diagnostic for `text` as a person reads it, without colour and 100 columns wide.
fn diagnostic(text: &str) -> String {
    let error = from_str("scenarios/example.toml", text).expect_err("the text has a mistake");
    let mut out = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false)
        .render_report(&mut out, &error)
        .expect("writing to a string cannot fail");
    out
}

/// [`MINIMAL`] with one line replaced (or added at the end of the top-level keys).
fn with(line: &str) -> String {
    let key = line.split(" =").next().unwrap_or_default();
    let (head, actors) = MINIMAL.split_once("\n[[actors]]\n").expect("it has an actor");
    let mut lines: Vec<_> =
        head.lines().filter(|line| line.split(" =").next() != Some(key)).collect();
    lines.push(line);
    format!("{}\n\n[[actors]]\n{actors}", lines.join("\n"))
}

fn with_operations(operations: &str) -> String {
    MINIMAL.replace(r#"{ write = "a", data = "x" }"#, operations)
}

/// Every mistake that the loader tells apart: what it is, and a text that has it.
fn mistakes() -> Vec<(&'static str, String)> {
    vec![
        ("not toml", with("title = \"never closed")),
        ("schema of the future", with("schema = 2\ncolour = \"red\"")),
        ("schema missing", MINIMAL.replace("schema = 1\n", "")),
        ("schema of wrong type", with("schema = \"1\"")),
        ("name missing", MINIMAL.replace("name = \"minimal\"\n", "")),
        ("name not kebab case", with("name = \"Crash During_Write\"")),
        ("title of wrong type", with("title = 7")),
        ("title empty", with("title = \" \"")),
        ("key unknown", with("fault = [\"kill\"]")),
        ("key unlike any", with("dependencies = []")),
        (
            "guarantee unknown",
            with("judges = [\n  \"kill-atomic-write\",\n  \"kill-durable-akc\",\n]"),
        ),
        ("guarantee twice", with("judges = [\"confined\", \"path-fidelity\", \"confined\"]")),
        ("guarantees none", with("judges = []")),
        ("guarantees not an array", with("judges = \"confined\"")),
        ("fault unknown", with("faults = [\"kil\"]")),
        ("fault unlike any", with("faults = [\"earthquake\"]")),
        ("fault twice", with("faults = [\"kill\", \"kill\"]")),
        ("actors missing", MINIMAL.split("[[actors]]").next().unwrap().to_owned()),
        ("actors none", MINIMAL.split("[[actors]]").next().unwrap().to_owned() + "actors = []\n"),
        ("actor key unknown", MINIMAL.replace("operations", "operation")),
        (
            "actor name twice",
            format!("{MINIMAL}\n[[actors]]\nname = \"client\"\noperations = [\"recover\"]\n"),
        ),
        (
            "actors too many",
            format!(
                "{}{}",
                with("faults = [\"schedules\"]"),
                "[[actors]]\noperations = [\"recover\"]\n".repeat(4)
            ),
        ),
        ("schedules of one actor", with("faults = [\"schedules\"]")),
        (
            "kills of several actors",
            format!(
                "{}[[actors]]\noperations = [\"recover\"]\n",
                with("faults = [\"schedules\", \"kill\"]")
            ),
        ),
        (
            "several actors without schedules",
            format!("{MINIMAL}[[actors]]\noperations = [\"recover\"]\n"),
        ),
        ("operations none", with_operations("")),
        ("operation unknown", with_operations("{ wirte = \"a\", data = \"x\" }")),
        ("operation unknown word", with_operations("\"recovery\"")),
        ("operation without path", with_operations("\"read\"")),
        ("operation without verb", with_operations("{ data = \"x\" }")),
        ("operation with two verbs", with_operations("{ read = \"a\", delete = \"a\" }")),
        ("operation with stray key", with_operations("{ read = \"a\", data = \"x\" }")),
        ("operation of wrong type", with_operations("7")),
        ("operation path of wrong type", with_operations("{ read = true }")),
        ("recover as table", with_operations("{ recover = true }")),
        ("write without data", with_operations("{ write = \"a\" }")),
        ("too many times", with_operations("{ write = \"{n}\", data = \"x\", times = 10_001 }")),
        ("times without a number", with_operations("{ write = \"a\", data = \"x\", times = 3 }")),
        ("data of wrong type", with_operations("{ write = \"a\", data = 7 }")),
        ("data too large", with_operations("{ write = \"a\", data = { bytes = 67_108_865 } }")),
        ("data negative", with_operations("{ write = \"a\", data = { bytes = -1 } }")),
        ("data key unknown", with_operations("{ write = \"a\", data = { bytes = 1, sed = 1 } }")),
        ("data seed alone", with_operations("{ write = \"a\", data = { seed = 1 } }")),
        (
            "data in two forms",
            with_operations("{ write = \"a\", data = { base64 = \"\", bytes = 1 } }"),
        ),
        ("data not base64", with_operations("{ write = \"a\", data = { base64 = \"a*b=\" } }")),
        ("plant outside", with("plants = [{ file = \"../b\", data = \"x\" }]")),
        ("plant absolute", with("plants = [{ directory = \"/x\" }]")),
        (
            "plant in the directory beside the root",
            with("plants = [{ directory = \"{outside}/x\" }]"),
        ),
        ("plant unknown", with("plants = [{ simlink = \"a\", target = \"b\" }]")),
        ("plant without data", with("plants = [{ file = \"a\" }]")),
        (
            "plant through a link",
            with(
                "plants = [{ symlink = \"l\", target = \"{outside}\" }, { file = \"l/a\", data = \"x\" }]",
            ),
        ),
        ("plant twice", with("plants = [{ directory = \"a\" }, { file = \"a\", data = \"x\" }]")),
        ("plant target empty", with("plants = [{ symlink = \"a\", target = \"\" }]")),
        ("set up not an array", with("set-up = { write = \"a\", data = \"x\" }")),
    ]
}

#[test]
fn every_mistake_is_shown_at_its_place() {
    let gallery: Vec<_> = mistakes()
        .iter()
        .map(|(mistake, text)| format!("── {mistake} ──\n{}", diagnostic(text)))
        .collect();
    insta::assert_snapshot!("mistakes", gallery.join("\n"));
}

#[test]
fn reads_every_form() {
    let text = r#"
        schema = 1
        name = "every-form-2"
        title = "Everything that the format can say"
        judges = ["confined", "kill-atomic-write"]
        faults = [
            "kill", "torn", "nested-kill", "random-kill", "pause", "io-error", "short-write",
            "disk-full", "power-loss", "failed-sync", "kill-then-power-loss", "bit-rot"
        ]
        plants = [
            { file = "d/a", data = "half" },
            { directory = "d" },
            { symlink = "link", target = "{outside}/secret.txt" },
        ]
        set-up = [{ write = "../x", data = { base64 = "AP8=" } }]
        [[actors]]
        operations = [
            { write = "", data = { bytes = 3, seed = 7 } },
            { read = "a\u0000b" }, { list = "d" }, { create-directory = "e/f" },
            { exists = "x" }, { delete = "/x" }, "recover",
        ]
    "#;
    let scenario = from_str("every-form.toml", text).expect("the text is right");
    let path = String::from;
    let of_one = FaultKind::VARIANTS.iter().filter(|fault| !fault.is_of_several_actors());
    assert!(scenario.faults.iter().eq(of_one));
    assert_eq!(scenario.judges, [Guarantee::Confined, Guarantee::KillAtomicWrite]);
    assert_eq!(
        scenario.plants,
        [
            Plant::File { path: path("d/a"), data: "half".into() },
            Plant::Directory { path: path("d") },
            Plant::Symlink { path: path("link"), target: path("{outside}/secret.txt") },
        ]
    );
    let bytes = |bytes: &[u8]| Bytes::from(bytes.to_vec());
    assert_eq!(
        scenario.set_up,
        [Invocation::WriteFile { path: path("../x"), data: bytes(&[0, 255]) }]
    );
    let [write, rest @ ..] = scenario.workload() else { panic!("there are operations") };
    assert!(
        matches!(write, Invocation::WriteFile { path, data } if path.is_empty() && data.len() == 3)
    );
    assert_eq!(
        rest,
        [
            Invocation::ReadFile { path: path("a\0b") },
            Invocation::ListFiles { directory: path("d") },
            Invocation::CreateDirectory { path: path("e/f") },
            Invocation::Exists { path: path("x") },
            Invocation::DeleteFile { path: path("/x") },
            Invocation::Recover,
        ]
    );
    assert_eq!(from_str("saved.toml", &to_toml(&scenario)).expect("it was saved"), scenario);
}

#[test]
fn reads_several_actors() {
    let text = r#"
        schema = 1
        name = "several"
        title = "Several actors"
        judges = ["linearizable"]
        faults = ["schedules", "kill-one"]
        [[actors]]
        operations = ["recover"]
        [[actors]]
        operations = ["recover"]
        [[actors]]
        name = "reader"
        operations = [{ read = "a" }]
    "#;
    let scenario = from_str("several.toml", text).expect("the text is right");
    let names: Vec<_> = scenario.actors.iter().map(|actor| actor.name.as_str()).collect();
    assert_eq!(names, ["client", "client-2", "reader"]);
    assert!(scenario.faults.iter().all(|fault| fault.is_of_several_actors()));
    assert_eq!(from_str("saved.toml", &to_toml(&scenario)).expect("it was saved"), scenario);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let missing = from_file(&dir.path().join("no.toml")).expect_err("it is missing");
    assert!(missing.to_string().contains("no.toml"), "{missing}");
    assert!(matches!(from_file(dir.path()), Err(ScenarioError::Unreadable { .. })));

    let binary = dir.path().join("binary.toml");
    std::fs::write(&binary, b"schema = 1\n\xff\n").expect("a file");
    let error = from_file(&binary).expect_err("it is not text");
    assert_eq!(error.to_string(), "the file is not UTF-8");
}

fn any_data() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from),
        any::<String>().prop_map(|text| Bytes::from(text.as_str())),
    ]
}

fn any_operation() -> impl Strategy<Value = Invocation> {
    (0..7_u8, any::<String>(), any_data()).prop_map(|(verb, path, data)| match verb {
        0 => Invocation::WriteFile { path, data },
        1 => Invocation::ReadFile { path },
        2 => Invocation::ListFiles { directory: path },
        3 => Invocation::CreateDirectory { path },
        4 => Invocation::Exists { path },
        5 => Invocation::DeleteFile { path },
        _ => Invocation::Recover,
    })
}

prop_compose! {
    /// Any scenario that the format accepts.
    fn any_scenario()(
        name in "[a-z0-9]{1,4}(-[a-z0-9]{1,4}){0,3}",
        title in "[^\\n]{0,20}[a-z]",
        judges in proptest::sample::subsequence(Guarantee::ALL, 1..8),
        faults in proptest::sample::subsequence(FaultKind::VARIANTS, 0..=5),
        // Below directories of their own, so that no plant is in another one's way.
        plants in proptest::collection::vec((0..3_u8, "[^/\0.]{1,9}", "[^\0]{1,9}", any_data()), 0..4),
        set_up in proptest::collection::vec(any_operation(), 0..4),
        actors in proptest::collection::vec(proptest::collection::vec(any_operation(), 1..4), 1..3),
    ) -> Scenario {
        let plants = plants.into_iter().enumerate().map(|(index, (kind, name, target, data))| {
            let path = format!("{index}/{name}");
            match kind {
                0 => Plant::File { path, data },
                1 => Plant::Directory { path },
                _ => Plant::Symlink { path, target },
            }
        });
        let actors = actors.into_iter().enumerate().map(|(index, operations)| {
            Actor { name: format!("{title}{index}"), operations }
        });
        let actors: Vec<Actor> = actors.collect();
        let faults = if actors.len() > 1 {
            vec![FaultKind::Schedules]
        } else {
            faults.into_iter().filter(|fault| !fault.is_of_several_actors()).collect()
        };
        Scenario {
            plants: plants.collect(),
            actors,
            name, title, judges, faults, set_up,
        }
    }
}

proptest! {
    #[test]
    fn saving_loses_nothing(scenario in any_scenario()) {
        let text = to_toml(&scenario);
        let loaded = from_str("saved.toml", &text);
        prop_assert_eq!(loaded.map_err(|error| format!("{error}\n{text}")), Ok(scenario));
    }

    /// Nothing panics on input: every prefix and mutation of a good file loads or is refused.
    #[test]
    fn no_text_makes_it_panic(scenario in any_scenario(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut text = to_toml(&scenario);
        let mut at = at.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let _ = from_str("cut.toml", &text[..at]);
        text.insert(at, c);
        let _ = from_str("changed.toml", &text);
    }
}
