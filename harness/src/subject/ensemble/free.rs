//! What an ensemble's members are asked while nothing is held: to open a root, and for operations one after the other.

use std::path::Path;

use serde_json::Value;

use super::Ensemble;
use crate::{
    history::{Invocation, Outcome},
    subject::{
        plain::{NoAnswer, greet},
        protocol::{self, Call, Hello, PIPELINING, Refusal},
    },
};

impl Ensemble<'_> {
    /// Opens `root` anew in every process, the first one last, and starts those again that have died; then runs these
    /// in the first, as [`Self::run`] does. Who takes many requests at once gets both at once. The answer to
    /// `hello`, where a process was started, and those to the operations.
    ///
    /// What happens below the root is of no interest until [`Ensemble::begin`].
    pub(crate) fn open_and_run(
        &mut self,
        root: &Path,
        options: &Value,
        invocations: &[Invocation],
    ) -> Result<(Option<Hello>, Vec<Outcome>), String> {
        self.side.tracer().report_changes(false);
        self.side.tracer().watch(Some(root));
        self.blind_spot = None;
        self.past_limit = false;
        let path = root.to_str().ok_or("the scratch directory's path is not UTF-8")?;
        let open = || Call::Open { root: path.to_owned(), options: options.clone() };
        let mut said = None;
        for index in (0..self.members.len()).rev() {
            if self.members[index].is_dead() {
                self.processes.retain(|_, owner| *owner != index);
                self.threads.clear();
                let member = self.side.launch().map_err(|error| error.to_string())?;
                self.processes.insert(member.pid, index);
                self.members[index] = member;
            }
            if !self.members[index].is_greeted() {
                let hello = greet(root, options, |call| self.ask(index, call))?;
                self.pipelines = hello.offers(PIPELINING);
                said = Some(hello);
                self.members[index].greeted();
            } else if index == 0 && self.pipelines {
                let opening = self.members[0].queue(open(), None);
                let running = self.send_all(invocations);
                let opened = self.answer(0, opening);
                let outcomes = self.outcomes(invocations, running);
                return has_opened(opened).map(|()| (said, outcomes));
            } else {
                has_opened(self.ask(index, open()))?;
            }
        }
        Ok((said, self.run(invocations)))
    }

    /// Operations of the first process, one after the other, while nothing is held. Who takes many requests at once
    /// gets them at once.
    pub(crate) fn run(&mut self, invocations: &[Invocation]) -> Vec<Outcome> {
        if self.pipelines && !invocations.is_empty() {
            let running = self.send_all(invocations);
            return self.outcomes(invocations, running);
        }
        let run = |invocation| outcome(invocation, self.ask(0, Call::from(invocation)));
        invocations.iter().map(run).collect()
    }

    /// Sends what is queued for the first process, and these; their ids.
    fn send_all(&mut self, invocations: &[Invocation]) -> Vec<u64> {
        let queue = |invocation| self.members[0].queue(Call::from(invocation), None);
        let ids = invocations.iter().map(queue).collect();
        self.members[0].send_queued();
        ids
    }

    /// The answers to what was sent to the first process.
    fn outcomes(&mut self, invocations: &[Invocation], sent: Vec<u64>) -> Vec<Outcome> {
        let answered = |(invocation, id)| {
            self.members[0].expect_soon();
            outcome(invocation, self.answer(0, id))
        };
        invocations.iter().zip(sent).map(answered).collect()
    }

    /// One request of a member that runs free.
    fn ask(&mut self, member: usize, call: Call) -> Result<Result<Value, Refusal>, NoAnswer> {
        let id = self.members[member].send(call, None);
        self.answer(member, id)
    }

    /// The next answer of a member that runs free, which has to be to this request.
    fn answer(&mut self, member: usize, id: u64) -> Result<Result<Value, Refusal>, NoAnswer> {
        loop {
            if let Some(answer) = self.members[member].answer_to(id) {
                return answer;
            }
            if let Err(error) = self.attend(true) {
                return Err(NoAnswer::Broken(format!("the tracer failed: {error}")));
            }
        }
    }
}

fn outcome(invocation: &Invocation, answer: Result<Result<Value, Refusal>, NoAnswer>) -> Outcome {
    match answer {
        Ok(answer) => protocol::outcome(invocation, answer),
        Err(NoAnswer::Killed) => Outcome::Killed,
        Err(NoAnswer::Broken(why)) => Outcome::Broken(why),
    }
}

/// Whether a root was opened; why not, in words.
fn has_opened(answer: Result<Result<Value, Refusal>, NoAnswer>) -> Result<(), String> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(Refusal { kind, message })) => Err(format!("it refused `open`: {kind}: {message}")),
        Err(NoAnswer::Broken(why)) => Err(format!("it gave no answer to `open`: {why}")),
        Err(NoAnswer::Killed) => Err("it was killed in `open`".to_owned()),
    }
}
