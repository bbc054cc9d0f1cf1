//! What `ARCHITECTURE.md` promises of the source, held by a test: headers, sizes, and who knows of whom.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file that grows past this is a plan to split it.
const LINES_MAX: usize = 600;
/// What is left over of a line at this column is not seen beside another file. rustfmt wraps code, and leaves comments.
const COLUMNS_MAX: usize = 120;
/// The files that may switch the lint against `unsafe` off, and nobody else.
const UNSAFE: &[&str] =
    &["harness/src/subject/worker.rs", "harness/src/trace/ptrace.rs", "harness/src/trace/spawn.rs"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the harness is in a workspace")
        .to_owned()
}

/// Every Rust file below `folder`, with its path relative to the workspace.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = workspace();
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "there is nothing in {folder}");
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("UTF-8");
            (path.strip_prefix(&root).expect("below the root").display().to_string(), text)
        })
        .collect()
}

fn all() -> Vec<(String, String)> {
    ["src", "tests", "benches", "harness/src", "harness/tests"]
        .into_iter()
        .flat_map(sources)
        .collect()
}

/// The code of a file without its comments, which may speak of anything.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in all() {
        assert!(text.starts_with("//!"), "{path} has no header");
    }
}

#[test]
fn no_file_is_longer_than_one_head_holds() {
    for (path, text) in all() {
        assert!(text.lines().count() <= LINES_MAX, "{path} is over {LINES_MAX} lines");
    }
}

#[test]
fn comments_are_wrapped() {
    for (path, text) in all() {
        for (number, line) in (1..).zip(text.lines()) {
            let comment = line.trim_start();
            // A table's row is one line.
            let is_prose = comment.starts_with("//") && !comment.starts_with("/// |");
            let fits = line.chars().count() <= COLUMNS_MAX;
            assert!(!is_prose || fits, "{path}:{number} is over {COLUMNS_MAX} columns");
        }
    }
}

#[test]
fn unsafe_code_is_where_it_is_said_to_be() {
    for (path, text) in all() {
        let allows = code(&text).any(|line| line.contains("allow(unsafe_code"));
        let allowed = UNSAFE.contains(&path.as_str()) || path.ends_with("tidy.rs");
        assert!(!allows || allowed, "{path} allows unsafe code");
    }
}

#[test]
fn checkers_and_judges_do_no_input_or_output() {
    for (path, text) in ["harness/src/check", "harness/src/judge"].into_iter().flat_map(sources) {
        for word in
            ["std::fs", "std::io", "std::process", "std::net", "std::env", "nix::", "rustix::"]
        {
            assert!(!code(&text).any(|line| line.contains(word)), "{path} uses {word}");
        }
    }
}

#[test]
fn tracing_knows_nothing_of_guarantees() {
    for (path, text) in sources("harness/src/trace") {
        for word in
            ["Guarantee", "crate::check", "crate::judge", "crate::report", "crate::scenario"]
        {
            assert!(!code(&text).any(|line| line.contains(word)), "{path} knows {word}");
        }
    }
}

#[test]
fn the_contract_knows_nothing_of_the_harness() {
    for (path, text) in ["src", "tests"].into_iter().flat_map(sources) {
        assert!(!code(&text).any(|line| line.contains("crashworthy_harness")), "{path}");
    }
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).expect("a manifest");
    let package = manifest.split("[package]").nth(1).expect("the root package");
    assert!(!package.contains("crashworthy-harness"), "the root package depends on the harness");
}
