//! Many operations on a fresh instance at once: what looking at thousands of crash states needs.
//!
//! `open` stands for a fresh instance, so one process can look at one root after the other. A subject with the
//! capability `pipelining` gets all requests in one go and may answer in one go; any other gets one at a
//! time.

use std::{path::Path, time::Instant};

use serde_json::Value;

use super::{
    plain::{NoAnswer, Plain},
    protocol::{self, Call, Refusal, Request},
};
use crate::history::{Invocation, Outcome};

/// Operations with their request lines, to be sent many times.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    invocations: Vec<Invocation>,
    lines: Vec<Vec<u8>>,
}

impl Batch {
    /// Request ids are places in the batch, from 1.
    pub(crate) fn new(invocations: Vec<Invocation>) -> Self {
        let line = |(index, invocation): (usize, &Invocation)| {
            line(index as u64 + 1, Call::from(invocation))
        };
        let lines = invocations.iter().enumerate().map(line).collect();
        Self { invocations, lines }
    }

    /// What is asked, in order.
    pub(crate) fn invocations(&self) -> &[Invocation] {
        &self.invocations
    }
}

fn line(id: u64, call: Call) -> Vec<u8> {
    serde_json::to_vec(&Request { id, thread: None, call }).expect("requests are plain data")
}

impl Plain {
    /// Opens `root` and runs a batch on the fresh instance; one outcome an operation. The error is why it could not
    /// be opened.
    pub(crate) fn open_and_run(
        &mut self,
        root: &Path,
        options: &Value,
        batch: &Batch,
    ) -> Result<Vec<Outcome>, String> {
        let root = root.to_str().ok_or("the scratch directory's path is not UTF-8")?.to_owned();
        let open = line(0, Call::Open { root, options: options.clone() });
        let lines = std::iter::once(open.as_slice()).chain(batch.lines.iter().map(Vec::as_slice));
        let mut answers = self.ask_all(&lines.collect::<Vec<_>>(), 0).into_iter();
        match answers.next() {
            Some(Ok(Ok(_))) => Ok(outcomes(batch, answers)),
            Some(Ok(Err(Refusal { kind, message }))) => {
                Err(format!("it refused `open`: {kind}: {message}"))
            }
            Some(Err(NoAnswer::Broken(why))) => Err(format!("it gave no answer to `open`: {why}")),
            Some(Err(NoAnswer::Killed)) | None => Err("it was killed in `open`".to_owned()),
        }
    }

    /// Runs a batch on the open instance.
    pub(crate) fn run_all(&mut self, batch: &Batch) -> Vec<Outcome> {
        let lines: Vec<&[u8]> = batch.lines.iter().map(Vec::as_slice).collect();
        outcomes(batch, self.ask_all(&lines, 1).into_iter())
    }

    /// The answers to these requests, whose ids count up from `first`.
    fn ask_all(
        &mut self,
        lines: &[&[u8]],
        first: u64,
    ) -> Vec<Result<Result<Value, Refusal>, NoAnswer>> {
        let mut answers = Vec::with_capacity(lines.len());
        if self.pipelines && self.broken.is_none() {
            for line in lines {
                self.streams.queue(line);
            }
        }
        for (id, line) in (first..).zip(lines) {
            let answer = if let Some(why) = &self.broken {
                Err(NoAnswer::Broken(why.clone()))
            } else {
                if !self.pipelines {
                    self.streams.queue(line);
                }
                self.answer(id, Instant::now())
            };
            if let Err(NoAnswer::Broken(why)) = &answer
                && self.broken.is_none()
            {
                self.kill();
                self.broken = Some(why.clone());
            }
            answers.push(answer);
        }
        answers
    }
}

fn outcomes(
    batch: &Batch,
    answers: impl Iterator<Item = Result<Result<Value, Refusal>, NoAnswer>>,
) -> Vec<Outcome> {
    let outcome = |(invocation, answer): (&Invocation, _)| match answer {
        Ok(answer) => protocol::outcome(invocation, answer),
        Err(NoAnswer::Killed) => Outcome::Killed,
        Err(NoAnswer::Broken(why)) => Outcome::Broken(why),
    };
    batch.invocations.iter().zip(answers).map(outcome).collect()
}
