//! A subject's stderr: drained so that it never blocks, and the end of it kept for messages.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, PipeReader, Read},
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::trace::spawn::{pipe, set_nonblocking};

/// How much of the end is kept, in bytes.
const KEPT_BYTES: usize = 4096;
/// How long to wait for the end of a dead process's stream.
const END_WAIT_MAX: Duration = Duration::from_millis(200);
/// Read at once, in bytes.
const CHUNK_BYTES: usize = 4096;

/// The last things that a process said on stderr.
#[derive(Clone)]
pub(crate) struct Log {
    said: Arc<Mutex<Said>>,
    ended: Arc<Mutex<mpsc::Receiver<()>>>,
}

/// What has been read of a stream, and the stream.
struct Said {
    reader: PipeReader,
    tail: VecDeque<u8>,
}

impl Said {
    /// Takes what is there now; whether the stream has ended.
    fn drain(&mut self) -> bool {
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            match self.reader.read(&mut chunk) {
                Ok(len @ 1..) => {
                    self.tail.extend(&chunk[..len]);
                    let excess = self.tail.len().saturating_sub(KEPT_BYTES);
                    self.tail.drain(..excess);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Ok(_) | Err(_) => return true,
            }
        }
    }
}

impl Log {
    /// A log and the end of the pipe that the process writes to.
    pub(crate) fn new() -> io::Result<(Self, OwnedFd)> {
        let (reader, writer) = pipe()?;
        set_nonblocking(&reader)?;
        let watched = reader.try_clone()?;
        let said = Arc::new(Mutex::new(Said { reader, tail: VecDeque::new() }));
        // Dropped when the last writer has closed its end.
        let (open, ended) = mpsc::channel::<()>();
        let log = Self { said: Arc::clone(&said), ended: Arc::new(Mutex::new(ended)) };
        thread::Builder::new().name("stderr".into()).spawn(move || {
            let _open = open;
            loop {
                let mut polled = [PollFd::new(watched.as_fd(), PollFlags::POLLIN)];
                match poll(&mut polled, PollTimeout::NONE) {
                    Err(nix::Error::EINTR) => {}
                    Err(_) => return,
                    Ok(_) if lock(&said).drain() => return,
                    Ok(_) => {}
                }
            }
        })?;
        Ok((log, writer.into()))
    }

    /// What was said last, as a clause to append to a message; empty when nothing was said.
    ///
    /// With `ended`, the process has ended: what it said is read to the end first, unless a child that it
    /// left behind keeps the stream open.
    pub(crate) fn last_words(&self, ended: bool) -> String {
        if ended {
            let _ = lock(&self.ended).recv_timeout(END_WAIT_MAX);
        }
        let mut said = lock(&self.said);
        // What was said before the answer that is at fault may not have been fetched yet.
        said.drain();
        let bytes: Vec<u8> = said.tail.iter().copied().collect();
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
