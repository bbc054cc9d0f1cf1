//! The `crashworthy` command itself, run as a person runs it: in a folder, with words.

use std::{ffi::OsStr, path::Path, process::Command};

/// What a run of the command gave.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit_code: i32,
}

/// Runs the command with `words` in `folder`.
pub(crate) fn run(folder: &Path, words: &[impl AsRef<OsStr>]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_crashworthy"))
        .args(words)
        .current_dir(folder)
        // Pages as wide as where nobody has a terminal.
        .env_remove("COLUMNS")
        // Where it is set, a baseline is not updated.
        .env_remove("CI")
        .output()
        .expect("the command was built with this test");
    Run {
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        exit_code: output.status.code().expect("it ends by itself"),
    }
}

/// A certificate's page without how long the run took.
pub(crate) fn without_time(page: &str) -> String {
    let line = |line: &str| match line.rsplit_once("in ") {
        Some((before, time)) if time.ends_with(" s") => format!("{before}in TIME"),
        _ => line.to_owned(),
    };
    page.lines().map(|text| line(text) + "\n").collect()
}
