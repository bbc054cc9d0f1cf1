//! `power-prefix-order`: if a later acknowledged change survived a power loss, so did every earlier one.
//!
//! What a fresh process reads at a path tells which of its acknowledged values survived: changes after that one
//! are lost, and those before it are hidden behind it. Where a content stands for several changes, a lost one
//! is only counted if all readings agree that it is lost, and a surviving one if all agree that it survived.

use super::{Finding, Judgement, words};
use crate::{
    fault::Strike,
    history::{Entry, Evidence, Invocation, Outcome, Phase, Reply},
    subject::Bytes,
};

/// A change of the workload that was acknowledged: its place in the history, and what it left.
struct Acknowledged<'a> {
    entry: usize,
    invocation: &'a Invocation,
    content: Option<&'a Bytes>,
}

/// Compares the fates of all acknowledged changes of a trial.
pub(super) fn judge(evidence: &Evidence) -> Judgement {
    let Strike::PowerLoss(_) = &evidence.strike else { return Judgement::default() };
    let changes: Vec<Acknowledged<'_>> = acknowledged(evidence).collect();
    let (mut lost, mut survived) = (None::<&Acknowledged<'_>>, None::<&Acknowledged<'_>>);
    let mut seen_paths = 0;
    for path in evidence.scenario.paths() {
        let Ok(seen) = seen(evidence, path) else { continue };
        let of_path: Vec<_> = changes.iter().filter(|c| c.invocation.path() == path).collect();
        let settled = settled(evidence, path);
        // Place 0 is what was there before the workload, place n the n-th change.
        let contents: Vec<Option<&Bytes>> =
            std::iter::once(settled).chain(of_path.iter().map(|change| change.content)).collect();
        let places = contents.iter().enumerate().filter(|(_, content)| **content == seen);
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else { continue };
        // A change that was never answered may have put the same content there.
        let is_in_flight = in_flight(evidence).is_some_and(|entry| entry.invocation.path() == path);
        seen_paths += 1;
        if let Some(change) = of_path.get(last).filter(|_| !is_in_flight)
            && lost.is_none_or(|known| change.entry < known.entry)
        {
            lost = Some(change);
        }
        if first > 0
            && first == last
            && let Some(change) = of_path.get(first - 1)
            && survived.is_none_or(|known| change.entry > known.entry)
        {
            survived = Some(change);
        }
    }
    if changes.len() < 2 || seen_paths == 0 {
        return Judgement::default();
    }
    let findings = match (lost, survived) {
        (Some(lost), Some(survived)) if lost.entry < survived.entry => vec![Finding {
            entry: None,
            summary: format!(
                "{}, {} was lost, though it was acknowledged before {}, which survived; what came first should \
                 have survived as well",
                words::after_strike(evidence),
                lost.invocation,
                survived.invocation,
            ),
        }],
        _ => Vec::new(),
    };
    Judgement::one(findings)
}

fn acknowledged(evidence: &Evidence) -> impl Iterator<Item = Acknowledged<'_>> {
    let changes = evidence.history.iter().enumerate();
    changes.filter_map(|(entry, Entry { phase, invocation, outcome, .. })| {
        let content = match invocation {
            Invocation::WriteFile { data, .. } => Some(data),
            Invocation::DeleteFile { .. } => None,
            _ => return None,
        };
        let is_acknowledged = *phase == Phase::Workload && outcome.is_ok();
        is_acknowledged.then_some(Acknowledged { entry, invocation, content })
    })
}

fn in_flight(evidence: &Evidence) -> Option<&Entry> {
    evidence
        .history
        .iter()
        .find(|entry| entry.phase == Phase::Workload && entry.outcome == Outcome::Killed)
}

/// What the set-up left at a path.
fn settled<'a>(evidence: &'a Evidence, path: &str) -> Option<&'a Bytes> {
    let mut content = None;
    for entry in evidence.history.iter().filter(|entry| entry.phase == Phase::SetUp) {
        match &entry.invocation {
            Invocation::WriteFile { path: written, data }
                if written == path && entry.outcome.is_ok() =>
            {
                content = Some(data);
            }
            Invocation::DeleteFile { path: deleted } if deleted == path => content = None,
            _ => {}
        }
    }
    content
}

/// What a fresh process found at a path: a value, or nothing; an error where it got no proper answer.
fn seen<'a>(evidence: &'a Evidence, path: &str) -> Result<Option<&'a Bytes>, ()> {
    let reads = evidence.history.iter().find(|entry| {
        entry.phase == Phase::Crashed
            && matches!(&entry.invocation, Invocation::ReadFile { path: read } if read == path)
    });
    match reads.map(|entry| &entry.outcome) {
        Some(Outcome::Ok(Reply::Data(data))) => Ok(Some(data)),
        Some(Outcome::Fail { .. }) => Ok(None),
        _ => Err(()),
    }
}
