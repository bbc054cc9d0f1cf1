//! One process of an ensemble: its pipes, its log, its watchdog, and the answers that are due from it.

use std::{
    collections::{HashSet, VecDeque},
    io,
    time::Instant,
};

use serde_json::Value;

use crate::{
    subject::{
        log::Log,
        plain::{NoAnswer, bitten},
        protocol::{self, Call, Refusal, Request},
        streams::{LineTooLong, Streams},
        traced::{SMALL_ANSWER_BYTES, TURN},
        watchdog::{Bite, Guard, Limits},
    },
    trace::{Ending, Tid},
};

/// See the module.
pub(crate) struct Member {
    pub(crate) pid: Tid,
    /// The fork server that it came from, which lives on.
    pub(crate) server: Option<Tid>,
    streams: Streams,
    log: Log,
    guard: Option<Guard>,
    limits: Limits,
    next_id: u64,
    greeted: bool,
    /// Threads whose answers are on their way.
    answering: HashSet<Tid>,
    /// An answer is larger than a pipe takes at once.
    large: bool,
    /// Lines that no actor waits for.
    lines: VecDeque<Vec<u8>>,
    dead: bool,
    /// Why it is dead, where it was not killed on purpose.
    why: Option<String>,
}

impl Member {
    pub(in crate::subject) fn new(
        pid: Tid,
        server: Option<Tid>,
        streams: Streams,
        log: Log,
        guard: Option<Guard>,
        limits: Limits,
    ) -> Self {
        Self {
            pid,
            server,
            streams,
            log,
            guard,
            limits,
            next_id: 0,
            greeted: false,
            answering: HashSet::new(),
            large: false,
            lines: VecDeque::new(),
            dead: false,
            why: None,
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    pub(super) fn died(&mut self, why: Option<&str>) {
        self.dead = true;
        self.why = why.map(str::to_owned);
        self.answering.clear();
    }

    pub(super) fn is_greeted(&self) -> bool {
        self.greeted
    }

    pub(super) fn greeted(&mut self) {
        self.greeted = true;
    }

    /// Sends a request, to be run by the thread of an actor where one is named; its id.
    pub(super) fn send(&mut self, call: Call, thread: Option<usize>) -> u64 {
        let id = self.queue(call, thread);
        self.send_queued();
        id
    }

    /// As [`Self::send`], but nothing is sent yet: who takes many requests at once is to find them all there.
    pub(super) fn queue(&mut self, call: Call, thread: Option<usize>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let request = Request { id, thread, call };
        let line = serde_json::to_vec(&request).expect("requests are plain data");
        self.streams.queue(&line);
        id
    }

    /// Sends what is queued.
    pub(super) fn send_queued(&mut self) {
        self.streams.flush();
        self.large = false;
        self.expect_soon();
    }

    /// Has it answer within the limit for an operation.
    pub(super) fn expect_soon(&self) {
        self.expect_by(Some(Instant::now() + self.limits.operation));
    }

    /// The answer to a request that no actor waits for, once it is there.
    pub(super) fn answer_to(
        &mut self,
        id: u64,
    ) -> Option<Result<Result<Value, Refusal>, NoAnswer>> {
        if let Some(line) = self.lines.pop_front() {
            self.expect_by(None);
            return Some(
                protocol::parse(&line, id).map_err(|nonsense| NoAnswer::Broken(nonsense.0)),
            );
        }
        self.dead.then(|| {
            Err(NoAnswer::Broken(self.why.clone().unwrap_or_else(|| "it is dead".to_owned())))
        })
    }

    /// Sets or stops the watchdog's clock.
    pub(super) fn expect_by(&self, deadline: Option<Instant>) {
        if let Some(guard) = &self.guard {
            guard.set_deadline(deadline);
        }
    }

    pub(super) fn stdout_inode(&self) -> u64 {
        self.streams.stdout_inode()
    }

    /// Whether so many bytes can be taken from a thread in stdout's place: nothing is on its way there.
    pub(super) fn takes(&self, bytes: u64) -> bool {
        bytes <= SMALL_ANSWER_BYTES && self.answering.is_empty() && !self.large
    }

    /// Takes what a thread would have written to stdout.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.streams.receive(bytes);
    }

    /// A thread is about to write to stdout.
    pub(super) fn answering(&mut self, tid: Tid, bytes: u64) {
        self.large |= bytes > SMALL_ANSWER_BYTES;
        self.answering.insert(tid);
    }

    /// A thread's call has returned; whether it was one that wrote to stdout.
    pub(super) fn answered(&mut self, tid: Tid) -> bool {
        let wrote = self.answering.remove(&tid);
        if wrote {
            self.streams.pump();
        }
        wrote
    }

    /// Whether bytes move that nobody waits for.
    pub(super) fn is_pumping(&self) -> bool {
        !self.dead && (self.streams.is_sending() || (self.large && !self.answering.is_empty()))
    }

    /// Moves them, if there are any.
    pub(super) fn pump(&mut self) -> io::Result<bool> {
        if !self.is_pumping() {
            return Ok(false);
        }
        self.streams.wait(TURN)?;
        self.streams.pump();
        Ok(true)
    }

    /// Moves what is left in the pipe of a dead process.
    pub(super) fn drain(&mut self) {
        self.streams.pump();
    }

    pub(super) fn take_line(&mut self) -> Result<Option<Vec<u8>>, LineTooLong> {
        self.streams.take_line()
    }

    /// Keeps a line that is no actor's answer.
    pub(super) fn keep(&mut self, line: &[u8]) {
        self.lines.push_back(line.to_vec());
    }

    pub(super) fn last_words(&self) -> String {
        self.log.last_words(false)
    }

    /// Whether the watchdog ended it.
    pub(super) fn was_ended(&self) -> bool {
        self.guard.as_ref().and_then(Guard::bite).is_some()
    }

    /// Whether that was because it did not answer in time.
    pub(super) fn was_late(&self) -> bool {
        self.guard.as_ref().and_then(Guard::bite) == Some(Bite::Deadline)
    }

    pub(super) fn explain_end(&self, ending: Ending) -> String {
        let what = match self.guard.as_ref().and_then(Guard::bite) {
            Some(bite) => bitten(bite, self.limits),
            None => ending.to_string(),
        };
        format!("{what}{}", self.log.last_words(self.server.is_none()))
    }
}
