//! The answers of an ensemble: how they come from its members, whose they are, and what is answered in the place of
//! members that will not answer any more.

use std::io;

use super::{Ensemble, Part};
use crate::{
    history::Outcome,
    subject::{plain::TOO_LONG, protocol},
    trace::Tid,
};

impl Ensemble<'_> {
    /// A thread is about to write to its member's stdout. What is short is taken from it: to wait until the pipe has
    /// it would take as long as one more call.
    pub(super) fn answering(&mut self, member: usize, tid: Tid, bytes: u64) -> io::Result<()> {
        if self.members[member].takes(bytes) {
            match self.side.tracer().take_write(tid) {
                Ok(Some(bytes)) => {
                    self.members[member].receive(&bytes);
                    self.collect(member);
                    return Ok(());
                }
                Ok(None) => {}
                // It was killed meanwhile; its end is told next.
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.members[member].answering(tid, bytes);
        self.side.tracer().release_to_exit(tid)
    }

    /// Takes the answers that have arrived from a member.
    pub(super) fn collect(&mut self, member: usize) {
        loop {
            let line = match self.members[member].take_line() {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(_) => {
                    let why = format!("{TOO_LONG}{}", self.members[member].last_words());
                    let _ = self.fail_all(member, &why);
                    return;
                }
            };
            let id = protocol::id_of(&line);
            let asked = |part: &Part| part.asked.as_ref().map(|(asked, _)| *asked);
            let actor = (0..self.actors.len()).find(|&actor| {
                self.member_of(actor) == member && id.is_some() && asked(&self.actors[actor]) == id
            });
            if let Some(actor) = actor {
                let Some((id, invocation)) = &self.actors[actor].asked else { continue };
                let outcome = match protocol::parse(&line, *id) {
                    Ok(answer) => protocol::outcome(invocation, answer),
                    Err(nonsense) => Outcome::Broken(nonsense.0),
                };
                self.actors[actor].answer = Some(outcome);
                continue;
            }
            let due = (0..self.actors.len()).find(|&actor| {
                let part = &self.actors[actor];
                self.member_of(actor) == member && part.asked.is_some() && part.answer.is_none()
            });
            let Some(due) = due.and_then(|due| asked(&self.actors[due])) else {
                self.members[member].keep(&line);
                continue;
            };
            // Nobody knows what such a process will answer next, nor whether it will.
            let nonsense = protocol::parse(&line, due).err();
            let why = nonsense.map_or_else(String::new, |nonsense| nonsense.0);
            let why = format!("{why}{}", self.members[member].last_words());
            let _ = self.fail_all(member, &why);
            return;
        }
    }

    /// Ends a member that goes past a limit.
    pub(super) fn give_up(&mut self, member: usize, why: &str) -> io::Result<()> {
        self.past_limit = true;
        let why = format!("{why}{}", self.members[member].last_words());
        self.fail_all(member, &why)
    }

    /// Answers everything that is due from a member that will not answer any more.
    pub(super) fn fail_all(&mut self, member: usize, why: &str) -> io::Result<()> {
        self.bury(member)?;
        self.members[member].died(Some(why));
        for actor in 0..self.actors.len() {
            if self.member_of(actor) == member {
                let part = &mut self.actors[actor];
                part.held.clear();
                if part.asked.is_some() && part.answer.is_none() {
                    part.answer = Some(Outcome::Broken(why.to_owned()));
                }
            }
        }
        Ok(())
    }
}
