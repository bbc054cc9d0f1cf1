//! The command line as people see it: every page of help says what the command does, shows examples, and only then
//! lists the options. Completions and manual pages are made of the same.

use clap::{Command, CommandFactory};

use super::{args::Arguments, exit};

/// Examples before options: whoever asks for help wants to copy a line.
const TEMPLATE: &str = "\
{about-with-newline}
{before-help}{usage-heading} {usage}

{all-args}{after-help}";

const ROOT: &str = "\
Examples:
  crashworthy certify                    the reference backend
  crashworthy init --language python     files for a backend of your own
  crashworthy certify --claims my_backend.claims.toml -- python3 my_backend.py
  crashworthy explain kill-atomic-write  what a guarantee means
  crashworthy replay reports/runs/fs/latest/counterexamples/path-fidelity.json";

/// The examples of each subcommand, by its name.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "certify",
        "\
Examples:
  crashworthy certify                    the reference backend
  crashworthy certify fs:documented      the same, as documented
  crashworthy certify --claims my.claims.toml -- node my_backend.mjs
  crashworthy certify --guarantee kill-atomic-write -- ./my-backend --flag
  crashworthy certify --scenario crash-during-write --seed 7
  crashworthy certify fs --options '{\"durability\":\"none\"}'
  crashworthy certify --profile nightly --time-budget 2h -- ./my-backend",
    ),
    (
        "merge",
        "\
Examples:
  crashworthy merge shard-1 shard-2 --out merged
  crashworthy merge shard-1 shard-2 --out merged --baseline crashworthy.json",
    ),
    (
        "baseline",
        "\
Examples:
  crashworthy baseline update crashworthy.json
  crashworthy baseline update --from reports/runs/fs/latest crashworthy.json
  crashworthy certify --baseline crashworthy.json",
    ),
    (
        "compare",
        "\
Examples:
  crashworthy compare reports/runs/fs/latest reports/runs/fs-documented/latest
  crashworthy compare before/certificate.json after --format markdown",
    ),
    (
        "replay",
        "\
Examples:
  crashworthy replay reports/runs/fs/latest/counterexamples/path-fidelity.json
  crashworthy replay path-fidelity.json -- python3 mended_backend.py",
    ),
    (
        "explain",
        "\
Examples:
  crashworthy explain kill-atomic-write
  crashworthy explain scenario           how to write one of your own
  crashworthy list guarantees            every ID that there is",
    ),
    (
        "events",
        "\
Examples:
  crashworthy events reports/runs/fs/latest/events.jsonl",
    ),
    (
        "report",
        "\
Examples:
  crashworthy report reports/runs/fs/latest
  crashworthy report reports/runs/fs/latest --bench bench.json
  crashworthy report merged --out merged.html",
    ),
    (
        "bench",
        "\
Examples:
  crashworthy bench                      the reference backend
  crashworthy bench fs fs,durability=none fs:documented
  crashworthy bench fs --time 60s --out bench.json -- python3 my_backend.py",
    ),
    (
        "list",
        "\
Examples:
  crashworthy list guarantees
  crashworthy list scenarios --format json",
    ),
    (
        "init",
        "\
Examples:
  crashworthy init                       here, in the project's language
  crashworthy init --language python my-backend
  crashworthy init --language rust       tests/certify.rs, lines in Cargo.toml",
    ),
    (
        "completions",
        "\
Examples:
  crashworthy completions bash > crashworthy.bash   and source it in ~/.bashrc
  crashworthy completions zsh > ~/.zfunc/_crashworthy
  crashworthy completions fish > ~/.config/fish/completions/crashworthy.fish",
    ),
    (
        "man",
        "\
Examples:
  crashworthy man | man -l -             read it
  crashworthy man ~/.local/share/man/man1",
    ),
];

/// The command line, with its examples.
pub(super) fn command() -> Command {
    let add = |command: Command| {
        let Some((examples, rest)) = told(command.get_name()) else { return command };
        let command = command.help_template(TEMPLATE).before_help(examples);
        if rest.is_empty() { command } else { command.after_help(rest) }
    };
    add(Arguments::command()).mut_subcommands(add)
}

/// The examples of the page of this command, and what stands at its end.
pub(super) fn told(command: &str) -> Option<(&'static str, &'static str)> {
    if command == Arguments::command().get_name() {
        return Some((ROOT, exit::told(None)));
    }
    let (name, examples) = EXAMPLES.iter().find(|(name, _)| *name == command)?;
    Some((examples, exit::told(Some(name))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of the pages in the snapshots.
    const WIDTH: usize = 80;

    #[test]
    fn every_page_shows_examples_before_options() {
        let mut command = command().term_width(WIDTH);
        command.build();
        let mut pages = vec![(String::from("crashworthy"), command.render_long_help().to_string())];
        for subcommand in command.get_subcommands_mut() {
            if subcommand.get_name() != "help" {
                let name = subcommand.get_name().to_owned();
                pages.push((name, subcommand.render_long_help().to_string()));
            }
        }
        for (name, page) in pages {
            let (examples, usage) = (page.find("Examples:"), page.find("Usage:"));
            assert!(examples.is_some() && examples < usage, "{name} has no examples: see EXAMPLES");
            // What is wrapped cannot be copied.
            let shown = &page[examples.unwrap_or_default()..usage.unwrap_or_default()];
            let lines = shown.lines().skip(1).filter(|line| !line.is_empty());
            for line in lines {
                assert!(line.starts_with("  crashworthy "), "{name}: {line}");
            }
            insta::assert_snapshot!(format!("help_{name}"), page);
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    /// An example that this version refuses would be the worst first line to copy.
    #[test]
    fn examples_are_accepted() {
        let lines = EXAMPLES.iter().map(|(_, text)| *text).chain([ROOT]).flat_map(str::lines);
        let mut tried = 0;
        for line in lines.filter_map(|line| line.strip_prefix("  crashworthy")) {
            // A note stands after three or more blanks; a pipe or a redirection is the shell's.
            let line = line.trim_start().split("  ").next().expect("a part");
            let line = line.split(['|', '>']).next().expect("a part").replace('\'', "");
            let words = ["crashworthy"].into_iter().chain(line.split_whitespace());
            command().try_get_matches_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            tried += 1;
        }
        assert!(tried > 20, "{tried}");
    }
}
