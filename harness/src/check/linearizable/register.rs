//! The register and what is done to it, as small as histories of a million operations need it.
//!
//! Contents are numbers here: whoever makes a history of real files gives equal contents equal numbers. A
//! register holds one of them or, as a file that is not there, none.

/// A content, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u32);

/// What a register holds; `None` where there is no file.
pub type State = Option<Value>;

/// What an operation did or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Stored a value.
    Write(Value),
    /// Removed the value, if there was one.
    Delete,
    /// Found this.
    Read(State),
    /// Found out whether there is a value.
    Exists(bool),
}

/// How an operation ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It was answered: a change took effect before.
    Certain(u64),
    /// It failed: a change took effect before, or never.
    Doubtful(u64),
    /// It was never answered: a change takes effect at any later time, or never.
    Open,
}

/// One operation. Moments are of a logical clock; one operation precedes another if it ended at a smaller one than the
/// other was invoked at. What was only looked for and not answered is no operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// When it began.
    pub invoked: u64,
    /// When and how it ended.
    pub end: End,
    /// What it did or saw.
    pub action: Action,
}

impl Operation {
    /// The last moment at which it may take effect.
    pub fn deadline(&self) -> u64 {
        match self.end {
            End::Certain(at) | End::Doubtful(at) => at,
            End::Open => u64::MAX,
        }
    }

    /// Whether an order of all operations must have it.
    pub fn is_certain(&self) -> bool {
        matches!(self.end, End::Certain(_))
    }
}

impl Action {
    /// Whether it leaves the register in a state of its own.
    pub fn is_change(self) -> bool {
        matches!(self, Self::Write(_) | Self::Delete)
    }

    /// What the register holds afterwards if it held `state`; `None` where the answer would be wrong.
    pub fn apply(self, state: State) -> Option<State> {
        match self {
            Self::Write(value) => Some(Some(value)),
            Self::Delete => Some(None),
            Self::Read(seen) => (seen == state).then_some(state),
            Self::Exists(truth) => (truth == state.is_some()).then_some(state),
        }
    }
}
