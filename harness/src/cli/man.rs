//! `crashworthy man`: the manual page, or all of them into a folder.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Stop, help, print};

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write the pages of all subcommands, too, into this folder
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn man(arguments: &Man) -> Result<u8, Stop> {
    let Some(directory) = &arguments.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(help::command()).render(&mut page).map_err(Stop::harness)?;
        return Ok(print::all(&page));
    };
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(help::command(), directory))
        .map_err(|error| {
            Stop::usage(format!(
                "cannot write the manual pages to {}: {error}; name a folder that you may write to",
                directory.display()
            ))
        })?;
    let directory = directory.display();
    Ok(print::all(format!("wrote the manual pages to {directory}\n").as_bytes()))
}
