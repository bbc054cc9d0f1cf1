//! The ledger of a phase: who is to call what, what is under way, and what is known of each path.
//!
//! One lock guards it, and its clock ticks when an operation is handed out and when its answer is brought in. So of two
//! operations the one that was answered before the other was asked has the smaller moments, and the ledger knows at
//! any time which history is complete. Values are made and looked at outside of the lock.
//!
//! What it finds is a suspicion. The checkers decide, when all have finished.

use crashworthy::{ErrorKind, Operation};
use rand::{RngExt, rngs::Xoshiro256PlusPlus};

use super::{
    content::Content,
    key::{Key, Standing, Told},
};
use crate::{
    check::linearizable::{Action, Value},
    history::{Entry, Invocation, Outcome, Phase, Reply, Span},
};

/// Clients at once: enough for two to write and two to read one path, and few enough to keep two processors busy
/// with the subject and not with taking turns.
pub(super) const CLIENTS: usize = 4;
/// Paths at once: few, so that clients meet, and enough for a path to be left alone now and then.
const KEYS: usize = 6;
/// Where the paths are; one of them below another directory.
pub(super) const DIRECTORIES: [&str; 2] = ["left", "deep/right"];
/// Of a hundred operations, how many are of each kind; the rest are reads.
const WRITES: u32 = 34;
const DELETES: u32 = 6;
const EXISTS: u32 = 10;
const LISTS: u32 = 12;
const RECOVERIES: u32 = 1;

/// What a client is to do.
#[derive(Clone, Debug)]
pub(super) struct Task {
    what: What,
    path: String,
    invoked: u64,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Write(Content),
    Delete(u32),
    Read(u32),
    Exists(u32),
    List,
    Recover,
}

/// See the module.
pub(super) struct Ledger {
    clock: u64,
    keys: Vec<Key>,
    /// Given up, while somebody is still at work on them.
    leaving: Vec<Key>,
    next_key: u32,
    under_way: [Option<Task>; CLIENTS],
    /// Whether clients are killed.
    kills_clients: bool,
    /// Whether the subject offers `recover`.
    recovers: bool,
    /// What it refuses to everybody, in company or not.
    refused: Vec<Operation>,
    /// How it says that a file is missing.
    missing: [ErrorKind; 2],
    /// Whether nothing more is to be begun.
    pub(super) is_over: bool,
    pub(super) operations: u64,
    pub(super) kills: u64,
    pub(super) undecided: u64,
}

impl Task {
    /// The operation, with the value that it stores.
    pub(super) fn invocation(&self) -> Invocation {
        let path = self.path.clone();
        match self.what {
            What::Write(value) => Invocation::WriteFile { path, data: value.bytes() },
            What::Delete(_) => Invocation::DeleteFile { path },
            What::Read(_) => Invocation::ReadFile { path },
            What::Exists(_) => Invocation::Exists { path },
            What::List => Invocation::ListFiles { directory: path },
            What::Recover => Invocation::Recover,
        }
    }

    /// The operation without the value, which can be made again.
    fn hollow(&self) -> Invocation {
        match self.what {
            What::Write(_) => Invocation::WriteFile {
                path: self.path.clone(),
                data: crate::subject::Bytes::default(),
            },
            _ => self.invocation(),
        }
    }
}

impl Ledger {
    pub(super) fn new(
        kills_clients: bool,
        recovers: bool,
        missing: Option<ErrorKind>,
        refused: Vec<Operation>,
    ) -> Self {
        let mut ledger = Self {
            clock: 0,
            keys: Vec::new(),
            leaving: Vec::new(),
            next_key: 0,
            under_way: [const { None }; CLIENTS],
            kills_clients,
            recovers,
            refused,
            missing: [ErrorKind::NotFound, missing.unwrap_or(ErrorKind::NotFound)],
            is_over: false,
            operations: 0,
            kills: 0,
            undecided: 0,
        };
        for slot in 0..KEYS {
            let key = ledger.fresh_key(slot);
            ledger.keys.push(key);
        }
        ledger
    }

    /// Hands out an operation; nothing when it is over.
    pub(super) fn begin(&mut self, client: usize, random: &mut Xoshiro256PlusPlus) -> Option<Task> {
        if self.is_over {
            return None;
        }
        let slot = random.random_range(0..KEYS);
        let key = &mut self.keys[slot];
        let number = key.number;
        let mut dice = random.random_range(0..100_u32);
        let mut is = |share: u32| {
            let is = dice < share;
            dice = dice.wrapping_sub(share);
            is
        };
        let what = if is(WRITES) {
            What::Write(key.next_value())
        } else if is(DELETES) {
            What::Delete(number)
        } else if is(EXISTS) {
            What::Exists(number)
        } else if is(LISTS) {
            What::List
        } else if is(RECOVERIES) && self.recovers {
            What::Recover
        } else {
            What::Read(number)
        };
        let path = match what {
            What::List => DIRECTORIES[slot % DIRECTORIES.len()].to_owned(),
            What::Recover => String::new(),
            _ => key.path.clone(),
        };
        let task = Task { what, path, invoked: self.tick() };
        self.under_way[client] = Some(task.clone());
        Some(task)
    }

    /// Takes in how the operation of a client ended.
    pub(super) fn end(&mut self, client: usize, told: Told) {
        let Some(task) = self.under_way[client].take() else { return };
        let Told { outcome, value } = told;
        let now = self.tick();
        let returned = outcome.is_answer().then_some(now);
        let span = Some(Span { actor: client, invoked: task.invoked, returned });
        self.operations += 1;
        self.kills += u64::from(outcome == Outcome::Killed);
        let entry = Entry { phase: Phase::Workload, invocation: task.hollow(), outcome, span };
        if is_refusal(&entry.outcome) && self.refused.contains(&entry.invocation.operation()) {
            return;
        }
        let is_failure = self.is_failure(&entry);
        match task.what {
            What::Write(value) => {
                let action = Action::Write(Value(value.number));
                self.note(value.key, entry, Some(value), Some(action), is_failure);
            }
            What::Delete(key) => self.note(key, entry, None, Some(Action::Delete), is_failure),
            What::Read(key) => {
                let is_read = entry.outcome.is_ok();
                let mut keys = self.keys.iter().chain(&self.leaving);
                let seen = keys.find(|one| one.number == key);
                let seen = seen.zip(value).and_then(|(key, value)| key.read(value));
                let finds_nothing = matches!(&entry.outcome, Outcome::Fail { kind, .. } if self.missing.contains(kind));
                let action = if finds_nothing { Some(Action::Read(None)) } else { seen };
                let is_torn = is_read && seen.is_none();
                self.note(key, entry, value, action, is_failure || is_torn);
            }
            What::Exists(key) => {
                let action = match entry.outcome {
                    Outcome::Ok(Reply::Truth(truth)) => Some(Action::Exists(truth)),
                    _ => None,
                };
                self.note(key, entry, None, action, is_failure);
            }
            What::List => self.note_list(&entry, is_failure),
            // It is about no path, and stands in the history of one.
            What::Recover => self.note(self.keys[0].number, entry, None, None, is_failure),
        }
        self.settle();
    }

    /// What each path came to, with those first that something is wrong about.
    pub(super) fn close(&mut self) -> Vec<Key> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.append(&mut self.leaving);
        keys.sort_by_key(|key| key.standing != Standing::Suspect);
        keys
    }

    /// How many operations are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.keys.iter().chain(&self.leaving).map(Key::len).sum()
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn fresh_key(&mut self, slot: usize) -> Key {
        self.next_key += 1;
        Key::new(self.next_key - 1, DIRECTORIES[slot % DIRECTORIES.len()], self.clock)
    }

    fn note(
        &mut self,
        number: u32,
        entry: Entry,
        value: Option<Content>,
        action: Option<Action>,
        is_suspect: bool,
    ) {
        let mut keys = self.keys.iter_mut().chain(&mut self.leaving);
        let Some(key) = keys.find(|key| key.number == number) else { return };
        key.note(entry, value, action);
        if is_suspect {
            key.standing = Standing::Suspect;
        }
    }

    /// A list says of each path in its directory whether it is there. Of the names, only that of the path and those
    /// that nobody may have stored are kept.
    fn note_list(&mut self, entry: &Entry, is_failure: bool) {
        let (next_key, directory) = (self.next_key, entry.invocation.path());
        let (mut strange, mut known) = (Vec::new(), Vec::new());
        if let Outcome::Ok(Reply::Names(names)) = &entry.outcome {
            for name in names {
                let number = name.strip_prefix('k').and_then(|number| number.parse::<u32>().ok());
                match number.filter(|number| *number < next_key && *name == format!("k{number}")) {
                    Some(number) => known.push(number),
                    // What a killed client leaves, and whether it shows, is `kill-orphans-invisible`.
                    None if self.kills_clients => {}
                    None => strange.push(name.clone()),
                }
            }
        }
        let invoked = entry.span.map(|span| span.invoked);
        for key in &mut self.keys {
            let is_there = key.path.rsplit_once('/').is_some_and(|(above, _)| above == directory);
            if !is_there || invoked <= Some(key.born) {
                continue;
            }
            let mut entry = entry.clone();
            let mut action = None;
            if let Outcome::Ok(Reply::Names(names)) = &mut entry.outcome {
                let is_listed = known.contains(&key.number);
                names.clone_from(&strange);
                names.extend(is_listed.then(|| format!("k{}", key.number)));
                names.sort();
                action = Some(Action::Exists(is_listed));
            }
            key.note(entry, None, action);
            if is_failure || !strange.is_empty() {
                key.standing = Standing::Suspect;
            }
        }
    }

    /// Whether it failed as it could not have failed alone, or gave no proper answer.
    fn is_failure(&self, entry: &Entry) -> bool {
        let is_read = matches!(entry.invocation, Invocation::ReadFile { .. });
        match &entry.outcome {
            Outcome::Ok(_) | Outcome::Killed => false,
            Outcome::Fail { kind, .. } => !(is_read && self.missing.contains(kind)),
            Outcome::Broken(_) => true,
        }
    }

    fn settle(&mut self) {
        let under_way = self.under_way.iter().flatten().map(|task| task.invoked);
        let horizon = under_way.min().unwrap_or(self.clock + 1);
        for slot in 0..self.keys.len() {
            let key = &mut self.keys[slot];
            key.settle(horizon);
            self.is_over |= key.standing == Standing::Suspect;
            if key.is_spent() {
                self.undecided += u64::from(key.standing == Standing::Undecided);
                let fresh = self.fresh_key(slot);
                self.leaving.push(std::mem::replace(&mut self.keys[slot], fresh));
            }
        }
        // What is still under way there may hang, which must not be missed.
        let under_way = &self.under_way;
        self.leaving.retain(|key| {
            let is_busy = under_way.iter().flatten().any(|task| task.path == key.path);
            is_busy || key.standing == Standing::Suspect
        });
        self.is_over |= self.leaving.iter().any(|key| key.standing == Standing::Suspect);
    }
}

/// Whether the outcome says that the subject has no such operation, or no such path.
pub(super) fn is_refusal(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fail { kind: ErrorKind::InvalidPath | ErrorKind::Unsupported, .. })
}
