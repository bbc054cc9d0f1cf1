//! What `crashworthy init` writes, tells and refuses, in folders of its own.

use clap::ValueEnum;
use crashworthy::Guarantee;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn names(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("below it");
                names.push(name.display().to_string());
            }
        }
    }
    names.sort();
    names
}

/// What is told, without where this test happens to run.
fn told(directory: &Path, language: Option<Language>) -> String {
    let text = match run(directory, language) {
        Ok(text) => text,
        Err(error) => format!("error: {error}\n"),
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    text.replace(&directory.display().to_string(), "DIR")
        .replace(&workspace.display().to_string(), "REPOSITORY")
}

#[test]
fn what_is_told() {
    for &language in Language::value_variants() {
        let folder = folder();
        let text = told(folder.path(), Some(language));
        insta::assert_snapshot!(format!("init_{language}"), text);
        for (name, _) in language.files() {
            assert!(folder.path().join(name).is_file(), "{name}");
        }
    }
}

#[test]
fn the_language_is_that_of_the_project() {
    for (language, sign) in Language::signs() {
        let folder = folder();
        fs::write(folder.path().join(sign), "[package]\nname = \"mine\"\n").expect("room");
        run(folder.path(), None).expect("it can be told");
        assert!(folder.path().join(language.backend()).is_file(), "{sign}");
    }
}

#[test]
fn a_rust_package_gets_its_test_target() {
    let folder = folder();
    let path = folder.path().join(MANIFEST);
    fs::write(&path, "[package]\nname = \"mine\"\n").expect("room");
    let text = told(folder.path(), None);
    assert!(text.contains("added the test target"), "{text}");
    let manifest = fs::read_to_string(path).expect("a manifest");
    assert!(manifest.contains("[[test]]\nname = \"certify\"\nharness = false"), "{manifest}");
}

#[test]
fn what_is_refused() {
    let mut all = String::new();
    let mut refuse = |what: &str, prepare: &dyn Fn(&Path), language: Option<Language>| {
        let folder = folder();
        prepare(folder.path());
        let before = names(folder.path());
        let text = told(folder.path(), language);
        assert_eq!(names(folder.path()), before, "{what}: it wrote all the same");
        let _ = writeln!(all, "{what}\n  {}", text.trim_end().replace('\n', "\n  "));
    };
    let put = |name: &'static str, text: &'static str| {
        move |folder: &Path| fs::write(folder.join(name), text).expect("room")
    };
    refuse("an empty folder", &|_| (), None);
    let both = |folder: &Path| {
        put("Cargo.toml", "")(folder);
        put("package.json", "")(folder);
    };
    refuse("two languages", &both, None);
    refuse("the backend exists", &put("my_backend.py", ""), Some(Language::Python));
    refuse("the adapter exists", &put("serve.mjs", ""), Some(Language::Node));
    let dangling = |folder: &Path| {
        std::os::unix::fs::symlink("nowhere", folder.join("my_backend.py")).expect("room");
    };
    refuse("a dangling link", &dangling, Some(Language::Python));
    refuse("a manifest that is no TOML", &put("Cargo.toml", "[package"), None);
    refuse("a workspace", &put("Cargo.toml", "[workspace]\n"), None);
    refuse("a manifest of another shape", &put("Cargo.toml", "test = 1\n[package]\n"), None);
    refuse("a file in the way of a folder", &put("tests", ""), Some(Language::Rust));
    insta::assert_snapshot!(all);
}

/// The test target of a Rust backend lists them itself, and is compiled as the test target `skeleton` of this package.
#[test]
fn the_rust_skeleton_names_every_guarantee() {
    let files = Language::Rust.files();
    for guarantee in Guarantee::ALL {
        let line = format!("Guarantee::{guarantee:?},");
        assert_eq!(files[0].1.matches(&line).count(), 1, "{guarantee}");
    }
}
