//! The digest of a disk, which costs as much as what has changed since it was last taken.
//!
//! A directory's hash is the sum modulo 2^256 of the BLAKE3 hashes of its entries, each of a name with what
//! it names, so one entry is exchanged without looking at the others. Sums of hashes collide only if
//! somebody searches for it, and here nobody could gain by it. Hashes of directories nest, so a
//! directory that is renamed takes along what lies below.

use std::{
    ops::{AddAssign, SubAssign},
    sync::Arc,
};

use super::{
    disk::{Content, Disk, Inode, ROOT},
    operation::InodeId,
};

/// A number modulo 2^256, lowest digits first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum([u64; 4]);

impl From<blake3::Hash> for Sum {
    fn from(hash: blake3::Hash) -> Self {
        let mut digits = [0; 4];
        for (digit, bytes) in digits.iter_mut().zip(hash.as_bytes().as_chunks().0) {
            *digit = u64::from_le_bytes(*bytes);
        }
        Self(digits)
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        let mut carry = false;
        for (digit, other) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = digit.overflowing_add(other);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*digit, carry) = (sum, over || over_again);
        }
    }
}

impl SubAssign for Sum {
    fn sub_assign(&mut self, other: Self) {
        let mut borrow = false;
        for (digit, other) in self.0.iter_mut().zip(other.0) {
            let (rest, under) = digit.overflowing_sub(other);
            let (rest, under_again) = rest.overflowing_sub(u64::from(borrow));
            (*digit, borrow) = (rest, under || under_again);
        }
    }
}

impl Disk {
    /// Two disks have the same digest exactly if their trees are equal.
    pub(super) fn digest(&mut self) -> blake3::Hash {
        let sum = self.sum(ROOT);
        let mut hasher = blake3::Hasher::new();
        update_with_sum(&mut hasher, sum);
        hasher.finalize()
    }

    /// A directory's sum, brought up to date. What can be reached from the root has no cycles.
    fn sum(&mut self, inode: InodeId) -> Sum {
        let Some(directory) = self.directory(inode) else { return Sum::default() };
        if directory.stale.is_empty() {
            return directory.sum;
        }
        let stale = std::mem::take(&mut self.directory_mut(inode).expect("it is one").stale);
        for name in stale {
            self.count(inode, &name);
        }
        self.directory(inode).expect("it is one").sum
    }

    /// Adds a stale entry to its directory's sum, unless it has gone.
    fn count(&mut self, directory: InodeId, name: &Arc<str>) {
        let Some(named) = self.entry(directory, name) else { return };
        let below = self.sum(named);
        let mut hasher = blake3::Hasher::new();
        update_with_text(&mut hasher, name.as_bytes());
        update_with_inode(&mut hasher, self.inode(named), below);
        let counted = Sum::from(hasher.finalize());
        let directory = self.directory_mut(directory).expect("it has an entry");
        if let Some(entry) = directory.entry_mut(name) {
            entry.counted = Some(counted);
            directory.sum += counted;
        }
    }
}

fn update_with_inode(hasher: &mut blake3::Hasher, inode: &Inode, below: Sum) {
    match &inode.content {
        Content::File(image) => {
            hasher.update(b"f").update(image.hash().as_bytes());
        }
        Content::Directory(_) => {
            hasher.update(b"d");
            update_with_sum(hasher, below);
        }
        Content::Symlink(target) => {
            hasher.update(b"s");
            update_with_text(hasher, target.as_bytes());
        }
        Content::Other => {
            hasher.update(b"o");
        }
    }
    for (name, value) in &inode.attributes {
        update_with_text(hasher, name.as_bytes());
        update_with_text(hasher, value);
    }
}

fn update_with_sum(hasher: &mut blake3::Hasher, sum: Sum) {
    for digit in sum.0 {
        hasher.update(&digit.to_le_bytes());
    }
}

/// With its length, so that `ab`, `c` and `a`, `bc` differ.
fn update_with_text(hasher: &mut blake3::Hasher, text: &[u8]) {
    hasher.update(&(text.len() as u64).to_le_bytes()).update(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::{Node, Tree},
        subject::Bytes,
    };

    #[test]
    fn digests_differ_exactly_where_trees_do() {
        let file = |text: &str| Node::File(Bytes::from(text));
        let tree = |entries: &[(&str, Node)]| -> Tree {
            let entries = entries.iter().map(|(path, node)| ((*path).to_owned(), node.clone()));
            entries.collect()
        };
        let with = |attributes: &[(&str, &str)]| {
            let mut tree = tree(&[("a", file("x"))]);
            let attributes = attributes.iter();
            let attributes = attributes.map(|(name, value)| ((*name).to_owned(), (*value).into()));
            tree.attributes.insert("a".to_owned(), attributes.collect());
            tree
        };
        let (directory, link) = (Node::Directory, Node::Symlink("x".to_owned()));
        let trees = [
            tree(&[]),
            tree(&[("a", directory.clone())]),
            tree(&[("a", directory.clone()), ("b", file("x"))]),
            tree(&[("a", directory.clone()), ("a/b", file("x"))]),
            tree(&[("a", directory), ("a/b", file("y"))]),
            tree(&[("a", file(""))]),
            tree(&[("a", file("x"))]),
            tree(&[("a", file("x\0"))]),
            tree(&[("a", file(&"\0".repeat(5000)))]),
            tree(&[("a", file(&format!("{}x", "\0".repeat(4999))))]),
            tree(&[("a", file(&format!("{}x{}", "\0".repeat(10), "\0".repeat(4989))))]),
            tree(&[("a", file("x")), ("b", file("y"))]),
            tree(&[("a", file("y")), ("b", file("x"))]),
            tree(&[("ab", file("x"))]),
            tree(&[("a", link)]),
            tree(&[("a", Node::Other)]),
            with(&[("n", "v")]),
            with(&[("n", "")]),
            with(&[("nv", "")]),
            with(&[("n", "v"), ("m", "v")]),
        ];
        for (place, one) in trees.iter().enumerate() {
            assert_eq!(&Disk::new(one).tree(), one);
            for (other_place, other) in trees.iter().enumerate() {
                let equal = Disk::new(one).digest() == Disk::new(other).digest();
                assert_eq!(equal, place == other_place, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn sums_are_modulo_2_to_the_256() {
        let all = Sum([u64::MAX; 4]);
        let one = Sum([1, 0, 0, 0]);
        let mut sum = all;
        sum += one;
        assert_eq!(sum, Sum::default());
        sum -= one;
        assert_eq!(sum, all);
    }
}
