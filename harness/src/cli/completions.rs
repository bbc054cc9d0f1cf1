//! `crashworthy completions`: a script that completes the command line in a shell, with guarantees and built-in
//! backends among the words it knows.

use clap::{Args, Command, builder::PossibleValuesParser};
use clap_complete::Shell;

use super::{Stop, help, print};
use crate::subject;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// Whose script to print
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn completions(arguments: &Completions) -> Result<u8, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "crashworthy", &mut script);
    print::bytes(&script)?;
    Ok(0)
}

/// The command line with all that can be completed. The parser itself takes any subject, so that it can say more
/// than a list of names about one that is unknown.
fn command() -> Command {
    // Words of the command line live as long as the process, which ends when the script is printed.
    let backends: Vec<&'static str> =
        subject::backends().iter().map(|backend| &*backend.name().to_owned().leak()).collect();
    help::command().mut_subcommand("certify", |certify| {
        certify
            .mut_arg("subject", |subject| subject.value_parser(PossibleValuesParser::new(backends)))
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_knows_subcommands_guarantees_and_backends() {
        for &shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "crashworthy", &mut script);
            let script = String::from_utf8(script).expect("a script in UTF-8");
            let mut words = vec!["certify", "time-budget"];
            // What is no option but a value is completed by some shells only.
            if !matches!(shell, Shell::Elvish | Shell::PowerShell) {
                words.extend(["kill-atomic-write", "nightly"]);
            }
            if matches!(shell, Shell::Bash | Shell::Zsh) {
                // A colon is special to zsh, and escaped there.
                words.push("documented");
            }
            for word in words {
                assert!(script.contains(word), "{shell} does not know {word}");
            }
        }
    }
}
