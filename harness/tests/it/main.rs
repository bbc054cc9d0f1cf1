//! The engine against real processes: broken backends that it must convict, sound ones that it must acquit,
//! and programs that are no backends at all.
//!
//! The target has no harness of its own making: the executable is also the worker of its canaries.

mod campaign;
mod canaries;
mod controls;
mod determinism;
mod program;

use std::process::ExitCode;

use crashworthy_harness::subject;
use libtest_mimic::{Arguments, Trial};

/// A test's name and what it does; it fails by panicking.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let mut backends = subject::backends();
    backends.extend(canaries::backends());
    subject::become_worker_if_asked(&backends);

    let mut tests = canaries::tests();
    let further = [controls::TESTS, determinism::TESTS];
    tests.extend(further.concat().into_iter().map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    }));
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
