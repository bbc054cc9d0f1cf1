//! `crashworthy events`: what a run did, from the events that it left.

use std::path::PathBuf;

use clap::Args;

use super::{Stop, print};
use crate::report::events;

/// What the command takes.
#[derive(Debug, Args)]
pub(super) struct Events {
    /// The events.jsonl of a run, whole or cut short, or the folder of the run
    pub(super) file: PathBuf,
}

/// Tells what is there, and, where it is not the whole of a run, so: that is a usage error, for whoever builds on
/// a stream is to learn that it is cut.
pub(super) fn events(arguments: &Events) -> Result<u8, Stop> {
    let file = if arguments.file.is_dir() {
        arguments.file.join(events::FILE)
    } else {
        arguments.file.clone()
    };
    let account = events::read(&file).map_err(Stop::usage)?;
    print::text(&account.to_string())?;
    match account.trouble() {
        None => Ok(0),
        Some(trouble) => Err(Stop::usage(format!("{}: {trouble}", file.display()))),
    }
}
