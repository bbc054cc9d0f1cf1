//! Text to standard output, where a reader that has seen enough (`| head`) is no error.

use std::io::{self, ErrorKind, Write};

use super::exit;

/// Prints all of `text`; gives the exit code.
pub(super) fn all(text: &[u8]) -> u8 {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("cannot write to standard output: {error}; is its disk full?");
            exit::HARNESS
        }
        _ => 0,
    }
}
