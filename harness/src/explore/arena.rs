//! Where a trial takes place: a fresh root, and beside it a directory that nobody may touch.
//!
//! On a memory file system where there is one: a process kill leaves the same state there, and thousands of
//! trials wear no disk.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Once,
};

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use rustix::{
    fs::{getxattr, llistxattr},
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
/// What names of scratch directories begin with; the id of their process and a random word follow.
const PREFIX: &str = "crashworthy-";
/// Name of the root inside an arena.
const ROOT: &str = "root";
/// Name of the directory beside it.
const OUTSIDE_DIRECTORY: &str = "outside";

/// Extended attributes that belong to users start so; the others are the system's.
pub(crate) const USER_ATTRIBUTES: &str = "user.";
/// Most bytes of attributes that a file may have: the names, or one value (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const ATTRIBUTE_BYTES_MAX: usize = 65_536;

/// Names of attributes that most files have room in.
const ATTRIBUTE_LIST_BYTES: usize = 256;

/// What killed processes left is looked for once.
static RECLAIMED: Once = Once::new();

/// A directory for all arenas of one thread; removed with everything in it when dropped.
pub(crate) struct Scratch {
    /// Removes everything when dropped.
    _directory: TempDir,
    /// Locked for as long as this process lives, and those that it has forked.
    _lock: File,
    path: PathBuf,
    arenas: usize,
}

impl Scratch {
    /// A scratch directory on a memory file system, or else where temporary files go. Those of processes that were
    /// killed are removed first: nobody else would, and there they take memory.
    pub(crate) fn new() -> io::Result<Self> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let builder = |parent: &Path| tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let memory = Path::new(MEMORY_FILE_SYSTEM);
        let directory = match statfs(memory) {
            Ok(stat) if stat.filesystem_type() == TMPFS_MAGIC => {
                builder(memory).or_else(|_| builder(&std::env::temp_dir()))?
            }
            _ => builder(&std::env::temp_dir())?,
        };
        // On a file system without locks nobody can find out that the process has ended, so nobody removes it.
        let lock = File::open(directory.path())?;
        let _ = lock.try_lock();
        // Subjects' paths are compared with it, as the kernel names them.
        let path = directory.path().canonicalize()?;
        RECLAIMED.call_once(|| path.parent().map_or((), reclaim));
        Ok(Self { _directory: directory, _lock: lock, path, arenas: 0 })
    }

    /// A fresh arena. Its path was never used before, so nothing remembered by path fits it.
    pub(crate) fn arena(&mut self) -> io::Result<Arena> {
        self.arenas += 1;
        let directory = self.path.join(self.arenas.to_string());
        fs::create_dir(&directory)?;
        let arena = Arena { root: directory.join(ROOT), directory };
        fs::create_dir(arena.root())?;
        fs::create_dir(arena.outside())?;
        fs::write(arena.outside().join(OUTSIDE_FILE), OUTSIDE_SECRET)?;
        Ok(arena)
    }
}

impl Scratch {
    /// A path that was never used before, with nothing there yet.
    pub(crate) fn fresh_path(&mut self) -> PathBuf {
        self.arenas += 1;
        self.path.join(self.arenas.to_string())
    }

    /// An arena of a root that is there already, and nothing beside it.
    #[expect(clippy::unused_self, reason = "the root lies in it")]
    pub(crate) fn adopt(&self, root: PathBuf) -> Arena {
        Arena { directory: root.clone(), root }
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

/// Removes scratch directories whose process is gone. One of somebody else, or of another system that shares the
/// directory, is theirs.
fn reclaim(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-'));
        let is_gone = process.is_some_and(|(process, _)| {
            // Between being made and being locked, the name alone says whose it is.
            process.parse::<u32>().is_ok_and(|id| !Path::new("/proc").join(id.to_string()).exists())
        });
        let path = entry.path();
        if is_gone && File::open(&path).is_ok_and(|directory| directory.try_lock().is_ok()) {
            // What belongs to somebody else stays.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// See the module. Removed when dropped.
pub(crate) struct Arena {
    root: PathBuf,
    /// What is removed: the root, or what it lies in.
    directory: PathBuf,
}

impl Arena {
    /// What the subject opens.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.clone()
    }

    fn outside(&self) -> PathBuf {
        self.directory.join(OUTSIDE_DIRECTORY)
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
        read_tree(&self.root())
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
        let outside = self.outside();
        let tree = if outside.is_dir() { read_tree(&outside)? } else { Tree::default() };
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
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// What lies below a directory.
pub(crate) fn read_tree(directory: &Path) -> io::Result<Tree> {
    let mut tree = Tree::default();
    read_into(directory, "", &mut tree)?;
    Ok(tree)
}

fn read_into(directory: &Path, prefix: &str, tree: &mut Tree) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        let node = if kind.is_dir() {
            read_into(&entry.path(), &format!("{path}/"), tree)?;
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
pub(crate) fn attributes(file: &Path) -> io::Result<Attributes> {
    let mut buffer = vec![0; ATTRIBUTE_LIST_BYTES];
    let listed = match llistxattr(file, &mut buffer[..]) {
        Ok(0) | Err(Errno::NOTSUP) => return Ok(Attributes::new()),
        Ok(listed) => listed,
        Err(Errno::RANGE) => {
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

#[cfg(test)]
mod tests {
    use std::process::{self, Command};

    use super::*;

    #[test]
    fn only_what_a_dead_process_left_is_removed() {
        let parent = tempfile::tempdir().expect("there is room");
        let mut gone = Command::new("true").spawn().expect("it is everywhere");
        gone.wait().expect("it is a child");
        let [dead, locked] = ["a", "b"].map(|word| format!("{PREFIX}{}-{word}", gone.id()));
        let alive = format!("{PREFIX}{}-a", process::id());
        let others = [format!("{PREFIX}x-a"), format!("{PREFIX}{}", gone.id()), "data".to_owned()];
        for name in others.iter().chain([&dead, &locked, &alive]) {
            fs::create_dir_all(parent.path().join(name).join("root")).expect("there is room");
        }
        let lock = File::open(parent.path().join(&locked)).expect("it was made just now");
        lock.try_lock().expect("nobody else knows it");

        reclaim(parent.path());

        let is_there = |name: &String| parent.path().join(name).exists();
        assert!(!is_there(&dead));
        assert!(is_there(&locked) && is_there(&alive) && others.iter().all(is_there));
    }
}
