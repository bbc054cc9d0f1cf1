//! What a power loss took, and which sync was missing or in the wrong place.
//!
//! A loss is told by the call that it undoes. Why it could be lost depends on what would have kept it: the sync
//! of the file for its content, that of the directory for a name in it.

use super::{Teller, names::Names};
use crate::{
    history::Phase,
    persist::{Lost, LostKind, Place},
    report::text,
    trace::Event,
};

/// Losses that are told one by one.
const LOSSES_MAX: usize = 5;
/// What is said where a power loss took nothing.
const NOTHING: &str = "nothing is lost: everything that was done had reached the disk";

/// Of two power losses of one trial, which one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// That of the workload.
    First,
    /// The one that follows, in recovery.
    Second,
}

impl Teller<'_> {
    /// Tells what the first loss took, where the power failed.
    pub(super) fn losses(&mut self) {
        if self.case.evidence.strike.power_loss().is_some() {
            self.lost_in(Which::First);
        }
    }

    /// Tells what a loss took.
    pub(super) fn lost_in(&mut self, which: Which) {
        let told = self.told_losses(which);
        if told.is_empty() {
            self.line(true, NOTHING);
        }
        let more = told.len().saturating_sub(LOSSES_MAX);
        for (what, why) in told.into_iter().take(LOSSES_MAX) {
            self.line(true, format!("lost: {what}; {why}"));
        }
        if more > 0 {
            self.line(true, format!("lost: {more} more"));
        }
    }

    /// The missing or misplaced call, in one clause. What the power took before it failed again had been repaired, or
    /// was about to be.
    pub(super) fn cause(&mut self) -> Option<String> {
        let last = if self.again().is_some() { Which::Second } else { Which::First };
        self.told_losses(last).into_iter().next().map(|(_, why)| why)
    }

    /// What a loss took in lines, of which there is always one.
    pub(super) fn loss_lines(&mut self, which: Which) -> Vec<String> {
        let told = self.told_losses(which);
        if told.is_empty() {
            return vec![NOTHING.to_owned()];
        }
        told.into_iter().map(|(what, why)| text::printable(&format!("{what}; {why}"))).collect()
    }

    /// What is lost, and why; what reads the same only once.
    fn told_losses(&mut self, which: Which) -> Vec<(String, String)> {
        let case = self.case;
        let (losses, events) = match which {
            Which::First => (&case.losses.first, &case.trace.events),
            Which::Second => (&case.losses.second, &case.recovery.events),
        };
        let mut told: Vec<(String, String)> = Vec::new();
        for lost in losses {
            let one = (what(lost, events, &mut self.names), self.why(lost, events, which));
            if !told.contains(&one) {
                told.push(one);
            }
        }
        told
    }

    fn why(&mut self, lost: &Lost, events: &[Event], which: Which) -> String {
        let call = events.get(lost.call);
        let is_content = matches!(lost.kind, LostKind::Data | LostKind::Size | LostKind::Attribute);
        let thing = match (is_content, lost.entries.first()) {
            (false, Some(place)) => directory(place, &mut self.names),
            _ => match &lost.path {
                Some(path) => self.names.path(path),
                None => "the file".to_owned(),
            },
        };
        if lost.sync_failed.is_some() {
            return format!("the sync of {thing} failed, and no later sync writes the same bytes");
        }
        let verb = call.map_or("call", |event| verb(event.call));
        // A name that survives without what it stands for is given too early.
        let published = lost
            .path
            .as_deref()
            .filter(|_| is_content)
            .and_then(|path| publication(path, events.get(lost.call + 1..)?));
        let end = match (published, which) {
            (Some((verb, name)), _) => format!("the {verb} to {}", self.names.path(name)),
            (None, Which::First) if self.is_acknowledged() => "the acknowledgement".to_owned(),
            (None, Which::First) => "the power loss".to_owned(),
            (None, Which::Second) => "the second power loss".to_owned(),
        };
        let gap = format!("between the {verb} and {end}");
        let elsewhere = match (lost.synced_between, lost.synced_before, lost.synced_after) {
            (Some(_), ..) => "; a sync that came after it does not reach it",
            (None, Some(_), _) => "; the sync of it came too early",
            (None, None, Some(_)) => "; the sync of it came too late",
            (None, None, None) => "",
        };
        format!("nothing synced {thing} {gap}{elsewhere}")
    }

    /// Whether the last operation before the power loss had been acknowledged.
    fn is_acknowledged(&self) -> bool {
        let done = self.entries(|phase| matches!(phase, Phase::Workload | Phase::Repeat));
        done.last().is_some_and(|(_, entry)| entry.outcome.is_ok())
    }
}

/// What is undone, as a thing.
fn what(lost: &Lost, events: &[Event], names: &mut Names) -> String {
    let call = events.get(lost.call).map_or("", |event| event.call);
    let path = |names: &mut Names| match &lost.path {
        Some(path) => names.path(path),
        None => "a file without a name".to_owned(),
    };
    let entry = |names: &mut Names, place: usize| match lost.entries.get(place) {
        Some(place) => names.path(&full(place)),
        None => "a name".to_owned(),
    };
    match lost.kind {
        LostKind::Data => format!("bytes written to {}", path(names)),
        LostKind::Size => format!("the length of {}", path(names)),
        LostKind::Attribute => format!("an attribute of {}", path(names)),
        LostKind::Rename => {
            let (to, from) = (entry(names, 0), entry(names, 1));
            format!("the rename of {from} to {to}")
        }
        LostKind::Entry => {
            let entry = entry(names, 0);
            match verb(call) {
                "unlink" => format!("the removal of {entry}"),
                "mkdir" => format!("the new directory {entry}"),
                _ => format!("the new name {entry}"),
            }
        }
    }
}

fn full(place: &Place) -> String {
    match place.path.as_deref() {
        None | Some("") => place.name.clone(),
        Some(directory) => format!("{directory}/{}", place.name),
    }
}

fn directory(place: &Place, names: &mut Names) -> String {
    match place.path.as_deref() {
        Some("") => "the root directory".to_owned(),
        Some(path) => format!("the directory {}", names.path(path)),
        None => "the directory".to_owned(),
    }
}

/// A call as people call it.
fn verb(call: &str) -> &str {
    match call {
        "rename" | "renameat" | "renameat2" => "rename",
        "unlink" | "unlinkat" | "rmdir" => "unlink",
        "mkdir" | "mkdirat" => "mkdir",
        "link" | "linkat" => "link",
        "symlink" | "symlinkat" => "symlink",
        "open" | "openat" | "openat2" | "creat" => "creation",
        "truncate" | "ftruncate" => "truncation",
        "setxattr" | "lsetxattr" | "fsetxattr" => "attribute",
        _ => "write",
    }
}

/// The first of these calls that gives a file another name, and that name.
fn publication<'a>(path: &str, events: &'a [Event]) -> Option<(&'a str, &'a str)> {
    events.iter().find_map(|event| match (verb(event.call), event.to.as_deref()) {
        (verb @ ("rename" | "link"), Some(to)) if event.path == path => Some((verb, to)),
        _ => None,
    })
}
