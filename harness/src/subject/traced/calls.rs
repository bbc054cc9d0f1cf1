//! What becomes of a call that counts: it is made, struck, made to fail, or held until it can be made.

use std::io;

use super::{Asked, Traced};
use crate::{
    fault::{Side, Strike},
    subject::{failing::Failing, plain::NoAnswer},
    trace::{Event, HeldCall, Tid, failure},
};

impl Traced<'_> {
    /// A thread is held before an event: counts it and strikes where it is aimed at.
    pub(super) fn change(&mut self, call: HeldCall) -> io::Result<Option<Result<Asked, NoAnswer>>> {
        if !self.counting || self.striking.is_some() {
            self.tracer.release(call.tid)?;
            return Ok(None);
        }
        let threads = self.tracer.threads_of(|process| Some(process) != self.server);
        self.threads_max = self.threads_max.max(threads.len());
        let prompt = match &mut self.late {
            Some(late) if threads.len() > 1 => late.hold(call),
            _ => Some(call),
        };
        prompt.map_or(Ok(None), |call| self.make(call))
    }

    /// Makes the call that was held back long enough, if any was.
    pub(super) fn make_due(&mut self) -> io::Result<Option<Result<Asked, NoAnswer>>> {
        if self.running.is_some() {
            return Ok(None);
        }
        let late = self.late.as_mut().filter(|late| late.is_holding());
        match late.and_then(|late| late.due(self.tracer)) {
            Some(call) => self.make(call),
            None => Ok(None),
        }
    }

    /// Makes a call that counts, or strikes it, or has it wait until it can be made.
    pub(super) fn make(&mut self, call: HeldCall) -> io::Result<Option<Result<Asked, NoAnswer>>> {
        let index = self.trace.events.len();
        self.trace.events.push(Event {
            call: call.name,
            path: call.path.clone(),
            to: call.to.clone(),
            bytes: call.bytes,
            failed: None,
            actor: 0,
            clock: 0,
            operation: self.trace.operations,
        });
        if self.witness.is_some() && self.running.is_some() && !call.may_block() {
            self.waiting.push_back((index, call));
            return Ok(None);
        }
        self.proceed(index, call)
    }

    /// Lets a call be made, or strikes it. For a witness, no other one is under way.
    fn proceed(
        &mut self,
        index: usize,
        call: HeldCall,
    ) -> io::Result<Option<Result<Asked, NoAnswer>>> {
        if let Some(errno) = self.failing.and_then(|failing| failing.error_of(call.name)) {
            self.trace.events[index].failed = Some(errno);
            self.fail(index, &call, errno)?;
            return Ok(None);
        }
        match &self.aim {
            Some(Strike::Kill { event, side: Side::Before }) if *event == index => {
                self.struck = true;
                self.die()?;
                return Ok(Some(Err(NoAnswer::Killed)));
            }
            Some(Strike::Kill { event, side: Side::After }) if *event == index => {
                self.struck = true;
                self.striking = Some(call.tid);
                self.tracer.release_to_exit(call.tid)?;
            }
            Some(Strike::Torn { event, keep }) if *event == index && writes_more(&call, *keep) => {
                self.struck = true;
                self.striking = Some(call.tid);
                self.tracer.shorten(&call, *keep)?;
            }
            Some(Strike::Error { event, errno, lasting }) if *event == index => {
                self.struck = true;
                let errno = errno.code();
                self.failing = lasting.then_some(Failing::Named(call.name, errno));
                self.fail(index, &call, errno)?;
            }
            Some(strike @ (Strike::Short { event, keep } | Strike::DiskFull { event, keep }))
                if *event == index && writes_more(&call, *keep) =>
            {
                if matches!(strike, Strike::DiskFull { .. }) {
                    self.failing = Some(Failing::NoRoom);
                }
                self.struck = true;
                self.shortened = Some((call.tid, self.tracer.shorten(&call, *keep)?));
                if self.witness.is_some() {
                    self.running = Some((index, call));
                }
            }
            Some(Strike::Pause { event }) if *event == index => {
                self.struck = true;
                self.held = Some(call.tid);
                return Ok(Some(Ok(Asked::Held)));
            }
            _ if self.witness.is_some() && !call.may_block() => {
                self.tracer.release_to_exit(call.tid)?;
                self.running = Some((index, call));
            }
            _ if !call.may_block()
                && let Some(asked) = &mut self.asked =>
            {
                asked.insert(call.tid, index);
                self.tracer.release_to_exit(call.tid)?;
            }
            _ => self.tracer.release(call.tid)?,
        }
        Ok(None)
    }

    fn fail(&mut self, event: usize, call: &HeldCall, errno: i32) -> io::Result<()> {
        if let Some(witness) = &self.witness {
            witness.borrow_mut().failed(event, call);
        }
        self.tracer.fail(call.tid, errno)
    }

    /// The call that was made for the witness has returned: tells it, and makes the next one.
    pub(super) fn witnessed(&mut self, tid: Tid) -> io::Result<Option<Result<Asked, NoAnswer>>> {
        // A thread may die in its stop; of what becomes of its call then, nobody learns.
        if let (Some((event, call)), Some(witness), Ok(result)) =
            (self.running.take(), &self.witness, self.tracer.result(tid))
        {
            witness.borrow_mut().returned(event, &call, result);
            self.note_result(event, result);
        }
        self.restore_shortened(tid)?;
        self.tracer.release(tid)?;
        self.next_witnessed()
    }

    /// Gives a thread back what its shortened write changed, if it made one.
    pub(super) fn restore_shortened(&mut self, tid: Tid) -> io::Result<()> {
        match self.shortened.take_if(|(held, _)| *held == tid) {
            Some((_, saved)) => self.tracer.restore(tid, &saved),
            None => Ok(()),
        }
    }

    pub(super) fn note_result(&mut self, event: usize, result: i64) {
        // Events may have been counted anew since.
        if let Some(event) = self.trace.events.get_mut(event) {
            event.failed = failure(result);
        }
    }

    /// Makes the next call for the witness, unless one is being made by a thread that lives.
    pub(super) fn next_witnessed(&mut self) -> io::Result<Option<Result<Asked, NoAnswer>>> {
        self.running.take_if(|(_, call)| self.tracer.process_of(call.tid).is_none());
        while self.running.is_none()
            && let Some((event, call)) = self.waiting.pop_front()
        {
            if let Some(asked) = self.proceed(event, call)? {
                return Ok(Some(asked));
            }
        }
        Ok(None)
    }
}

/// Whether `keep` bytes of a call are a part of what it is to write.
fn writes_more(call: &HeldCall, keep: u64) -> bool {
    call.bytes.is_some_and(|bytes| bytes > keep)
}
