//! `crashworthy man`: the manual page, or all of them into a folder. Examples stand as they are, line by line: what is
//! filled cannot be copied.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory};
use clap_mangen::roff::{Roff, roman};

use super::{Stop, args::Arguments, help, print};

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write the pages of all subcommands, too, into this folder
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(super) fn man(arguments: &Man) -> Result<u8, Stop> {
    let Some(directory) = &arguments.directory else {
        print::bytes(&page(&command()).map_err(Stop::harness)?)?;
        return Ok(0);
    };
    fs::create_dir_all(directory).and_then(|()| write(&command(), directory)).map_err(|error| {
        Stop::usage(format!(
            "cannot write the manual pages to {}: {error}; name a folder that you may write to",
            directory.display()
        ))
    })?;
    let directory = directory.display();
    print::text(&format!("wrote the manual pages to {directory}\n"))?;
    Ok(0)
}

/// The command line; `help` has no page of its own.
fn command() -> Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Writes the pages of the command and of all below it.
fn write(command: &Command, directory: &Path) -> io::Result<()> {
    for subcommand in command.get_subcommands() {
        write(subcommand, directory)?;
    }
    let name = clap_mangen::Man::new(command.clone()).get_filename();
    fs::write(directory.join(name), page(command)?)
}

/// The page of one command: what its options are, and then its examples and exit codes.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    if let Some((examples, exit_codes)) = help::told(command.get_name()) {
        let mut end = Roff::new();
        end.control("SH", ["EXAMPLES"]).control("nf", []);
        for line in examples.lines().skip(1) {
            end.text([roman(line)]);
        }
        end.control("fi", []);
        if !exit_codes.is_empty() {
            end.control("SH", ["EXIT STATUS"]).text([roman(exit_codes)]);
        }
        end.to_writer(&mut page)?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_has_a_page_with_examples_that_stay_as_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        write(&command(), folder.path()).expect("there is room");
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
        for subcommand in command().get_subcommands() {
            let name = format!("crashworthy-{}.1", subcommand.get_name());
            let page = text(&name);
            let (_, examples) = page.split_once(".SH EXAMPLES\n.nf\n").expect(&name);
            let (examples, _) = examples.split_once(".fi\n").expect(&name);
            assert!(examples.lines().all(|line| line.starts_with("  crashworthy ")), "{examples}");
        }
        let page = text("crashworthy.1");
        assert!(page.contains(".SH EXAMPLES\n.nf\n") && page.contains("Exit codes:"), "{page}");
        // What a page refers to is written.
        for (at, name) in page.match_indices("crashworthy\\-") {
            let rest = page[at + name.len()..].split_once("(1)");
            let Some((subcommand, _)) = rest.filter(|(word, _)| !word.contains(' ')) else {
                continue;
            };
            text(&format!("crashworthy-{}.1", subcommand.replace('\\', "")));
        }
        assert!(!page.contains("crashworthy\\-help"), "{page}");
    }
}
