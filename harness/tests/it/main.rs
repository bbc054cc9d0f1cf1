//! The engine against real processes: broken backends that it must convict, sound ones that it must acquit,
//! and programs that are no backends at all.
//!
//! The target has no harness of its own making: the executable is also the worker of its canaries.

mod campaign;
mod canaries;

use std::process::ExitCode;

use crashworthy_harness::subject;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut backends = subject::backends();
    backends.extend(canaries::backends());
    subject::become_worker_if_asked(&backends);

    let tests = [canaries::tests()].into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
