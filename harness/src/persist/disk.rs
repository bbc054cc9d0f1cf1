//! A file system's content in memory: inodes, to which micro-operations are applied.
//!
//! The same type is the live tree while calls are recorded and the persisted tree while crash states are
//! enumerated. Clones share every inode until one of them changes it. The disk is made of [`Slot`]s, each
//! of which holds one thing that micro-operations replace: a state is reached from its neighbour by
//! giving the slots that differ their content anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    digest::Sum,
    image::FileImage,
    operation::{Effect, InodeId},
};
use crate::history::{Attributes, Node, Tree};

/// The directory under which everything lies.
pub(super) const ROOT: InodeId = InodeId(0);

/// One thing that has one content at a time. Micro-operations on different slots commute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Slot {
    /// A page of a file.
    Page(InodeId, u64),
    /// A file's size.
    Size(InodeId),
    /// A name in a directory.
    Entry(InodeId, Arc<str>),
    /// An extended attribute.
    Attribute(InodeId, Arc<str>),
}

/// What an inode is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    File(FileImage),
    Directory(Directory),
    Symlink(Arc<str>),
    Other,
}

/// A directory, with the sum of its entries' hashes; see [`Disk::digest`].
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    entries: BTreeMap<Arc<str>, Entry>,
    pub(super) sum: Sum,
    /// The names that the sum lacks, and some that are gone.
    pub(super) stale: BTreeSet<Arc<str>>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) inode: InodeId,
    /// What it has added to the directory's sum.
    pub(super) counted: Option<Sum>,
}

impl Directory {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn entry_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.entries.get_mut(name)
    }

    /// Takes an entry, whose inode has changed or that is about to go, out of the sum.
    fn spoil(&mut self, name: &Arc<str>) {
        if let Some(counted) = self.entries.get_mut(name).and_then(|entry| entry.counted.take()) {
            self.sum -= counted;
        }
        self.stale.insert(Arc::clone(name));
    }
}

/// A file, directory or symbolic link.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) content: Content,
    pub(super) attributes: Attributes,
    /// The entries that name it: directory and name.
    names: BTreeSet<(InodeId, Arc<str>)>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    inodes: Arc<Vec<Arc<Inode>>>,
}

impl Disk {
    /// The disk that holds `tree`. A directory that the tree only implies is made.
    pub(super) fn new(tree: &Tree) -> Self {
        let mut disk = Self { inodes: Arc::default() };
        disk.add(Content::Directory(Directory::default()));
        for (path, node) in &tree.nodes {
            let mut directory = ROOT;
            let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
            for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
                directory = disk.entry(directory, parent).unwrap_or_else(|| {
                    let made = disk.add(Content::Directory(Directory::default()));
                    disk.set_entry(directory, &parent.into(), Some(made));
                    made
                });
            }
            let inode = disk.add(match node {
                Node::File(content) => Content::File(FileImage::new(content)),
                Node::Directory => Content::Directory(Directory::default()),
                Node::Symlink(target) => Content::Symlink(target.as_str().into()),
                Node::Other => Content::Other,
            });
            if let Some(attributes) = tree.attributes.get(path) {
                disk.inode_mut(inode).attributes.clone_from(attributes);
            }
            disk.set_entry(directory, &name.into(), Some(inode));
        }
        disk
    }

    /// A new inode, with no name yet.
    pub(super) fn add(&mut self, content: Content) -> InodeId {
        let (attributes, names) = (Attributes::new(), BTreeSet::new());
        let inode = Arc::new(Inode { content, attributes, names });
        Arc::make_mut(&mut self.inodes).push(inode);
        InodeId(self.inodes.len() - 1)
    }

    pub(super) fn inode(&self, inode: InodeId) -> &Inode {
        &self.inodes[inode.0]
    }

    pub(super) fn inode_mut(&mut self, inode: InodeId) -> &mut Inode {
        Arc::make_mut(&mut Arc::make_mut(&mut self.inodes)[inode.0])
    }

    /// The file with this number, if it is one.
    pub(super) fn file(&self, inode: InodeId) -> Option<&FileImage> {
        match &self.inode(inode).content {
            Content::File(image) => Some(image),
            _ => None,
        }
    }

    /// The directory with this number, if it is one.
    pub(super) fn directory(&self, inode: InodeId) -> Option<&Directory> {
        match &self.inode(inode).content {
            Content::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    pub(super) fn directory_mut(&mut self, inode: InodeId) -> Option<&mut Directory> {
        match &mut self.inode_mut(inode).content {
            Content::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// What a name in a directory stands for.
    pub(super) fn entry(&self, directory: InodeId, name: &str) -> Option<InodeId> {
        self.directory(directory)?.entries.get(name).map(|entry| entry.inode)
    }

    /// Every path that leads to an inode, sorted. Only where directories have no cycles: on the live tree.
    pub(super) fn paths_of(&self, inode: InodeId) -> Vec<String> {
        if inode == ROOT {
            return vec![String::new()];
        }
        let mut paths = Vec::new();
        for (directory, name) in &self.inode(inode).names {
            for parent in self.paths_of(*directory) {
                let slash = if parent.is_empty() { "" } else { "/" };
                paths.push(format!("{parent}{slash}{name}"));
            }
        }
        paths.sort();
        paths
    }

    fn set_entry(&mut self, directory: InodeId, name: &Arc<str>, inode: Option<InodeId>) {
        let old = self.entry(directory, name);
        if old == inode {
            return;
        }
        self.spoil(directory);
        let Some(entries) = self.directory_mut(directory) else { return };
        entries.spoil(name);
        match inode {
            Some(inode) => {
                entries.entries.insert(Arc::clone(name), Entry { inode, counted: None });
            }
            None => drop(entries.entries.remove(name)),
        }
        let named = (directory, Arc::clone(name));
        if let Some(old) = old {
            self.inode_mut(old).names.remove(&named);
        }
        if let Some(inode) = inode {
            self.inode_mut(inode).names.insert(named);
        }
    }

    /// Says that an inode is about to change, to every directory that counts it. A directory with
    /// something stale is itself stale wherever it is named, so the way up ends at the first such one; it
    /// also ends where directories that hold one another have been cut off from the root, as they are in
    /// states that lose a rename between two others.
    fn spoil(&mut self, changed: InodeId) {
        let mut open = vec![changed];
        while let Some(changed) = open.pop() {
            let changed = Arc::clone(&self.inodes[changed.0]);
            for (directory, name) in &changed.names {
                let Some(holding) = self.directory(*directory) else { continue };
                if holding.entries.get(name).is_some_and(|entry| entry.counted.is_none()) {
                    continue;
                }
                if holding.stale.is_empty() {
                    open.push(*directory);
                }
                self.directory_mut(*directory).expect("it is one").spoil(name);
            }
        }
    }

    fn change_file(&mut self, inode: InodeId, change: impl FnOnce(&mut FileImage)) {
        self.spoil(inode);
        if let Content::File(image) = &mut self.inode_mut(inode).content {
            change(image);
        }
    }

    fn set_attribute(&mut self, inode: InodeId, name: &str, value: Option<&crate::subject::Bytes>) {
        self.spoil(inode);
        let attributes = &mut self.inode_mut(inode).attributes;
        match value {
            Some(value) => drop(attributes.insert(name.to_owned(), value.clone())),
            None => drop(attributes.remove(name)),
        }
    }

    /// Lets an effect persist.
    pub(super) fn apply(&mut self, effect: &Effect) {
        match effect {
            Effect::Data { inode, page, offset, bytes, .. } => {
                self.change_file(*inode, |image| image.write(*page, *offset, bytes));
            }
            Effect::Size { inode, size, .. } => {
                self.change_file(*inode, |image| image.set_size(*size));
            }
            Effect::Discard { inode, from } => {
                self.change_file(*inode, |image| image.discard(*from));
            }
            Effect::Insert { directory, name, inode, .. } => {
                self.set_entry(*directory, name, Some(*inode));
            }
            Effect::Remove { directory, name, .. } => self.set_entry(*directory, name, None),
            Effect::Attribute { inode, name, value } => {
                self.set_attribute(*inode, name, value.as_ref());
            }
        }
    }

    /// Lets an effect persist as far as it concerns this slot.
    pub(super) fn apply_within(&mut self, slot: &Slot, effect: &Effect) {
        match (slot, effect) {
            (Slot::Page(inode, page), Effect::Discard { from, .. }) => {
                self.change_file(*inode, |image| image.discard_in(*page, *from));
            }
            // Everything else is about one slot only.
            _ => self.apply(effect),
        }
    }

    /// Gives a slot the content that it has on another disk, on which the same inodes are numbered.
    pub(super) fn restore(&mut self, slot: &Slot, from: &Self) {
        match slot {
            Slot::Page(inode, page) => {
                let held = from.file(*inode).and_then(|image| image.pages().get(page)).cloned();
                self.change_file(*inode, |image| image.set_page(*page, held));
            }
            Slot::Size(inode) => {
                let size = from.file(*inode).map_or(0, FileImage::size);
                self.change_file(*inode, |image| image.set_size(size));
            }
            Slot::Entry(directory, name) => {
                self.set_entry(*directory, name, from.entry(*directory, name));
            }
            Slot::Attribute(inode, name) => {
                let value = from.inode(*inode).attributes.get(&**name);
                self.set_attribute(*inode, name, value);
            }
        }
    }

    /// Everything that can be reached from the root. A directory has one parent at most, because its
    /// renames are atomic and each follows the one before, so the walk ends.
    pub(super) fn tree(&self) -> Tree {
        let mut tree = Tree::default();
        self.walk(ROOT, "", &mut tree);
        tree
    }

    fn walk(&self, directory: InodeId, prefix: &str, tree: &mut Tree) {
        let Some(directory) = self.directory(directory) else { return };
        for (name, entry) in &directory.entries {
            let path = format!("{prefix}{name}");
            let inode = self.inode(entry.inode);
            let node = match &inode.content {
                Content::File(image) => Node::File(image.content()),
                Content::Directory(_) => {
                    self.walk(entry.inode, &format!("{path}/"), tree);
                    Node::Directory
                }
                Content::Symlink(target) => Node::Symlink(target.as_ref().to_owned()),
                Content::Other => Node::Other,
            };
            if !inode.attributes.is_empty() {
                tree.attributes.insert(path.clone(), inode.attributes.clone());
            }
            tree.nodes.insert(path, node);
        }
    }
}
