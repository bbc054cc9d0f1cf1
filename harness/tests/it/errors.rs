//! Every error that the command line can be made to show, as one page: what failed, on what, and what to do next.
//!
//! The page is made by real runs. A message that loses its next step changes it.

use std::{fmt::Write, fs, path::Path};

use crate::{command, program};

pub(crate) const TESTS: &[crate::Test] = &[("errors::say_what_to_do_next", say_what_to_do_next)];

/// Commands that are wrong, in words; `HOSTILE` is a program that is no backend.
const WRONG: &[&[&str]] = &[
    &["certfy"],
    &["certify", "--profil", "quick"],
    &["certify", "--time-budget", "soon"],
    &["certify", "--operation-timeout", "0s"],
    &["certify", "--memory-limit", "1"],
    &["certify", "--jobs", "0"],
    &["certify", "--options", "[1]"],
    &["certify", "--options", "{"],
    &["certify", "--guarantee", "atomic-write"],
    &["certify", "nosuch"],
    &["certify", "my_backend.py"],
    &["certify", "python3", "my_backend.py"],
    &["certify", "--claims", "misspelt.toml", "python3", "my_backend.py", "--seed", "7"],
    &["certify", "--seed", "7", "my_backend.py"],
    &["certify", "--", "nosuch", "--out", "here"],
    &["certify", "fs", "--", "python3", "my_backend.py"],
    &["certify", "--", "nosuch"],
    &["certify", "--", "./my_backend.py"],
    &["certify", "--", "./folder"],
    &["certify", "--scenario", "nosuch"],
    &["certify", "--scenario", "nosuch.toml"],
    &["certify", "--scenario", "empty.toml"],
    &["certify", "--claims", "nosuch.toml"],
    &["certify", "--claims", "empty.toml"],
    &["certify", "--claims", "syntax.toml"],
    &["certify", "--claims", "misspelt.toml"],
    &["certify", "--claims", "no-sentence.toml"],
    &["certify", "--claims", "later.toml"],
    &["certify", "--regressions", "nosuch"],
    &["certify", "--out", "my_backend.py/below"],
    &["replay", "nosuch.json"],
    &["replay", "syntax.toml"],
    &["replay", "folder"],
    &["replay", "old.json"],
    &["replay", "no-counterexample.json"],
    &["explain", "fsync"],
    &["explain", "nosuch"],
    &["list", "guarantee"],
    &["init"],
    &["init", "--language", "python"],
    &["completions", "csh"],
    &["man", "my_backend.py/below"],
    &["certify", "--baseline", "folder"],
    &["baseline", "update", "--from", "run", "nosuch/baseline.json"],
    &["compare", "run", "my_backend.py/below"],
    &["replay", "my_backend.py/below"],
    &["report", "my_backend.py"],
    &["report", "nosuch"],
    &["report", "run/certificate.json", "--out", "my_backend.py/below"],
];

/// Runs that end without a verdict, and say what helps.
const OPEN: &[&[&str]] = &[
    &["--", "python3", "HOSTILE", "exit", "x"],
    &["--", "python3", "HOSTILE", "garbage", "x"],
    &["--", "python3", "HOSTILE", "stray", "x"],
    &["--", "python3", "HOSTILE", "not-base64", "x"],
    &["--", "python3", "HOSTILE", "fault", "x"],
    &["--", "python3", "HOSTILE", "refuse-open", "x"],
    &["--", "python3", "HOSTILE", "old-protocol", "x"],
    &["--operation-timeout", "2s", "--", "python3", "HOSTILE", "hang", "x"],
    &["fs", "--claims", "no-claims.toml"],
    &["fs", "--time-budget", "1ns"],
    &["fs", "--options", "{\"durabilty\":\"none\"}"],
];

fn say_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let mut page = String::new();
    for words in WRONG {
        let run = command::run(folder.path(), words);
        assert_eq!((run.exit_code, run.stdout.as_str()), (2, ""), "{words:?}: {}", run.stderr);
        writeln!(page, "$ crashworthy {}\n{}\n", words.join(" "), run.stderr.trim()).unwrap();
    }
    let hostile = program::source("tests/it/subjects/hostile.py").display().to_string();
    for words in OPEN {
        let only = ["certify", "--guarantee", "read-your-write", "--scenario", "read-your-write"];
        let words = || only.iter().chain(*words).copied();
        let told: Vec<&str> = words().collect();
        let real: Vec<String> = words().map(|word| word.replace("HOSTILE", &hostile)).collect();
        let run = command::run(folder.path(), &real);
        assert_eq!(run.exit_code, 3, "{told:?}: {}{}", run.stdout, run.stderr);
        // The program's place is not the same on every machine, nor is where its line ends.
        let header = run.stdout.find("  profile").unwrap_or_default();
        let text = command::without_time(&run.stdout[header..]);
        writeln!(page, "$ crashworthy {}\n{}\n", told.join(" "), text.trim_end()).unwrap();
    }
    insta::assert_snapshot!("errors", page);
}

fn prepare(folder: &Path) {
    fs::create_dir(folder.join("folder")).unwrap();
    let run = folder.join("run/counterexamples");
    fs::create_dir_all(&run).unwrap();
    let sample = program::source("../reports/samples/fs");
    fs::copy(sample.join("certificate.json"), folder.join("run/certificate.json")).unwrap();
    for entry in fs::read_dir(sample.join("counterexamples")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), run.join(entry.file_name())).unwrap();
    }
    for (name, text) in [
        ("my_backend.py", "print('hello')\n"),
        ("empty.toml", "schema = 1\n"),
        ("syntax.toml", "schema = 1\n[claims\n"),
        ("misspelt.toml", "schema = 1\n[claims]\nkil-atomic-write = \"yes\"\n"),
        ("no-sentence.toml", "schema = 1\n[claims]\nkill-atomic-write = \"\"\n"),
        ("later.toml", "schema = 2\n[claims]\n"),
        ("no-claims.toml", "schema = 1\n[claims]\n"),
        ("old.json", "{\"schema\": 0}\n"),
        ("no-counterexample.json", "{\"schema\": 1}\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}
