//! What a step reads and changes, and which steps cannot change places without somebody noticing.

use std::hash::{DefaultHasher, Hash, Hasher};

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
pub struct Touches {
    /// Ascending.
    all: Vec<Touch>,
    /// One bit for each object, by its hash: most steps have nothing to do with each other, and every step of a
    /// run is compared with many others.
    bits: u64,
}

impl Touches {
    /// Adds one.
    pub fn add(&mut self, object: Object, mode: Mode) {
        self.insert(Touch { object, mode });
    }

    /// Adds all of another step's.
    pub fn extend(&mut self, other: Self) {
        other.all.into_iter().for_each(|touch| self.insert(touch));
    }

    fn insert(&mut self, touch: Touch) {
        let Err(at) = self.all.binary_search(&touch) else { return };
        self.bits |= match &touch.object {
            Object::Everything => u64::MAX,
            object => {
                let mut hasher = DefaultHasher::new();
                object.hash(&mut hasher);
                1 << (hasher.finish() % u64::from(u64::BITS))
            }
        };
        self.all.insert(at, touch);
    }

    /// Whether the two steps, of different actors, cannot change places without somebody noticing.
    pub fn conflict(&self, other: &Self) -> bool {
        self.bits & other.bits != 0
            && self.all.iter().any(|one| other.all.iter().any(|another| one.conflicts(another)))
    }

    /// Whether its actor may have had to wait before it made the step.
    pub(super) fn may_wait(&self) -> bool {
        self.all.iter().any(|touch| matches!(touch.object, Object::Lock(_) | Object::Everything))
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Touch> {
        self.all.iter()
    }
}

impl FromIterator<Touch> for Touches {
    fn from_iter<I: IntoIterator<Item = Touch>>(touches: I) -> Self {
        let mut all = Self::default();
        touches.into_iter().for_each(|touch| all.insert(touch));
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn touch() -> impl Strategy<Value = Touch> {
        let object = prop_oneof![
            8 => (0..100_u64).prop_map(|inode| Object::Content((1, inode))),
            4 => "[a-c]{1,2}".prop_map(Object::Name),
            1 => Just(Object::Everything),
        ];
        let mode = proptest::sample::select(
            &[Mode::Read, Mode::Change, Mode::Contribute, Mode::Begin, Mode::End][..],
        );
        (object, mode).prop_map(|(object, mode)| Touch { object, mode })
    }

    proptest! {
        #[test]
        fn a_conflict_is_one_of_two_touches(
            ours in proptest::collection::vec(touch(), 0..4),
            theirs in proptest::collection::vec(touch(), 0..4),
        ) {
            let expected = ours.iter().any(|one| theirs.iter().any(|another| one.conflicts(another)));
            let [one, another] = [&ours, &theirs].map(|all| all.iter().cloned().collect::<Touches>());
            prop_assert_eq!(one.conflict(&another), expected);
            prop_assert_eq!(another.conflict(&one), expected);
        }
    }

    #[test]
    fn a_touch_counts_once_in_whatever_order_it_was_added() {
        let [one, another] =
            [Mode::Read, Mode::Change].map(|mode| Touch { object: Object::Name("a".into()), mode });
        let all: Touches = [another.clone(), one.clone(), another.clone()].into_iter().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), [&one, &another]);
        let mut extended = Touches::from_iter([one]);
        extended.extend(Touches::from_iter([another]));
        assert_eq!(extended, all);
    }
}
