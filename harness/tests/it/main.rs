//! The engine against real processes: broken backends that it must convict, sound ones that it must acquit,
//! and programs that are no backends at all.
//!
//! The target has no harness of its own making: the executable is also the worker of its canaries.

mod bench;
mod bit_rot;
mod campaign;
mod canaries;
mod ci_files;
mod command;
mod conformance;
mod controls;
mod crash_states;
mod determinism;
mod durability;
mod errors;
mod failed_syncs;
mod generated;
mod generations;
mod hostile;
mod hostile_power;
mod hostile_schedules;
mod init;
mod interruption;
mod log_backend;
mod opening;
mod outputs;
mod place;
mod program;
mod ratchet;
mod recorder;
mod replays;
mod samples;
mod schema;
mod sharding;
mod soak;
mod strategies;
mod time_budget;
mod timeline;
mod torn_records;
mod tracer;
mod unawaited;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, ExitCode},
};

use crashworthy_harness::subject;
use libtest_mimic::{Arguments, Failed, Trial};

use self::place::Place;

/// A test's name and what it does; it fails by panicking.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let mut backends = subject::backends();
    backends.extend(canaries::backends());
    backends.extend(bit_rot::backends());
    subject::become_worker_if_asked(&backends);

    let mut tests = canaries::tests();
    let further = [
        // Those that take long by themselves: at the end everybody would wait for them.
        samples::TESTS,
        strategies::TESTS,
        bench::TESTS,
        bit_rot::TESTS,
        ci_files::TESTS,
        conformance::TESTS,
        controls::TESTS,
        crash_states::TESTS,
        determinism::TESTS,
        durability::TESTS,
        errors::TESTS,
        failed_syncs::TESTS,
        generated::TESTS,
        generations::TESTS,
        hostile::TESTS,
        hostile_power::TESTS,
        hostile_schedules::TESTS,
        init::TESTS,
        interruption::TESTS,
        opening::TESTS,
        outputs::TESTS,
        ratchet::TESTS,
        recorder::TESTS,
        replays::TESTS,
        sharding::TESTS,
        time_budget::TESTS,
        timeline::TESTS,
        soak::TESTS,
        torn_records::TESTS,
        tracer::TESTS,
        unawaited::TESTS,
    ];
    tests.extend(further.concat().into_iter().map(|(name, test)| {
        trial(name, move || {
            test();
            Ok(())
        })
    }));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    let left = scratch_directories();
    if !left.is_empty() {
        eprintln!("left behind: {left:?}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// A test, on a processor of its own as far as there are enough.
fn trial(
    name: impl Into<String>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::test(name, || {
        let _place = Place::take();
        test()
    })
}

/// The scratch directories of this process; none may outlive its campaigns.
fn scratch_directories() -> Vec<PathBuf> {
    let prefix = format!("crashworthy-{}-", process::id());
    [Path::new("/dev/shm"), &env::temp_dir()]
        .into_iter()
        .flat_map(|directory| fs::read_dir(directory).into_iter().flatten().flatten())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}
