//! The ground: one root in which crash states are laid out, each from what is left of the one before.
//!
//! Neighbours differ in little, so most of a state lies there already. What was laid out has a modification time that
//! no clock gives: whatever a subject has changed since shows without being read. The root gets a new
//! name for every state, and a file that differs is a new file, so that nothing remembered by path or by inode fits.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags, futimens, lsetxattr, utimensat};

use super::super::arena::{Scratch, attributes};
use crate::history::{Node, Outcome, Tree};

/// When what is laid out was last modified.
const LONG_AGO: Timestamps = {
    let time = Timespec { tv_sec: 1_000_000_007, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
};
/// Why crash states of a subject would prove nothing.
pub(super) const SPECIAL: &str =
    "it keeps a socket, a FIFO or a device below its root, which crash states do not have";
/// See [`SPECIAL`].
const NO_TEXT: &str = "it gives files names that are not UTF-8, which crash states do not have";
/// What stands for the root in a subject's words: two runs read the same.
const ROOT: &str = "<root>";

/// See the module. Removed when dropped.
pub(in crate::explore) struct Ground {
    root: PathBuf,
    /// What was laid out last.
    tree: Tree,
    /// Which of its paths (the root is the empty one) are as they were laid out; none before they were looked at.
    intact: Option<BTreeMap<String, bool>>,
}

impl Ground {
    /// An empty root.
    pub(in crate::explore) fn new(scratch: &mut Scratch) -> io::Result<Self> {
        let root = scratch.fresh_path();
        fs::create_dir(&root)?;
        age(&root)?;
        Ok(Self { root, tree: Tree::default(), intact: None })
    }

    /// Leaves the root to somebody else.
    pub(super) fn leave(mut self) -> PathBuf {
        std::mem::take(&mut self.root)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Lays out a tree, at a path that was never used before.
    pub(in crate::explore) fn lay_out(
        &mut self,
        scratch: &mut Scratch,
        tree: &Tree,
    ) -> io::Result<()> {
        let intact = self.intact.take().unwrap_or_else(|| self.survey());
        let root = scratch.fresh_path();
        fs::rename(&self.root, &root)?;
        self.root = root;
        let is_intact = |path: &str| intact.get(path) == Some(&true);
        let same = |path: &str| {
            let alike = self.tree.nodes.get(path) == tree.nodes.get(path)
                && self.tree.attributes.get(path) == tree.attributes.get(path);
            let is_directory = matches!(tree.nodes.get(path), Some(Node::Directory));
            // A directory is itself, whatever has happened in it, as long as it is there.
            alike && (is_intact(path) || (is_directory && intact.contains_key(path)))
        };
        // Directories in which something appears or disappears, now or since.
        let mut stirred: BTreeSet<String> = BTreeSet::new();
        let mut stir = |path: &str| {
            stirred.insert(parent(path).to_owned());
        };
        for (path, is_intact) in intact.iter().rev() {
            let is_directory =
                path.is_empty() || matches!(self.tree.nodes.get(path), Some(Node::Directory));
            if is_directory && !is_intact {
                self.remove_strangers(path)?;
                stir(&format!("{path}/"));
            }
            if !path.is_empty() && !same(path) {
                remove(&self.root.join(path))?;
                stir(path);
            }
        }
        // Parents sort before what is in them.
        for (path, node) in &tree.nodes {
            if same(path) {
                continue;
            }
            let place = self.root.join(path);
            match node {
                Node::File(data) => {
                    let mut file = fs::File::create_new(&place)?;
                    io::Write::write_all(&mut file, data)?;
                    futimens(&file, &LONG_AGO)?;
                }
                Node::Directory => {
                    fs::create_dir(&place)?;
                    stir(&format!("{path}/"));
                }
                Node::Symlink(target) => symlink(target, &place)?,
                Node::Other => return Err(io::Error::other("a crash state holds a special file")),
            }
            for (name, value) in tree.attributes.get(path).into_iter().flatten() {
                lsetxattr(&place, name.as_str(), value, XattrFlags::empty())?;
            }
            stir(path);
        }
        let is_there = |path: &&String| {
            path.is_empty() || matches!(tree.nodes.get(path.as_str()), Some(Node::Directory))
        };
        for path in stirred.iter().filter(is_there) {
            age(&self.root.join(path))?;
        }
        self.tree.clone_from(tree);
        Ok(())
    }

    /// Whether anything has been modified since it was laid out. A modification after which a subject sets the time
    /// back does not show.
    pub(super) fn is_modified(&mut self) -> bool {
        let intact = self.survey();
        let paths = self.tree.nodes.len() + 1;
        let is_modified = intact.len() < paths || intact.values().any(|intact| !intact);
        self.intact = Some(intact);
        is_modified
    }

    /// Something may be modified after the last look at it.
    pub(super) fn forget(&mut self) {
        self.intact = None;
    }

    /// The paths of the tree that are still there, and whether they are as they were laid out.
    fn survey(&self) -> BTreeMap<String, bool> {
        let paths = std::iter::once("").chain(self.tree.nodes.keys().map(String::as_str));
        let looked = paths.filter_map(|path| {
            let metadata = fs::symlink_metadata(self.root.join(path)).ok()?;
            let is_same_kind = match self.tree.nodes.get(path) {
                None | Some(Node::Directory) => metadata.is_dir(),
                Some(Node::File(_)) => metadata.is_file(),
                // A link has no time of its own to go by: it is made anew.
                Some(Node::Symlink(_) | Node::Other) => false,
            };
            let is_old = metadata.mtime() == LONG_AGO.last_modification.tv_sec;
            // Attributes change no time that can be set.
            let has_its_attributes = || {
                let laid_out = self.tree.attributes.get(path);
                attributes(&self.root.join(path))
                    .is_ok_and(|now| laid_out.map_or(now.is_empty(), |laid_out| *laid_out == now))
            };
            let is_link = matches!(self.tree.nodes.get(path), Some(Node::Symlink(_)));
            is_same_kind
                .then(|| is_old && (metadata.is_dir() || has_its_attributes()))
                .or(is_link.then_some(false))
                .map(|is| (path.to_owned(), is))
        });
        looked.collect()
    }

    /// Removes from a directory what was not laid out there.
    fn remove_strangers(&self, directory: &str) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(directory))? {
            let entry = entry?;
            let name = entry.file_name();
            let path = match directory {
                "" => name.to_string_lossy().into_owned(),
                directory => format!("{directory}/{}", name.to_string_lossy()),
            };
            let is_known = match self.tree.nodes.get(&path) {
                Some(Node::Directory) => entry.file_type()?.is_dir(),
                Some(Node::File(_)) => entry.file_type()?.is_file(),
                Some(Node::Symlink(_)) => entry.file_type()?.is_symlink(),
                _ => false,
            };
            if !is_known {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The outcome without this root's path in the subject's words.
    pub(super) fn anonymous(&self, outcome: Outcome) -> Outcome {
        let text = |text: String| match self.root.to_str() {
            Some(root) if text.contains(root) => text.replace(root, ROOT),
            _ => text,
        };
        match outcome {
            Outcome::Fail { kind, message } => Outcome::Fail { kind, message: text(message) },
            Outcome::Broken(why) => Outcome::Broken(text(why)),
            other => other,
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // What cannot be removed now goes with the scratch directory, and what was left is not ours.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Why a tree can be no crash state, if it cannot.
pub(super) fn cannot_be_laid_out(tree: &Tree) -> Option<&'static str> {
    let is_special = tree.nodes.values().any(|node| matches!(node, Node::Other));
    let is_named_otherwise =
        tree.nodes.keys().any(|path| path.contains(char::REPLACEMENT_CHARACTER));
    match (is_special, is_named_otherwise) {
        (true, _) => Some(SPECIAL),
        (false, true) => Some(NO_TEXT),
        (false, false) => None,
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn age(directory: &Path) -> io::Result<()> {
    Ok(utimensat(CWD, directory, &LONG_AGO, AtFlags::empty())?)
}

/// Removes whatever is at a path, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // unlink(2): EISDIR, on Linux.
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => fs::remove_dir_all(path),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::explore::arena::read_tree;

    /// Trees of two levels with few names, so that one differs from the next in every way.
    fn trees() -> impl Strategy<Value = Tree> {
        let content = prop::sample::select(vec!["", "a", "b", "a long value"]);
        let node = prop_oneof![
            4 => content.prop_map(|text| Node::File(text.into())),
            1 => Just(Node::Directory),
            1 => Just(Node::Symlink("x".into())),
        ];
        let name = prop::sample::select(vec!["a", "b", "d", "e"]);
        let attribute = prop::option::of(prop::sample::select(vec!["1", "2"]));
        let entries =
            prop::collection::vec((name.clone(), prop::option::of(name), node, attribute), 0..6);
        entries.prop_map(|entries| {
            let mut tree = Tree::default();
            for (first, second, node, attribute) in entries {
                let path = match second {
                    Some(second) => {
                        tree.nodes.insert(first.to_owned(), Node::Directory);
                        tree.attributes.remove(first);
                        format!("{first}/{second}")
                    }
                    None => first.to_owned(),
                };
                let below = format!("{path}/");
                tree.nodes.retain(|known, _| !known.starts_with(&below));
                tree.attributes.retain(|known, _| !known.starts_with(&below));
                tree.attributes.remove(&path);
                if let (Some(value), Node::File(_)) = (attribute, &node) {
                    let named = [("user.n".to_owned(), value.into())];
                    tree.attributes.insert(path.clone(), named.into());
                }
                tree.nodes.insert(path, node);
            }
            tree
        })
    }

    proptest! {
        /// Whatever lay there before, and whatever was done to it.
        #[test]
        fn what_is_laid_out_is_the_tree_and_nothing_else(
            steps in prop::collection::vec((trees(), 0..7_u8), 1..6),
        ) {
            let mut scratch = Scratch::new().unwrap();
            let mut ground = Ground::new(&mut scratch).unwrap();
            for (tree, harm) in steps {
                ground.lay_out(&mut scratch, &tree).unwrap();
                prop_assert_eq!(&read_tree(ground.root()).unwrap(), &tree);
                let has_links = tree.nodes.values().any(|node| matches!(node, Node::Symlink(_)));
                prop_assert!(has_links || !ground.is_modified());
                let first = tree.nodes.keys().next().map(|path| ground.root().join(path));
                match (harm, first) {
                    (1, _) => fs::write(ground.root().join("stranger"), "s").unwrap(),
                    (2, Some(first)) => remove(&first).unwrap(),
                    (3, Some(first)) if first.is_file() => fs::write(first, "harmed").unwrap(),
                    (4, Some(first)) => {
                        remove(&first).unwrap();
                        fs::create_dir(&first).unwrap();
                        fs::write(first.join("stranger"), "s").unwrap();
                    }
                    (6, Some(first)) if first.is_file() => {
                        lsetxattr(first, "user.harm", b"h", XattrFlags::empty()).unwrap();
                    }
                    (5, Some(first)) if first.is_dir() => {
                        fs::create_dir(first.join("stranger")).unwrap();
                    }
                    _ => continue,
                }
                prop_assert!(has_links || ground.is_modified(), "{harm}");
            }
        }
    }
}
