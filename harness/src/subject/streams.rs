//! The harness's ends of a subject's stdin and stdout: whole lines out, whole lines in, never blocking.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use nix::{
    poll::{PollFd, PollFlags, ppoll},
    sys::{stat::fstat, time::TimeSpec},
};

use crate::trace::spawn::{pipe, set_nonblocking};

/// Read at once, in bytes.
const CHUNK_BYTES: usize = 16_384;

/// See the module.
pub(crate) struct Streams {
    /// None once closed.
    stdin: Option<PipeWriter>,
    stdout: PipeReader,
    stdout_inode: u64,
    outgoing: VecDeque<u8>,
    incoming: Vec<u8>,
    /// How much of `incoming` is known to hold no line end.
    searched: usize,
    line_bytes_max: usize,
    ended: bool,
}

/// The subject's answer line is longer than the limit.
#[derive(Debug)]
pub(crate) struct LineTooLong;

impl Streams {
    /// The harness's ends, and the child's (stdin, stdout).
    pub(crate) fn new(line_bytes_max: usize) -> io::Result<(Self, OwnedFd, OwnedFd)> {
        let (child_stdin, stdin) = pipe()?;
        let (stdout, child_stdout) = pipe()?;
        set_nonblocking(&stdin)?;
        set_nonblocking(&stdout)?;
        let stdout_inode = fstat(&stdout)?.st_ino;
        let streams = Self {
            stdin: Some(stdin),
            stdout,
            stdout_inode,
            outgoing: VecDeque::new(),
            incoming: Vec::new(),
            searched: 0,
            line_bytes_max,
            ended: false,
        };
        Ok((streams, child_stdin.into(), child_stdout.into()))
    }

    /// The inode number of the subject's stdout, by which its writes to it are known.
    pub(crate) fn stdout_inode(&self) -> u64 {
        self.stdout_inode
    }

    /// Queues a line and sends as much as the pipe takes now.
    pub(crate) fn send(&mut self, line: &[u8]) {
        self.queue(line);
        self.flush();
    }

    /// Queues a line, to be sent with the next [`Self::flush`] or [`Self::pump`].
    pub(crate) fn queue(&mut self, line: &[u8]) {
        self.outgoing.extend(line);
        self.outgoing.push_back(b'\n');
    }

    /// Whether something still waits to be sent.
    pub(crate) fn is_sending(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Ends the subject's input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
        self.outgoing.clear();
    }

    /// Moves what can be moved now, in both directions.
    pub(crate) fn pump(&mut self) {
        self.flush();
        self.drain();
    }

    /// Takes in what would have come through stdout next.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
    }

    /// Takes a whole line, if one has arrived.
    pub(crate) fn take_line(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        let end = self.incoming[self.searched..].iter().position(|&byte| byte == b'\n');
        match end {
            Some(end) => {
                let rest = self.incoming.split_off(self.searched + end + 1);
                let mut line = std::mem::replace(&mut self.incoming, rest);
                line.pop();
                self.searched = 0;
                Ok(Some(line))
            }
            None if self.incoming.len() > self.line_bytes_max => Err(LineTooLong),
            None => {
                self.searched = self.incoming.len();
                Ok(None)
            }
        }
    }

    /// Whether the subject has closed its stdout, and all of it has been read.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Waits until there is something to move, at most for `wait`.
    pub(crate) fn wait(&self, wait: Duration) -> io::Result<()> {
        let mut polled = Vec::with_capacity(2);
        if !self.ended {
            polled.push(PollFd::new(self.stdout.as_fd(), PollFlags::POLLIN));
        }
        if let Some(stdin) = self.stdin.as_ref().filter(|_| self.is_sending()) {
            polled.push(PollFd::new(stdin.as_fd(), PollFlags::POLLOUT));
        }
        match ppoll(&mut polled, Some(TimeSpec::from_duration(wait)), None) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn flush(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        while !self.outgoing.is_empty() {
            match stdin.write(self.outgoing.as_slices().0) {
                Ok(sent) => drop(self.outgoing.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Nobody reads any more; whoever waits for the answer learns why.
                Err(_) => return self.close_stdin(),
            }
        }
    }

    fn drain(&mut self) {
        let mut chunk = [0; CHUNK_BYTES];
        while !self.ended && self.incoming.len() <= self.line_bytes_max {
            match self.stdout.read(&mut chunk) {
                Ok(0) => self.ended = true,
                Ok(len) => {
                    self.incoming.extend_from_slice(&chunk[..len]);
                    // Less than was asked for: the pipe is empty now.
                    if len < CHUNK_BYTES {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.ended = true,
            }
        }
    }
}
