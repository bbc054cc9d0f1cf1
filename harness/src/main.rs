//! The `crashworthy` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    crashworthy_harness::cli::main()
}
