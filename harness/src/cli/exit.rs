//! Exit codes: the same number means the same thing of every command.

/// A claim was refuted, a counterexample reproduced, or something is worse than in the baseline.
pub(super) const REFUTED: u8 = 1;
/// The command line is wrong, or names something that is.
pub(super) const USAGE: u8 = 2;
/// What was to be measured was not.
pub(super) const NOT_MEASURED: u8 = 3;
/// The harness failed (`EX_SOFTWARE` of sysexits.h).
pub(super) const HARNESS: u8 = 70;
/// What a shell says of a command that Ctrl-C ended.
pub(super) const INTERRUPTED: u8 = 130;

/// What the exit codes of a subcommand mean, for the end of its help; empty where they say only whether it was done (0)
/// or could not be (2). Of the whole command, what they mean where it is not said.
pub(super) fn told(subcommand: Option<&str>) -> &'static str {
    match subcommand {
        None | Some("certify" | "merge") => {
            "Exit codes: 0 every claim upheld, 1 a claim refuted or something worse than in the baseline, 2 usage, 3 a \
             claim not measured, 70 the harness is the suspect, 130 interrupted a second time."
        }
        Some("replay") => {
            "Exit codes: 0 not reproduced, 1 reproduced, 2 usage, 3 it could not be run, 70 the harness is the suspect."
        }
        Some("bench") => {
            "Exit codes: 0 everything was measured, 2 usage or a subject that cannot be used, 3 something was not \
             measured, because a subject failed at it, 70 the harness is the suspect, 130 interrupted."
        }
        Some("events") => {
            "Exit codes: 0 the whole of a run, 2 usage, or a stream that is cut short."
        }
        Some(_) => "",
    }
}
