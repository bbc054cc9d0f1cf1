//! Where a trial takes place: a fresh root, and beside it a directory that nobody may touch.
//!
//! On a memory file system where there is one: a process kill leaves the same state there, and thousands of
//! trials wear no disk.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
};

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use rustix::{
    fs::{
        AtFlags, CWD, Timespec, Timestamps, XattrFlags, futimens, getxattr, llistxattr, lsetxattr,
        utimensat,
    },
    io::Errno,
};
use tempfile::TempDir;

use crate::{
    history::{Attributes, Invocation, Node, Outcome, Tree},
    scenario::{OUTSIDE, OUTSIDE_FILE, OUTSIDE_SECRET, Plant},
    subject::Bytes,
};

/// The memory file system that every Linux has, writable for everybody.
const MEMORY_FILE_SYSTEM: &str = "/dev/shm";
/// Name of the root inside an arena.
const ROOT: &str = "root";
/// Name of the directory beside it.
const OUTSIDE_DIRECTORY: &str = "outside";

/// Extended attributes that belong to users start so; the others are the system's.
pub(crate) const USER_ATTRIBUTES: &str = "user.";
/// Most bytes of attributes that a file may have: the names, or one value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const ATTRIBUTE_BYTES_MAX: usize = 65_536;

/// When what is laid out was last modified: no clock gives it to what a subject modifies.
const LONG_AGO: Timestamps = {
    let time = Timespec { tv_sec: 1_000_000_007, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
};

/// A directory for all arenas of one thread; removed with everything in it when dropped.
pub(crate) struct Scratch {
    /// Removes everything when dropped.
    _directory: TempDir,
    path: PathBuf,
    arenas: usize,
}

impl Scratch {
    /// A scratch directory on a memory file system, or else where temporary files go. Its name tells the
    /// process that it belongs to, so that one whose process was killed can be told from one in use.
    pub(crate) fn new() -> io::Result<Self> {
        let prefix = format!("crashworthy-{}-", std::process::id());
        let builder = |parent: &Path| tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let memory = Path::new(MEMORY_FILE_SYSTEM);
        let directory = match statfs(memory) {
            Ok(stat) if stat.filesystem_type() == TMPFS_MAGIC => {
                builder(memory).or_else(|_| builder(&std::env::temp_dir()))?
            }
            _ => builder(&std::env::temp_dir())?,
        };
        // Subjects' paths are compared with it, as the kernel names them.
        let path = directory.path().canonicalize()?;
        Ok(Self { _directory: directory, path, arenas: 0 })
    }

    /// A fresh arena. Its path was never used before, so nothing remembered by path fits it.
    pub(crate) fn arena(&mut self) -> io::Result<Arena> {
        self.arenas += 1;
        let directory = self.path.join(self.arenas.to_string());
        fs::create_dir(&directory)?;
        let arena = Arena { root: directory.join(ROOT), directory, laid: Vec::new() };
        fs::create_dir(arena.root())?;
        fs::create_dir(arena.outside())?;
        fs::write(arena.outside().join(OUTSIDE_FILE), OUTSIDE_SECRET)?;
        Ok(arena)
    }
}

impl Scratch {
    /// A fresh root with `tree` in it and nothing beside it. Everything in it was last modified long ago.
    pub(crate) fn lay_out(&mut self, tree: &Tree) -> io::Result<Arena> {
        self.arenas += 1;
        let root = self.path.join(self.arenas.to_string());
        fs::create_dir(&root)?;
        let mut laid = Vec::with_capacity(tree.nodes.len() + 1);
        laid.push((root.clone(), true));
        // Parents sort before what is in them.
        for (path, node) in &tree.nodes {
            let place = root.join(path);
            match node {
                Node::File(data) => {
                    let mut file = fs::File::create_new(&place)?;
                    io::Write::write_all(&mut file, data)?;
                    futimens(&file, &LONG_AGO)?;
                }
                Node::Directory => fs::create_dir(&place)?,
                Node::Symlink(target) => symlink(target, &place)?,
                Node::Other => return Err(io::Error::other("a crash state holds a special file")),
            }
            laid.push((place, matches!(node, Node::Directory)));
        }
        for (path, attributes) in &tree.attributes {
            for (name, value) in attributes {
                lsetxattr(root.join(path), name.as_str(), value, XattrFlags::empty())?;
            }
        }
        for (directory, _) in laid.iter().filter(|(_, is_directory)| *is_directory) {
            utimensat(CWD, directory, &LONG_AGO, AtFlags::empty())?;
        }
        Ok(Arena { directory: root.clone(), root, laid })
    }

    /// Moves an arena to a path that was never used before, so that whatever was remembered of it by path
    /// fits nothing any more.
    pub(crate) fn move_arena(&mut self, arena: &mut Arena) -> io::Result<()> {
        self.arenas += 1;
        let directory = self.path.join(self.arenas.to_string());
        fs::rename(&arena.directory, &directory)?;
        arena.root = directory.join(ROOT);
        arena.directory = directory;
        Ok(())
    }
}

/// See the module. Removed when dropped.
pub(crate) struct Arena {
    root: PathBuf,
    /// What is removed: the root, or what it lies in.
    directory: PathBuf,
    /// What was laid out in it, and which of that are directories; parents come first.
    laid: Vec<(PathBuf, bool)>,
}

impl Arena {
    /// What the subject opens.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.clone()
    }

    fn outside(&self) -> PathBuf {
        self.directory.join(OUTSIDE_DIRECTORY)
    }

    /// Whether anything that was laid out has been modified since. A modification of attributes alone does not
    /// show, nor one after which a subject sets the time back.
    pub(crate) fn is_modified(&self) -> bool {
        let is_old = |path: &PathBuf| {
            fs::symlink_metadata(path).is_ok_and(|metadata| {
                metadata.is_symlink() || metadata.mtime() == LONG_AGO.last_modification.tv_sec
            })
        };
        !self.laid.iter().all(|(path, _)| is_old(path))
    }

    /// Removes what was laid out, if nothing else is there.
    fn remove_laid(&self) -> io::Result<()> {
        for (path, is_directory) in self.laid.iter().rev() {
            if *is_directory { fs::remove_dir(path)? } else { fs::remove_file(path)? }
        }
        Ok(())
    }

    /// Puts things on disk before any subject looks.
    pub(crate) fn plant(&self, plants: &[Plant]) -> io::Result<()> {
        let place = |path: &str| -> io::Result<PathBuf> {
            let place = self.root().join(path);
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent)?;
            }
            Ok(place)
        };
        for plant in plants {
            match plant {
                Plant::File { path, data } => fs::write(place(path)?, &**data)?,
                Plant::Directory { path } => fs::create_dir_all(place(path)?)?,
                Plant::Symlink { path, target } => symlink(self.expand(target), place(path)?)?,
            }
        }
        Ok(())
    }

    /// The invocation with [`OUTSIDE`] in its path replaced by the real place.
    pub(crate) fn aimed(&self, invocation: &Invocation) -> Invocation {
        let mut aimed = invocation.clone();
        if invocation.path().contains(OUTSIDE) {
            match &mut aimed {
                Invocation::WriteFile { path, .. }
                | Invocation::ReadFile { path }
                | Invocation::CreateDirectory { path }
                | Invocation::Exists { path }
                | Invocation::DeleteFile { path }
                | Invocation::ListFiles { directory: path } => *path = self.expand(path),
                Invocation::Recover => {}
            }
        }
        aimed
    }

    /// The outcome without this arena's random path in the subject's words: two runs read the same.
    pub(crate) fn anonymous(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Fail { kind, message } => {
                Outcome::Fail { kind, message: self.anonymous_text(&message) }
            }
            Outcome::Broken(text) => Outcome::Broken(self.anonymous_text(&text)),
            other => other,
        }
    }

    /// `text` with this arena's paths named for what they are.
    pub(crate) fn anonymous_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (path, name) in [
            (self.root(), "<root>"),
            (self.outside(), "<outside>"),
            (self.directory.clone(), "<arena>"),
        ] {
            if let Some(path) = path.to_str() {
                text = text.replace(path, name);
            }
        }
        text
    }

    fn expand(&self, text: &str) -> String {
        text.replace(OUTSIDE, &self.outside().to_string_lossy())
    }

    /// What lies below the root now.
    pub(crate) fn tree(&self) -> io::Result<Tree> {
        let mut tree = Tree::default();
        read_tree(&self.root(), "", &mut tree)?;
        Ok(tree)
    }

    /// What changed beside the root since the arena was made, one line each.
    pub(crate) fn changes_outside(&self) -> io::Result<Vec<String>> {
        let mut changes = Vec::new();
        let mut kept = false;
        for entry in fs::read_dir(&self.directory)? {
            let name = entry?.file_name();
            if name != ROOT && name != OUTSIDE_DIRECTORY {
                changes.push(format!("{:?} appeared beside the root", name.to_string_lossy()));
            }
        }
        let mut tree = Tree::default();
        if self.outside().is_dir() {
            read_tree(&self.outside(), "", &mut tree)?;
        }
        for (path, node) in &tree.nodes {
            match node {
                Node::File(data) if path == OUTSIDE_FILE => {
                    kept = true;
                    if **data != *OUTSIDE_SECRET.as_bytes() {
                        changes.push(format!("the file {path:?} outside the root was changed"));
                    }
                }
                _ => changes.push(format!("{path:?} appeared in a directory outside the root")),
            }
        }
        if !kept {
            changes.push(format!("the file {OUTSIDE_FILE:?} outside the root was removed"));
        }
        changes.sort_unstable();
        Ok(changes)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // What cannot be removed now goes with the scratch directory.
        if self.laid.is_empty() || self.remove_laid().is_err() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn read_tree(directory: &Path, prefix: &str, tree: &mut Tree) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        let node = if kind.is_dir() {
            read_tree(&entry.path(), &format!("{path}/"), tree)?;
            Node::Directory
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            Node::Symlink(target.to_string_lossy().into_owned())
        } else if kind.is_file() {
            let attributes = attributes(&entry.path())?;
            if !attributes.is_empty() {
                tree.attributes.insert(path.clone(), attributes);
            }
            Node::File(fs::read(entry.path())?.into())
        } else {
            Node::Other
        };
        tree.nodes.insert(path, node);
    }
    Ok(())
}

/// The users' attributes of a file; none where the file system has no such thing.
fn attributes(file: &Path) -> io::Result<Attributes> {
    let mut buffer = Vec::new();
    let listed = match llistxattr(file, &mut buffer[..]) {
        Ok(0) | Err(Errno::NOTSUP) => return Ok(Attributes::new()),
        Ok(_) => {
            buffer.resize(ATTRIBUTE_BYTES_MAX, 0);
            llistxattr(file, &mut buffer[..])?
        }
        Err(error) => return Err(error.into()),
    };
    let names = buffer[..listed].split(|&byte| byte == 0).map(String::from_utf8_lossy);
    let mut attributes = Attributes::new();
    for name in names.filter(|name| name.starts_with(USER_ATTRIBUTES)) {
        if let Some(value) = attribute(file, &name)? {
            attributes.insert(name.into_owned(), value);
        }
    }
    Ok(attributes)
}

/// The value of an attribute; none where there is no such attribute.
pub(crate) fn attribute(file: &Path, name: &str) -> io::Result<Option<Bytes>> {
    let mut buffer = vec![0; ATTRIBUTE_BYTES_MAX];
    match getxattr(file, name, &mut buffer[..]) {
        Ok(length) => Ok(Some(Bytes::from(buffer[..length].to_vec()))),
        Err(Errno::NODATA) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
