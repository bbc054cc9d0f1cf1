//! The system calls inside an operation, one line each, and the mark where the strike fell.

use super::names::Names;
use crate::{
    fault::{AfterFailedSync, FailedSync, Side, Strike},
    report::text,
    trace::Event,
};

/// What every line begins with, after its indentation, that says where the strike fell.
pub(crate) const STRIKE_MARK: &str = "--> ";
/// What is said of a power loss that follows another one.
pub(super) const FAILS_AGAIN: &str = "--> the power fails again here";
/// How many calls in a row that differ at most in their bytes are told one by one.
const REPEATED_CALLS_MAX: usize = 3;

/// The lines of some calls, in order; each with its index in the trace.
pub(super) fn lines(events: &[(usize, &Event)], strike: &Strike, names: &mut Names) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = events;
    while let Some(((index, event), tail)) = rest.split_first() {
        if let Some(mark) = mark(*index, event, strike, names) {
            lines.extend(mark);
            rest = tail;
            continue;
        }
        let alike = alike(rest, strike);
        if alike > 1 {
            lines.push(row(&rest[..alike], names));
            rest = &rest[alike..];
        } else {
            lines.push(call(event, names));
            rest = tail;
        }
    }
    lines
}

/// How many of the first of these calls are told as one: they differ at most in their bytes, and are many.
pub(super) fn alike(events: &[(usize, &Event)], strike: &Strike) -> usize {
    let Some((_, first)) = events.first() else { return 0 };
    let is_alike = |(index, other): &&(usize, &Event)| {
        (other.call, &other.path, &other.to, other.failed)
            == (first.call, &first.path, &first.to, first.failed)
            && struck_event(strike) != Some(*index)
    };
    let alike = events.iter().take_while(is_alike).count();
    if alike > REPEATED_CALLS_MAX { alike } else { 1 }
}

/// Several calls in a row that are alike.
pub(super) fn row(events: &[(usize, &Event)], names: &mut Names) -> String {
    let Some((_, first)) = events.first() else { return String::new() };
    let bytes: u64 = events.iter().filter_map(|(_, event)| event.bytes).sum();
    let bytes = first.bytes.map(|_| format!(", {} in all", byte_count(bytes))).unwrap_or_default();
    format!("{}, {} times{bytes}{}", name(first, names), events.len(), failure(first))
}

/// The index of the event at which `strike` strikes, where it names one.
pub(super) fn struck_event(strike: &Strike) -> Option<usize> {
    match strike {
        Strike::Kill { event, .. }
        | Strike::Torn { event, .. }
        | Strike::Error { event, .. }
        | Strike::Short { event, .. }
        | Strike::DiskFull { event, .. }
        | Strike::Pause { event } => Some(*event),
        Strike::InRecovery { workload, .. } => struck_event(workload),
        Strike::FailedSync(failed) => Some(failed.event),
        Strike::KilledThenLost(killed) => Some(killed.event),
        Strike::None
        | Strike::KillAfterAck { .. }
        | Strike::KillAfterTime { .. }
        | Strike::PowerLoss(_)
        | Strike::Schedule(_)
        | Strike::Soak { .. }
        | Strike::BitRot { .. } => None,
    }
}

/// Whether something strikes before the power fails.
pub(super) fn strikes_first(strike: &Strike) -> bool {
    matches!(strike, Strike::FailedSync(_) | Strike::KilledThenLost(_))
}

/// What is said of a strike that is not at an event.
pub(super) fn free_mark(strike: &Strike) -> Option<String> {
    let text = match strike {
        // What happened to a stored file is told when the workload is over.
        Strike::None
        | Strike::Pause { .. }
        | Strike::Error { .. }
        | Strike::Short { .. }
        | Strike::DiskFull { .. }
        | Strike::Schedule(_)
        | Strike::Soak { .. }
        | Strike::BitRot { .. } => return None,
        Strike::PowerLoss(loss) if loss.late => {
            "the power fails here; every call was made only when nobody went on without it"
                .to_owned()
        }
        Strike::PowerLoss(_) | Strike::FailedSync(_) | Strike::KilledThenLost(_) => {
            "the power fails here".to_owned()
        }
        Strike::InRecovery { workload, .. } => return free_mark(workload),
        Strike::Kill { side: Side::Before, .. } => "killed here, before the next call".to_owned(),
        Strike::Kill { side: Side::After, .. } => {
            "killed here, after the call, before the acknowledgement".to_owned()
        }
        Strike::Torn { keep, .. } => {
            format!("killed inside a write: only {} of it arrived", byte_count(*keep))
        }
        Strike::KillAfterAck { .. } => "killed right after the acknowledgement".to_owned(),
        Strike::KillAfterTime { micros } => {
            format!("killed {micros} µs after the workload began")
        }
    };
    Some(format!("{STRIKE_MARK}{text}"))
}

/// The lines of the call at which the strike fell.
pub(super) fn mark(
    index: usize,
    event: &Event,
    strike: &Strike,
    names: &mut Names,
) -> Option<Vec<String>> {
    if struck_event(strike) != Some(index) {
        return None;
    }
    let call = call(event, names);
    Some(match strike {
        Strike::InRecovery { workload, .. } => return mark(index, event, workload, names),
        Strike::KilledThenLost(_) | Strike::Kill { side: Side::Before, .. } => {
            vec![format!("{STRIKE_MARK}killed here, before the call: {call}")]
        }
        Strike::Kill { side: Side::After, .. } => vec![
            call,
            format!("{STRIKE_MARK}killed here, after the call, before the acknowledgement"),
        ],
        Strike::Torn { keep, .. } => {
            let asked = event.bytes.unwrap_or_default();
            let keep = text::thousands(*keep as usize);
            let asked = byte_count(asked);
            vec![call, format!("{STRIKE_MARK}killed inside it: only {keep} of its {asked} arrived")]
        }
        Strike::Error { errno, lasting, .. } => {
            let lasting = if *lasting { ", and so do all further calls of that name" } else { "" };
            vec![format!("{STRIKE_MARK}fails here with {errno}{lasting}: {call}")]
        }
        Strike::Short { keep, .. } => vec![
            call,
            format!("{STRIKE_MARK}a short write: it took {}, and said so", part(*keep, event)),
        ],
        Strike::DiskFull { keep, .. } => vec![
            call,
            format!(
                "{STRIKE_MARK}the disk is full: it took {}, and said so; what follows of the operation fails with \
                 ENOSPC",
                part(*keep, event)
            ),
        ],
        // The caller tells what the other process did, and then of the call.
        Strike::Pause { .. } => vec![format!(
            "{STRIKE_MARK}held here while another process recovered, before the call: {call}"
        )],
        Strike::FailedSync(FailedSync { errno, lasting, after, .. }) => {
            let lasting = if *lasting { ", and so do all further calls of that name" } else { "" };
            let pages = match after {
                AfterFailedSync::KeptInMemory => {
                    "what was not on disk stays in memory, and counts as written from now on"
                }
                AfterFailedSync::Reverted => {
                    "the file is in memory what it was on disk from now on"
                }
            };
            vec![format!("{STRIKE_MARK}fails here with {errno}{lasting}: {call}; {pages}")]
        }
        Strike::None
        | Strike::KillAfterAck { .. }
        | Strike::KillAfterTime { .. }
        | Strike::PowerLoss(_)
        | Strike::Schedule(_)
        | Strike::Soak { .. }
        | Strike::BitRot { .. } => vec![call],
    })
}

/// One call with all that is known of it.
pub(super) fn call(event: &Event, names: &mut Names) -> String {
    let bytes = event.bytes.map(|bytes| format!(", {}", byte_count(bytes))).unwrap_or_default();
    format!("{}{bytes}{}", name(event, names), failure(event))
}

/// With which error it failed, where it is known to have.
fn failure(event: &Event) -> String {
    event.error_name().map(|error| format!(" (failed with {error})")).unwrap_or_default()
}

fn name(event: &Event, names: &mut Names) -> String {
    let path = names.path(&event.path);
    match &event.to {
        Some(to) => format!("{} {path} to {}", event.call, names.path(to)),
        None => format!("{} {path}", event.call),
    }
}

/// How much of what it was asked to a write took.
fn part(keep: u64, event: &Event) -> String {
    let asked = byte_count(event.bytes.unwrap_or_default());
    format!("{} of {asked}", text::thousands(keep as usize))
}

fn byte_count(bytes: u64) -> String {
    text::count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte")
}
