//! What a step reads and changes, and which steps cannot change places without somebody noticing.

use std::collections::BTreeSet;

/// Something that one actor can change and another one notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// What a path below the root names; the root itself is the empty path.
    Name(String),
    /// Which names are in a directory, as a listing shows them.
    Listing(String),
    /// The bytes of a file.
    Content(Inode),
    /// Its size, link count and extended attributes.
    Attributes(Inode),
    /// The locks on it.
    Lock(Inode),
    /// When the operations on a path begin and end: what a client sees of real time.
    Clock(String),
    /// Everything: the call is not understood.
    Everything,
}

/// Device and number of an inode.
pub type Inode = (u64, u64);

/// How a step has to do with an object. Two steps of one mode can change places, but for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// It looks.
    Read,
    /// It changes something.
    Change,
    /// It adds something or takes something away, which others do as well without being disturbed: an entry
    /// of a directory.
    Contribute,
    /// An operation on it begins.
    Begin,
    /// An operation on it ends.
    End,
}

/// One object and what is done to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Touch {
    /// What.
    pub object: Object,
    /// How.
    pub mode: Mode,
}

impl Touch {
    fn conflicts(&self, other: &Self) -> bool {
        let same = self.object == other.object
            || self.object == Object::Everything
            || other.object == Object::Everything;
        same && (self.mode != other.mode || self.mode == Mode::Change)
    }
}

/// Everything that a step touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touches(BTreeSet<Touch>);

impl Touches {
    /// Adds one.
    pub fn add(&mut self, object: Object, mode: Mode) {
        self.0.insert(Touch { object, mode });
    }

    /// Adds all of another step's.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether the two steps, of different actors, cannot change places without somebody noticing.
    pub fn conflict(&self, other: &Self) -> bool {
        self.0.iter().any(|one| other.0.iter().any(|another| one.conflicts(another)))
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Touch> {
        self.0.iter()
    }
}

impl FromIterator<Touch> for Touches {
    fn from_iter<I: IntoIterator<Item = Touch>>(touches: I) -> Self {
        Self(touches.into_iter().collect())
    }
}
