//! `crashworthy compare`.

use std::path::PathBuf;

use super::{Stop, print};
use crate::{
    judge,
    report::{certificates, comparison, terminal},
};

/// Two certificates side by side: two backends, or one at two commits. Exit 0 whatever differs.
#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// A certificate, or the folder of a run
    a: PathBuf,

    /// Another one
    b: PathBuf,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t)]
    format: ComparisonFormat,
}

/// For whom a comparison is.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum ComparisonFormat {
    /// People at a terminal.
    #[default]
    Human,
    /// Programs.
    Json,
    /// People who read a pull request.
    Markdown,
}

pub(super) fn compare(arguments: &Compare) -> Result<u8, Stop> {
    let a = certificates::read(&arguments.a).map_err(Stop::usage)?;
    let b = certificates::read(&arguments.b).map_err(Stop::usage)?;
    let [file_a, file_b] = [&arguments.a, &arguments.b].map(|file| file.display().to_string());
    let both = judge::compare(&a, &b).of_files(file_a, file_b);
    let text = match arguments.format {
        ComparisonFormat::Human => terminal::comparison::render(&both, (true, terminal::width())),
        ComparisonFormat::Markdown => comparison::markdown(&both),
        ComparisonFormat::Json => {
            serde_json::to_string_pretty(&both).map_err(Stop::harness)? + "\n"
        }
    };
    print::text(&text)?;
    Ok(0)
}
