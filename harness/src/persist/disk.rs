//! A file system's content in memory: inodes, to which micro-operations are applied and undone.
//!
//! The same type is the live tree while calls are recorded and the persisted tree while crash states are
//! enumerated. Applying returns what undoes it, so that a state is reached from its neighbour; files are
//! shared and not copied, with their content hash, for as long as nothing touches them.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::operation::{Effect, InodeId, PAGE_BYTES};
use crate::{
    history::{Node, Tree},
    subject::Bytes,
};

/// The directory under which everything lies.
pub(super) const ROOT: InodeId = InodeId(0);

/// A regular file: its pages (shorter than a page where the rest is zeros) and, apart from them, its size.
#[derive(Clone, Debug, Default)]
pub(super) struct FileImage {
    pub(super) size: u64,
    pub(super) pages: BTreeMap<u64, Arc<[u8]>>,
    sealed: OnceLock<(Bytes, blake3::Hash)>,
}

impl FileImage {
    fn new(content: &Bytes) -> Self {
        let pages = content.chunks(PAGE_BYTES as usize).map(Arc::from);
        let sealed = OnceLock::from((content.clone(), blake3::hash(content)));
        Self { size: content.len() as u64, pages: (0..).zip(pages).collect(), sealed }
    }

    /// What a read of the whole file returns, and its hash.
    fn content(&self) -> &(Bytes, blake3::Hash) {
        self.sealed.get_or_init(|| {
            let mut content = vec![0; self.size as usize];
            for (page, bytes) in &self.pages {
                let start = (page * PAGE_BYTES) as usize;
                if start < content.len() {
                    let length = bytes.len().min(content.len() - start);
                    content[start..start + length].copy_from_slice(&bytes[..length]);
                }
            }
            let hash = blake3::hash(&content);
            (Bytes::from(content), hash)
        })
    }

    fn write(&self, page: u64, offset: usize, bytes: &[u8]) -> Self {
        let mut image = Self { size: self.size, pages: self.pages.clone(), ..Self::default() };
        let mut content = image.pages.get(&page).map(|page| page.to_vec()).unwrap_or_default();
        content.resize(content.len().max(offset + bytes.len()), 0);
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
        image.pages.insert(page, content.into());
        image
    }

    fn discard(&self, from: u64) -> Self {
        let mut image = Self { size: self.size, pages: self.pages.clone(), ..Self::default() };
        let (page, kept) = (from / PAGE_BYTES, (from % PAGE_BYTES) as usize);
        if let Some(partial) = image.pages.split_off(&page).remove(&page)
            && kept > 0
        {
            image.pages.insert(page, partial[..kept.min(partial.len())].into());
        }
        image
    }
}

/// What an inode is.
#[derive(Clone, Debug)]
pub(super) enum Inode {
    File(Arc<FileImage>),
    Directory(BTreeMap<Arc<str>, InodeId>),
    Symlink(Arc<str>),
    Other,
}

/// What takes one applied effect back.
#[derive(Debug)]
pub(super) enum Undo {
    File(InodeId, Arc<FileImage>),
    Entry(InodeId, Arc<str>, Option<InodeId>),
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    inodes: Vec<Inode>,
}

impl Disk {
    /// The disk that holds `tree`. A directory that the tree only implies is made.
    pub(super) fn new(tree: &Tree) -> Self {
        let mut disk = Self { inodes: vec![Inode::Directory(BTreeMap::new())] };
        for (path, node) in &tree.nodes {
            let mut directory = ROOT;
            let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
            for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
                directory = disk.entry(directory, parent).unwrap_or_else(|| {
                    let made = disk.add(Inode::Directory(BTreeMap::new()));
                    disk.set_entry(directory, parent.into(), Some(made));
                    made
                });
            }
            let inode = match node {
                Node::File(content) => Inode::File(Arc::new(FileImage::new(content))),
                Node::Directory => Inode::Directory(BTreeMap::new()),
                Node::Symlink(target) => Inode::Symlink(target.as_str().into()),
                Node::Other => Inode::Other,
            };
            let inode = disk.add(inode);
            disk.set_entry(directory, name.into(), Some(inode));
        }
        disk
    }

    /// A new inode, with no name yet.
    pub(super) fn add(&mut self, inode: Inode) -> InodeId {
        self.inodes.push(inode);
        InodeId(self.inodes.len() - 1)
    }

    pub(super) fn inode(&self, inode: InodeId) -> &Inode {
        &self.inodes[inode.0]
    }

    /// The file with this number, if it is one.
    pub(super) fn file(&self, inode: InodeId) -> Option<&FileImage> {
        match self.inode(inode) {
            Inode::File(image) => Some(image),
            _ => None,
        }
    }

    /// What a name in a directory stands for.
    pub(super) fn entry(&self, directory: InodeId, name: &str) -> Option<InodeId> {
        match self.inode(directory) {
            Inode::Directory(entries) => entries.get(name).copied(),
            _ => None,
        }
    }

    fn set_entry(
        &mut self,
        directory: InodeId,
        name: Arc<str>,
        inode: Option<InodeId>,
    ) -> Option<InodeId> {
        let Inode::Directory(entries) = &mut self.inodes[directory.0] else { return None };
        match inode {
            Some(inode) => entries.insert(name, inode),
            None => entries.remove(&name),
        }
    }

    fn set_file(&mut self, inode: InodeId, image: FileImage) -> Undo {
        let Inode::File(old) = &mut self.inodes[inode.0] else {
            unreachable!("a recording gives contents to files only")
        };
        Undo::File(inode, std::mem::replace(old, Arc::new(image)))
    }

    /// Lets an effect persist.
    pub(super) fn apply(&mut self, effect: &Effect) -> Undo {
        let image = |inode| self.file(inode).cloned().unwrap_or_default();
        match effect {
            Effect::Data { inode, page, offset, bytes, .. } => {
                self.set_file(*inode, image(*inode).write(*page, *offset, bytes))
            }
            Effect::Size { inode, size, .. } => {
                let pages = image(*inode).pages;
                self.set_file(*inode, FileImage { size: *size, pages, sealed: OnceLock::new() })
            }
            Effect::Discard { inode, from } => self.set_file(*inode, image(*inode).discard(*from)),
            Effect::Insert { directory, name, inode, .. } => {
                let old = self.set_entry(*directory, name.clone(), Some(*inode));
                Undo::Entry(*directory, name.clone(), old)
            }
            Effect::Remove { directory, name, .. } => {
                let old = self.set_entry(*directory, name.clone(), None);
                Undo::Entry(*directory, name.clone(), old)
            }
        }
    }

    /// Takes the latest applied effect back.
    pub(super) fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::File(inode, image) => self.inodes[inode.0] = Inode::File(image),
            Undo::Entry(directory, name, old) => {
                self.set_entry(directory, name, old);
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
        let Inode::Directory(entries) = self.inode(directory) else { return };
        for (name, inode) in entries {
            let path = format!("{prefix}{name}");
            let node = match self.inode(*inode) {
                Inode::File(image) => Node::File(image.content().0.clone()),
                Inode::Directory(_) => {
                    self.walk(*inode, &format!("{path}/"), tree);
                    Node::Directory
                }
                Inode::Symlink(target) => Node::Symlink(target.as_ref().to_owned()),
                Inode::Other => Node::Other,
            };
            tree.nodes.insert(path, node);
        }
    }

    /// The BLAKE3 digest of [`Disk::tree`]: two disks have the same one exactly if the trees are equal.
    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        self.digest_into(ROOT, &mut hasher);
        hasher.finalize()
    }

    fn digest_into(&self, directory: InodeId, hasher: &mut blake3::Hasher) {
        let Inode::Directory(entries) = self.inode(directory) else { return };
        for (name, inode) in entries {
            let mut text = |tag: u8, text: &str| {
                hasher.update(&[tag]).update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            };
            text(b'n', name);
            match self.inode(*inode) {
                Inode::File(image) => {
                    hasher.update(b"f").update(image.content().1.as_bytes());
                }
                Inode::Directory(_) => {
                    hasher.update(b"d");
                    self.digest_into(*inode, hasher);
                }
                Inode::Symlink(target) => text(b's', target),
                Inode::Other => {
                    hasher.update(b"o");
                }
            }
        }
        // Closes the directory: `a/b` and `a`, `b` differ.
        hasher.update(b"e");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_differ_exactly_where_trees_do() {
        let file = |text: &str| Node::File(Bytes::from(text));
        let tree = |entries: &[(&str, Node)]| {
            let entries = entries.iter().map(|(path, node)| ((*path).to_owned(), node.clone()));
            entries.collect()
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
            tree(&[("ab", file("x"))]),
            tree(&[("a", link)]),
            tree(&[("a", Node::Other)]),
        ];
        for (place, one) in trees.iter().enumerate() {
            assert_eq!(&Disk::new(one).tree(), one);
            for (other_place, other) in trees.iter().enumerate() {
                let equal = Disk::new(one).digest() == Disk::new(other).digest();
                assert_eq!(equal, place == other_place, "{one:?} and {other:?}");
            }
        }
    }
}
