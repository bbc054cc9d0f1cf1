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
        clap_mangen::Man::new(help::with_examples_last())
            .render(&mut page)
            .map_err(Stop::harness)?;
        print::bytes(&page)?;
        return Ok(0);
    };
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(help::with_examples_last(), directory))
        .map_err(|error| {
            Stop::usage(format!(
                "cannot write the manual pages to {}: {error}; name a folder that you may write to",
                directory.display()
            ))
        })?;
    let directory = directory.display();
    print::text(&format!("wrote the manual pages to {directory}\n"))?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_has_a_page_with_examples() {
        let folder = tempfile::tempdir().expect("a folder");
        clap_mangen::generate_to(help::with_examples_last(), folder.path()).expect("room");
        for subcommand in help::command().get_subcommands() {
            let name = format!("crashworthy-{}.1", subcommand.get_name());
            let page = fs::read_to_string(folder.path().join(&name)).expect(&name);
            assert!(page.contains("Examples:"), "{name}");
        }
        let page = fs::read_to_string(folder.path().join("crashworthy.1")).expect("the first page");
        assert!(page.contains("Examples:") && page.contains("Exit codes:"), "{page}");
    }
}
