//! All operations of a trial with several actors on one clock, and the files that are judged.
//!
//! The set-up comes before everything, one operation after the other; then the workload, by the clock of the
//! schedule; then the reads of a process that was started when all had finished.

use std::{collections::BTreeSet, fmt};

use crashworthy::{ErrorKind, StoragePath};

use crate::{
    check::{oracle::ancestors, walk, words},
    fault::Strike,
    history::{Entry, Evidence, Invocation, Outcome, Phase, clock},
    scenario::{OUTSIDE, Plant, Scenario},
    subject::Bytes,
};

/// What a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content<'a> {
    /// There is no file.
    Absent,
    Whole(&'a Bytes),
}

impl fmt::Display for Content<'_> {
    /// As a reader gets it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("an error for a missing file"),
            Self::Whole(data) => f.write_str(&words::value(data)),
        }
    }
}

/// An operation and its interval.
pub(super) struct Timed<'a> {
    /// Index into the history.
    pub(super) index: usize,
    pub(super) entry: &'a Entry,
    /// Index of the actor, in the workload.
    pub(super) actor: Option<usize>,
    pub(super) invoked: u64,
    /// `None` where there was no proper answer: what it was to do may still happen.
    pub(super) returned: Option<u64>,
    /// How this subject says that a file is missing.
    pub(super) missing: [ErrorKind; 2],
}

/// See the module.
pub(super) struct Timeline<'a> {
    pub(super) evidence: &'a Evidence,
    /// In the order of their invocation.
    pub(super) operations: Vec<Timed<'a>>,
    /// The files that are judged, in the order of their first mention.
    pub(super) files: Vec<&'a str>,
    /// Whether somebody is killed, or might have been.
    killing: bool,
    /// The actors that were.
    killed: BTreeSet<usize>,
    /// Whether an actor that was killed goes on in another process.
    restarts: bool,
}

impl<'a> Timeline<'a> {
    /// `None` where several actors were not at work, or the set-up was not carried out.
    pub(super) fn of(evidence: &'a Evidence) -> Option<Self> {
        let (killing, killed, restarts) = match &evidence.strike {
            Strike::Schedule(interleaving) => {
                let turns = interleaving.schedule.turns.iter();
                let killed = turns.filter(|turn| turn.killed).map(|turn| turn.actor).collect();
                (interleaving.schedule.is_killing(), killed, false)
            }
            Strike::Soak { kills, .. } => {
                let killed = |entry: &&Entry| entry.outcome == Outcome::Killed;
                let spans = evidence.history.iter().filter(killed).filter_map(|entry| entry.span);
                (*kills, spans.map(|span| span.actor).collect(), true)
            }
            _ => return None,
        };
        if !walk::is_set_up(evidence) {
            return None;
        }
        let (operations, files) = (operations(evidence)?, files(&evidence.scenario));
        Some(Self { evidence, operations, files, killing, killed, restarts })
    }

    pub(super) fn is_killing(&self) -> bool {
        self.killing
    }

    /// Whether this actor is killed for good.
    pub(super) fn is_killed(&self, actor: usize) -> bool {
        !self.restarts && self.killed.contains(&actor)
    }

    /// Whether what happens to `path` is judged.
    pub(super) fn is_file(&self, path: &str) -> bool {
        self.files.contains(&path)
    }

    /// The operations that name `path`.
    pub(super) fn at<'b>(&'b self, path: &'b str) -> impl Iterator<Item = &'b Timed<'a>> {
        self.operations.iter().filter(move |timed| timed.entry.invocation.path() == path)
    }

    /// The writes and deletes of `path` in the workload.
    pub(super) fn changes<'b>(&'b self, path: &'b str) -> impl Iterator<Item = &'b Timed<'a>> {
        self.at(path).filter(|timed| timed.actor.is_some() && timed.content().is_some())
    }

    /// What `path` may hold before the workload. A planted file may or may not be one to the backend, until the set-up
    /// has written or deleted it.
    pub(super) fn before_workload(&self, path: &str) -> Vec<Content<'a>> {
        let mut contents = vec![Content::Absent];
        for plant in &self.evidence.scenario.plants {
            if let Plant::File { path: planted, data } = plant
                && planted == path
            {
                contents = vec![Content::Absent, Content::Whole(data)];
            }
        }
        for timed in self.at(path).filter(|timed| timed.entry.phase == Phase::SetUp) {
            match timed.content() {
                Some(content) if timed.is_acknowledged() => contents = vec![content],
                _ => {}
            }
        }
        contents
    }

    /// Who did it, as the subject of a sentence.
    pub(super) fn who(&self, timed: &Timed<'_>) -> String {
        let killed: Vec<&str> = self.killed.iter().map(|actor| self.name(*actor)).collect();
        let killed = if killed.is_empty() {
            String::new()
        } else {
            format!("with {} killed, ", killed.join(" and "))
        };
        match timed.actor {
            Some(actor) => format!("{killed}{}", self.name(actor)),
            None => format!("{killed}{}", words::observer(self.evidence, timed.entry.phase)),
        }
    }

    fn name(&self, actor: usize) -> &'a str {
        self.evidence.scenario.actors.get(actor).map_or("a process", |actor| &actor.name)
    }

    /// A file or directory in words.
    pub(super) fn place(&self, path: &str) -> String {
        words::place(self.evidence, path)
    }
}

impl<'a> Timed<'a> {
    /// What it leaves at its path, where it writes or deletes a file.
    pub(super) fn content(&self) -> Option<Content<'a>> {
        match &self.entry.invocation {
            Invocation::WriteFile { data, .. } => Some(Content::Whole(data)),
            Invocation::DeleteFile { .. } => Some(Content::Absent),
            _ => None,
        }
    }

    /// Whether it is a read that says that there is no file.
    pub(super) fn finds_nothing(&self) -> bool {
        matches!(self.entry.invocation, Invocation::ReadFile { .. })
            && matches!(self.entry.outcome, Outcome::Fail { kind, .. } if self.missing.contains(&kind))
    }

    pub(super) fn is_acknowledged(&self) -> bool {
        self.entry.outcome.is_ok()
    }

    /// Whether it had returned before the other one was invoked.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        self.returned.is_some_and(|returned| returned < other.invoked)
    }
}

/// Several contents in words, each once.
pub(super) fn contents<'a>(contents: impl IntoIterator<Item = Content<'a>>) -> String {
    let mut all: Vec<String> = Vec::new();
    for one in contents {
        let one = one.to_string();
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all.join(" or ")
}

/// The timeline of a history; `None` where an operation of the workload is nobody's.
fn operations(evidence: &Evidence) -> Option<Vec<Timed<'_>>> {
    let mut operations = Vec::new();
    let intervals = clock::intervals(&evidence.history);
    let missing = [ErrorKind::NotFound, evidence.baseline.missing.unwrap_or(ErrorKind::NotFound)];
    for (index, (entry, interval)) in evidence.history.iter().zip(intervals).enumerate() {
        let actor = match entry.phase {
            Phase::SetUp | Phase::Quiet => None,
            Phase::Workload => Some(entry.span?.actor),
            _ => continue,
        };
        let returned = entry.outcome.is_answer().then_some(interval.ended);
        operations.push(Timed {
            index,
            entry,
            actor,
            invoked: interval.invoked,
            returned,
            missing,
        });
    }
    Some(operations)
}

/// The paths of a scenario that can only be files.
fn files(scenario: &Scenario) -> Vec<&str> {
    let named = scenario.paths();
    let mut directories: BTreeSet<&str> = named.iter().flat_map(|path| ancestors(path)).collect();
    for directory in scenario.directories() {
        directories.insert(directory);
        directories.extend(ancestors(directory));
    }
    let mut links = BTreeSet::new();
    for plant in &scenario.plants {
        match plant {
            Plant::Symlink { path, .. } => {
                links.insert(path.as_str());
            }
            Plant::Directory { path } => {
                directories.insert(path);
                directories.extend(ancestors(path));
            }
            Plant::File { path, .. } => directories.extend(ancestors(path)),
        }
    }
    let planted = scenario.plants.iter().filter_map(|plant| match plant {
        Plant::File { path, .. } => Some(path.as_str()),
        _ => None,
    });
    let in_the_way: BTreeSet<&str> =
        named.iter().copied().chain(planted).chain(links.iter().copied()).collect();
    let is_file = |path: &&str| {
        StoragePath::new(*path).is_ok()
            && !path.starts_with(OUTSIDE)
            && !directories.contains(path)
            && !links.contains(path)
            && !ancestors(path).any(|above| in_the_way.contains(above))
    };
    named.into_iter().filter(is_file).collect()
}
