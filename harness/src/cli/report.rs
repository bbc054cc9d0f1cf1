//! `crashworthy report`.

use std::path::PathBuf;

use clap::Args;

use super::{Stop, print};
use crate::report::{
    html::{self, REPORT_FILE},
    runs,
};

#[derive(Debug, Args)]
pub(super) struct Report {
    /// The folder of a run, with its certificate.json
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// What it costs beside what it keeps: the file that `crashworthy bench --out` wrote
    #[arg(long, value_name = "FILE")]
    bench: Option<PathBuf>,

    /// Where the page goes [default: report.html in that folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn report(arguments: &Report) -> Result<u8, Stop> {
    let out = arguments.out.clone().unwrap_or_else(|| arguments.folder.join(REPORT_FILE));
    // What the page calls the run must not be another one's name after the next run.
    let folder = runs::of_link(&arguments.folder);
    html::write(&folder, arguments.bench.as_deref(), &out).map_err(Stop::usage)?;
    print::text(&format!("{}\n", out.display()))?;
    Ok(0)
}
