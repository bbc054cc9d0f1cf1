//! `crashworthy report`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Stop, print};
use crate::report::{
    certificates,
    files::CERTIFICATE_FILE,
    html::{self, REPORT_FILE, WriteError},
    runs,
};

#[derive(Debug, Args)]
pub(super) struct Report {
    /// A certificate, or the folder of its run
    #[arg(value_name = "CERTIFICATE")]
    run: PathBuf,

    /// What it costs beside what it keeps: the file that `crashworthy bench --out` wrote
    #[arg(long, value_name = "FILE")]
    bench: Option<PathBuf>,

    /// Where the page goes [default: report.html beside the certificate]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn report(arguments: &Report) -> Result<u8, Stop> {
    let folder = folder(&arguments.run);
    let out = arguments.out.clone().unwrap_or_else(|| folder.join(REPORT_FILE));
    // What the page calls the run must not be another one's name after the next run.
    let folder = runs::of_link(&folder);
    html::write(&folder, arguments.bench.as_deref(), &out).map_err(|error| match error {
        // The files of a run go to a directory of theirs, and the page to a file.
        WriteError::Write(error) => Stop::usage(format!(
            "cannot write {}: {}; choose another file with --out",
            out.display(),
            error.kind()
        )),
        error => Stop::usage(error),
    })?;
    print::text(&format!("{}\n", out.display()))?;
    Ok(0)
}

/// The folder of the run that a person means, who may name its certificate as well.
fn folder(run: &Path) -> PathBuf {
    let file = certificates::file(run);
    match file.parent() {
        Some(folder) if file.ends_with(CERTIFICATE_FILE) => folder.to_owned(),
        _ => run.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_run_is_named_by_its_folder_or_its_certificate() {
        let root = tempfile::tempdir().expect("there is room");
        let (runs, latest) = (root.path().join("runs"), root.path().join("runs/latest"));
        fs::create_dir_all(&latest).expect("there is room");
        fs::write(latest.join(CERTIFICATE_FILE), "{}").expect("there is room");
        for named in [&runs, &latest, &latest.join(CERTIFICATE_FILE)] {
            assert_eq!(folder(named), latest, "{}", named.display());
        }
        assert_eq!(folder(Path::new(CERTIFICATE_FILE)), Path::new(""));
        assert_eq!(folder(Path::new("nosuch")), Path::new("nosuch"));
    }
}
