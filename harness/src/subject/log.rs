//! A subject's stderr: drained so that it never blocks, and the end of it kept for messages.

use std::{
    collections::VecDeque,
    io::{self, Read},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use crate::trace::spawn::pipe;

/// How much of the end is kept, in bytes.
const KEPT_BYTES: usize = 4096;
/// How long to wait for the end of a dead process's stream.
const END_WAIT_MAX: Duration = Duration::from_millis(200);
/// Read at once, in bytes.
const CHUNK_BYTES: usize = 4096;

/// The last things that a process said on stderr.
#[derive(Clone, Default)]
pub(crate) struct Log {
    tail: Arc<Mutex<VecDeque<u8>>>,
    ended: Arc<Mutex<Option<mpsc::Receiver<()>>>>,
}

impl Log {
    /// A log and the end of the pipe that the process writes to.
    pub(crate) fn new() -> io::Result<(Self, OwnedFd)> {
        let (mut reader, writer) = pipe()?;
        let log = Self::default();
        let tail = Arc::clone(&log.tail);
        // Dropped when the last writer has closed its end.
        let (open, ended) = mpsc::channel::<()>();
        thread::Builder::new().name("stderr".into()).spawn(move || {
            let _open = open;
            let mut chunk = [0; CHUNK_BYTES];
            while let Ok(len @ 1..) = reader.read(&mut chunk) {
                let mut tail = tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                tail.extend(&chunk[..len]);
                let excess = tail.len().saturating_sub(KEPT_BYTES);
                tail.drain(..excess);
            }
        })?;
        *log.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(ended);
        Ok((log, writer.into()))
    }

    /// What was said last, as a clause to append to a message; empty when nothing was said.
    ///
    /// With `ended`, the process has ended: what it said is read to the end first, unless a child that it
    /// left behind keeps the stream open.
    pub(crate) fn last_words(&self, ended: bool) -> String {
        if ended
            && let Some(stream) =
                self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref()
        {
            let _ = stream.recv_timeout(END_WAIT_MAX);
        }
        let tail = self.tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        // The line that says most in the traces of most languages comes last.
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
        if last.is_empty() {
            String::new()
        } else {
            format!("; it last said: {}", last.join(" / "))
        }
    }
}

/// Lines of stderr that a message shows.
const LINES_SHOWN: usize = 3;
