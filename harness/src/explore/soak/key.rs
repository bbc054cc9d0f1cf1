//! One path of a soak: judged while its history grows, with the last stretch of it at hand to show what was wrong.
//!
//! The stretch begins at a moment when it was certain what the file held and nothing was under way, so that it is a
//! history of its own. Such moments are frequent; where they stay away, as after kills that leave open whether a write
//! will take effect, the path is given up for a new one.

use super::content::Content;
use crate::{
    check::linearizable::{Action, Answer, End, Limits, Operation, Value, Watch},
    history::{Entry, Invocation, Outcome, Reply},
};

/// Longest stretch that is kept, in operations: what a person would still look at, and more than clients at full
/// speed make between two quiet moments of one path.
const STRETCH_OPERATIONS_MAX: usize = 150;
/// Operations on one path until a new one takes its place: creation is worth trying again.
const OPERATIONS_MAX: u32 = 2_000;
/// Changes by killed clients that may still take effect: each doubles what has to be considered.
const OPEN_MAX: usize = 3;
/// How many operations are judged together.
const SETTLED_TOGETHER: u32 = 8;
/// A window is never longer than a stretch; the configurations are those of a few milliseconds.
const LIMITS: Limits =
    Limits { window_operations_max: STRETCH_OPERATIONS_MAX, configurations_max: 2_000 };

/// An operation as it is kept: a whole value takes no room.
struct Noted {
    entry: Entry,
    value: Option<Content>,
}

/// What a client was told, with a whole value known for what it is.
pub(super) struct Told {
    pub(super) outcome: Outcome,
    pub(super) value: Option<Content>,
}

/// What is known of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing was wrong so far.
    Good,
    /// Something was.
    Suspect,
    /// It was too hard to say.
    Undecided,
}

/// See the module.
pub(super) struct Key {
    pub(super) number: u32,
    pub(super) path: String,
    /// When it came into use.
    pub(super) born: u64,
    /// Values that somebody began to write.
    values: u32,
    operations: u32,
    unsettled: u32,
    watch: Watch,
    /// What the file held when the stretch began.
    before: Option<Content>,
    stretch: Vec<Noted>,
    pub(super) standing: Standing,
}

impl Told {
    /// Recognises the value in an outcome, once, outside of any lock.
    pub(super) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok(Reply::Data(data)) => match Content::of(&data) {
                Some(value) => Self {
                    outcome: Outcome::Ok(Reply::Data(crate::subject::Bytes::default())),
                    value: Some(value),
                },
                None => Self { outcome: Outcome::Ok(Reply::Data(data)), value: None },
            },
            outcome => Self { outcome, value: None },
        }
    }
}

impl Key {
    pub(super) fn new(number: u32, directory: &str, born: u64) -> Self {
        Self {
            number,
            path: format!("{directory}/k{number}"),
            born,
            values: 0,
            operations: 0,
            unsettled: 0,
            watch: Watch::new(None, LIMITS),
            before: None,
            stretch: Vec::new(),
            standing: Standing::Good,
        }
    }

    /// The next value that somebody begins to write.
    pub(super) fn next_value(&mut self) -> Content {
        self.values += 1;
        Content { key: self.number, number: self.values - 1 }
    }

    /// Adds an operation and how it ended: `value` is what it wrote or read, `action` what it did to this path or saw
    /// of it, if anything.
    pub(super) fn note(&mut self, entry: Entry, value: Option<Content>, action: Option<Action>) {
        if let (Some(action), Some(span)) = (action, entry.span) {
            let end = match (span.returned, entry.outcome.is_ok() || !action.is_change()) {
                (Some(at), true) => End::Certain(at),
                (Some(at), false) => End::Doubtful(at),
                (None, _) => End::Open,
            };
            if action.is_change() || end != End::Open {
                self.watch.push(Operation { invoked: span.invoked, end, action });
            }
        }
        self.stretch.push(Noted { entry, value });
        self.operations += 1;
        self.unsettled += 1;
    }

    /// What a read of this value saw, if somebody had begun to write it here.
    pub(super) fn read(&self, value: Content) -> Option<Action> {
        let is_ours = value.key == self.number && value.number < self.values;
        is_ours.then_some(Action::Read(Some(Value(value.number))))
    }

    /// Judges what has come together; nothing that was invoked before `horizon` is still to come.
    pub(super) fn settle(&mut self, horizon: u64) {
        if self.unsettled < SETTLED_TOGETHER || self.standing != Standing::Good {
            return;
        }
        self.unsettled = 0;
        match self.watch.settle(horizon) {
            Answer::Linearizable => self.forget(),
            Answer::NotLinearizable => self.standing = Standing::Suspect,
            Answer::Unknown => self.standing = Standing::Undecided,
        }
    }

    /// Whether another path is to take its place.
    pub(super) fn is_spent(&self) -> bool {
        self.standing == Standing::Undecided
            || self.standing == Standing::Good
                && (self.operations >= OPERATIONS_MAX
                    || self.stretch.len() >= STRETCH_OPERATIONS_MAX
                    || self.watch.open() > OPEN_MAX)
    }

    /// The stretch, in the order of invocation, with the values in it, and what was there before.
    pub(super) fn stretch(&self) -> (Option<Content>, Vec<Entry>) {
        let mut entries: Vec<Entry> = self.stretch.iter().map(Noted::entry).collect();
        entries.sort_by_key(|entry| entry.span.map(|span| span.invoked));
        (self.before, entries)
    }

    /// How many operations are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.stretch.len() + self.watch.len()
    }

    fn forget(&mut self) {
        let Some(state) = self.watch.certain() else { return };
        let from = self.watch.settled_up_to().unwrap_or(u64::MAX);
        self.stretch.retain(|noted| noted.entry.span.is_some_and(|span| span.invoked >= from));
        self.before = state.map(|value| Content { key: self.number, number: value.0 });
    }
}

impl Noted {
    fn entry(&self) -> Entry {
        let mut entry = self.entry.clone();
        if let Some(value) = self.value {
            match (&mut entry.invocation, &mut entry.outcome) {
                (Invocation::WriteFile { data, .. }, _) | (_, Outcome::Ok(Reply::Data(data))) => {
                    *data = value.bytes();
                }
                _ => {}
            }
        }
        entry
    }
}
