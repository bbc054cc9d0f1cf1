//! Subjects: backends under test, each running in real processes of its own.
//!
//! A subject is a way to start a process that speaks the protocol. Rust backends are served by this very
//! executable (`worker`), forked per trial; anything else is a command.

mod backend;
mod batch;
mod builtin;
mod bytes;
mod ensemble;
mod failing;
mod late;
mod launcher;
mod log;
mod plain;
pub mod protocol;
mod streams;
mod traced;
pub mod watchdog;
mod worker;

use std::{ffi::OsString, io, path::PathBuf};

pub use backend::Backend;
pub(crate) use batch::Batch;
pub use builtin::backends;
pub use bytes::Bytes;
pub(crate) use ensemble::{ByTheClock, Ensemble, Stop, lock_was_refused};
pub(crate) use launcher::{Launcher, PlainSide};
pub(crate) use plain::{NoAnswer, Plain, Prepared};
use serde_json::Value;
pub(crate) use traced::{Progress, Traced, Witness};
pub use watchdog::Limits;
pub use worker::become_worker_if_asked;

use crate::trace::spawn::Launch;

/// A backend under test: how to start it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What the user called it: a built-in's name, or the command line.
    pub label: String,
    /// Sent with every `open`; an object.
    pub options: Value,
    /// Whether its processes are forked from a server.
    pub(crate) forks: bool,
    pub(crate) launch: Launch,
}

impl Subject {
    /// A Rust backend that this executable serves when re-executed.
    ///
    /// # Errors
    /// Where the path of this executable is unknown.
    pub fn of_this_executable(backend: &str) -> io::Result<Self> {
        Ok(Self {
            label: backend.to_owned(),
            options: Value::Object(serde_json::Map::new()),
            forks: true,
            launch: Launch {
                program: std::env::current_exe()?,
                arguments: Vec::new(),
                environment: vec![(worker::WORKER, backend.into())],
            },
        })
    }

    /// Any program that speaks the protocol.
    ///
    /// # Errors
    /// Where there is no such program, or it may not be executed.
    pub fn command(program: &OsString, arguments: &[OsString]) -> Result<Self, which::Error> {
        let found: PathBuf = which::which(program)?;
        let words = std::iter::once(program).chain(arguments);
        let label = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        Ok(Self {
            label,
            options: Value::Object(serde_json::Map::new()),
            forks: false,
            launch: Launch {
                program: found,
                arguments: arguments.to_vec(),
                environment: Vec::new(),
            },
        })
    }

    /// Whether its processes are forked from a server, and so cheap.
    pub fn is_forked(&self) -> bool {
        self.forks
    }

    /// The program and its arguments, or `None` for a backend of this executable.
    pub fn command_line(&self) -> Option<Vec<String>> {
        if self.launch.environment.iter().any(|(name, _)| *name == worker::WORKER) {
            return None;
        }
        let program = self.launch.program.to_string_lossy().into_owned();
        let arguments =
            self.launch.arguments.iter().map(|word| word.to_string_lossy().into_owned());
        Some(std::iter::once(program).chain(arguments).collect())
    }

    /// The files that its command line names: the program, and what is handed to it.
    pub fn files(&self) -> Vec<PathBuf> {
        let arguments =
            self.launch.arguments.iter().map(PathBuf::from).filter(|path| path.is_file());
        std::iter::once(self.launch.program.clone()).chain(arguments).collect()
    }

    /// The same subject, started by exec for every process instead of forked. Slower; for subjects that
    /// cannot fork, and to measure what forking saves.
    #[must_use]
    pub fn without_fork_server(mut self) -> Self {
        self.forks = false;
        self
    }
}
