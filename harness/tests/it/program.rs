//! Programs: subjects in other languages, with where their interpreters and sources are, and the command itself.
//!
//! A test that needs an interpreter fails where there is none, and says so: a skipped test looks like a
//! passed one.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use crashworthy_harness::subject::Subject;

/// A file of this repository, from the harness's own directory.
pub(crate) fn source(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Python interpreter itself: what is on the PATH may be a version manager's slow wrapper.
pub(crate) fn python() -> &'static OsString {
    static PYTHON: OnceLock<OsString> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let output = Command::new("python3")
            .args(["-c", "import sys; sys.stdout.write(sys.executable)"])
            .output()
            .expect("this test needs `python3` on the PATH; install it");
        assert!(output.status.success(), "`python3` on the PATH does not run: {output:?}");
        String::from_utf8(output.stdout).expect("a path in UTF-8").into()
    })
}

/// Copies a file to where it can be executed, by anybody.
///
/// Another process does it: a descriptor that this one writes by is in every child that another test forks meanwhile,
/// and until that child executes its own program, the system refuses to execute the file (`ETXTBSY`).
pub(crate) fn install(from: &Path, to: &Path) {
    let status = Command::new("install")
        .args(["-m", "0755"])
        .args([from, to])
        .status()
        .expect("this test needs `install` (coreutils) on the PATH");
    assert!(status.success(), "`install` did not copy {} to {}", from.display(), to.display());
}

/// `python3 FILE ARGUMENTS…`
pub(crate) fn python_subject(file: &str, arguments: &[&str]) -> Subject {
    let mut words = vec!["-B".into(), source(file).into_os_string()];
    words.extend(arguments.iter().map(OsString::from));
    Subject::command(python(), &words).expect("the interpreter was found just now")
}

/// `node FILE`
pub(crate) fn node_subject(file: &str) -> Subject {
    Subject::command(&"node".into(), &[source(file).into_os_string()])
        .expect("this test needs `node` on the PATH; install it")
}

/// Runs the command in a folder, as a person would.
pub(crate) fn crashworthy(at: &Path, arguments: &[&str]) -> Output {
    crashworthy_with(at, arguments, &[])
}

/// The same with more variables.
pub(crate) fn crashworthy_with(
    at: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crashworthy"))
        .args(arguments)
        .current_dir(at)
        .env_remove("CI")
        .envs(variables.iter().copied())
        .output()
        .expect("the command is built with its tests")
}

/// All that it said.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // Lines are broken where the terminal is full, and those of a message begin with a bar.
    let all = (text(&output.stdout) + &text(&output.stderr)).replace('│', " ");
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}
