//! Text to standard output, where a reader that has seen enough (`| head`) is no error.

use std::io::{self, ErrorKind, Write};

use super::Stop;

/// Prints a page for people, coloured where standard output is a terminal.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn text(text: &str) -> Result<(), Stop> {
    to(anstream::stdout().lock(), text.as_bytes())
}

/// Prints what programs read, as it is.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Stop> {
    to(io::stdout().lock(), bytes)
}

fn to(mut out: impl Write, bytes: &[u8]) -> Result<(), Stop> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Stop::harness(format!(
            "cannot write to standard output: {error}; is its disk full?"
        ))),
        _ => Ok(()),
    }
}
