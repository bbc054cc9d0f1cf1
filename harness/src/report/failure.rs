//! What an output could not write: said once when it happens, and remembered for the end of the run.

use std::fmt::Display;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Failure(Option<String>);

impl Failure {
    /// Notes how it ended to write all that there is: what failed before does not matter where that is there now.
    pub(crate) fn note(&mut self, written: Result<(), impl Display>) {
        match written {
            Ok(()) => self.0 = None,
            Err(error) => {
                if self.0.is_none() {
                    eprintln!("{error}");
                }
                self.0 = Some(error.to_string());
            }
        }
    }

    /// Why not all is there, if so.
    pub(crate) fn why(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
