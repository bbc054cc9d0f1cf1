//! The introduction: whether the subject starts and keeps to the protocol at all, asked once, before anything is
//! judged.
//!
//! A fresh process is asked for each operation once, in an empty root. Only how it answers is looked at, and not what
//! it did: that is for the checkers. But a line that is no answer says nothing about storage. A program that prints
//! between its answers, or an adapter around a backend that lacks a method, would be convicted of whatever it was asked
//! first, and of another thing in the next run. One that dies or hangs is left to the checkers, too: storage may be
//! why.

use super::Shared;
use crate::{
    explore::trial::TrialError,
    history::Invocation,
    subject::{
        Plain,
        protocol::{Hello, RECOVER},
        watchdog,
    },
};

/// Where the introduction takes place, below the root.
const DIRECTORY: &str = "introduction";
/// The file that is written, looked at and deleted.
const FILE: &str = "introduction/a.bin";

/// What the subject says of itself, and which answer of it was none.
pub(super) fn introduce(shared: &Shared<'_>) -> Result<(Hello, Option<String>), TrialError> {
    let mut workplace = shared.workplace()?;
    let arena = workplace.scratch.arena()?;
    let mut process =
        workplace.launcher.plain.start().map_err(|error| TrialError::Subject(error.to_string()))?;
    let greeted = process.greet(&arena.root(), &shared.campaign.subject.options);
    let misspoken = greeted.as_ref().ok().and_then(|hello| misspoken(&mut process, hello));
    workplace.launcher.bury(&process)?;
    if watchdog::is_interrupted() {
        return Err(TrialError::Interrupted);
    }
    let hello = greeted.map_err(|why| TrialError::Subject(arena.anonymous_text(&why)))?;
    Ok((hello, misspoken.map(|why| arena.anonymous_text(&why))))
}

fn misspoken(process: &mut Plain, hello: &Hello) -> Option<String> {
    let recovers = hello.offers(RECOVER);
    for invocation in operations(recovers) {
        if let Some(why) = process.misspeaks(&invocation) {
            return Some(format!(
                "the subject does not keep to the protocol: when asked for {}, {why}",
                invocation.operation()
            ));
        }
        if process.is_broken() {
            return None;
        }
    }
    None
}

/// Every operation, where it finds something and where it does not. What is printed after an answer is read in place of
/// the next one, so a look comes last.
fn operations(recovers: bool) -> impl Iterator<Item = Invocation> {
    let path = || FILE.to_owned();
    let read = Invocation::ReadFile { path: path() };
    let exists = Invocation::Exists { path: path() };
    let delete = Invocation::DeleteFile { path: path() };
    [
        Invocation::CreateDirectory { path: DIRECTORY.to_owned() },
        Invocation::WriteFile { path: path(), data: "introduction".into() },
        read.clone(),
        exists.clone(),
        Invocation::ListFiles { directory: DIRECTORY.to_owned() },
        delete.clone(),
        read,
        exists.clone(),
        delete,
    ]
    .into_iter()
    .chain(recovers.then_some(Invocation::Recover))
    .chain([exists])
}
