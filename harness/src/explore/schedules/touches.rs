//! What a held call will read and change, in names that are the same in every run.
//!
//! Runs are compared: what an actor would have done in one run decides what need not be tried in another. So
//! an inode is not named by its number, nor a temporary file by a name that chance has given it: both are named
//! by the actor that made them and by which of its steps that was. A name is taken for one that chance has
//! given if no earlier run had it.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
    fs,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, Mode as Permissions, OFlags, open, statat};

use crate::{
    schedule::{Actor, Inode, Mode, Object, Touches},
    trace::{HeldCall, inode_of},
};

/// Who made something, and with which of its steps; what was there before is of actor 0 and numbered.
type Maker = (u64, u64);

/// What is known in one run. Its names outlive it.
pub(super) struct Ledger {
    /// Below it, paths are short to walk.
    root: Option<OwnedFd>,
    /// Device and number to maker.
    inodes: HashMap<Inode, Maker>,
    /// Paths that chance has named, to what they are called here.
    chance: HashMap<String, String>,
    /// Paths that an earlier run had, too.
    known: HashSet<String>,
    /// Paths that this run has made.
    made: Vec<String>,
    /// Paths that the call looked at last will make, if it is made.
    making: Vec<String>,
    /// Whether it will make a new inode there.
    call_creates: bool,
    /// What the call that is looked at finds at paths: until it is made, nothing moves.
    found: HashMap<String, Option<Inode>>,
}

impl Ledger {
    /// Knows these paths.
    pub(super) fn new<'a>(known: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            root: None,
            inodes: HashMap::new(),
            chance: HashMap::new(),
            known: known.into_iter().map(str::to_owned).collect(),
            made: Vec::new(),
            making: Vec::new(),
            call_creates: false,
            found: HashMap::new(),
        }
    }

    /// A new run begins, below `root`.
    pub(super) fn begin(&mut self, root: &Path) {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        self.root = open(root, flags, Permissions::empty()).ok();
        self.known.extend(self.made.drain(..));
        self.inodes.clear();
        self.chance.clear();
        let mut paths = Vec::new();
        walk(root, &mut paths);
        paths.sort_unstable();
        for (number, (_, inode)) in paths.into_iter().enumerate() {
            self.inodes.entry(inode).or_insert((0, number as u64));
        }
    }

    /// What a call will touch if it is made now, by this step of this actor.
    pub(super) fn touches(&mut self, call: &HeldCall, actor: Actor, step: usize) -> Touches {
        let maker = (actor as u64 + 1, step as u64);
        self.making.clear();
        self.found.clear();
        self.call_creates = !(call.name.starts_with("rename") || call.name.starts_with("link"));
        let mut touching = Touching {
            ledger: self,
            touches: Touches::default(),
            call,
            maker,
            inode: OnceCell::new(),
        };
        touching.look();
        touching.touches
    }

    /// Whether the call looked at last asks for a name that somebody else has, if it is made now.
    pub(super) fn finds_taken(&mut self, call: &HeldCall) -> bool {
        call.asks_for().is_some_and(|path| self.inode_at(path).is_some())
    }

    /// Notes that the call looked at last has been made, by this step of this actor.
    pub(super) fn made(&mut self, actor: Actor, step: usize) {
        let maker = (actor as u64 + 1, step as u64);
        self.found.clear();
        for path in std::mem::take(&mut self.making) {
            // It has failed where nothing is there.
            let Some(inode) = self.inode_at(&path) else { continue };
            if self.call_creates {
                // The number may have been that of a file that is gone.
                self.inodes.insert(inode, maker);
            }
            self.made.push(path);
        }
    }

    /// Names a path that is about to be made after its maker, unless an earlier run had it, too.
    fn christen(&mut self, path: &str, (actor, step): Maker) {
        if !self.known.contains(path) && !self.chance.contains_key(path) {
            let parent =
                path.rsplit_once('/').map_or(String::new(), |(parent, _)| self.name(parent));
            // A slash twice is in no path.
            self.chance.insert(path.to_owned(), format!("{parent}//{actor}.{step}"));
        }
    }

    fn inode_at(&mut self, path: &str) -> Option<Inode> {
        if let Some(found) = self.found.get(path) {
            return *found;
        }
        let path_or_root = if path.is_empty() { "." } else { path };
        let stat = self
            .root
            .as_ref()
            .and_then(|root| statat(root, path_or_root, AtFlags::SYMLINK_NOFOLLOW).ok());
        let inode = stat.map(|stat| (stat.st_dev, stat.st_ino));
        self.found.insert(path.to_owned(), inode);
        inode
    }

    /// The name of a path that is the same in every run.
    fn name(&self, path: &str) -> String {
        if let Some(name) = self.chance.get(path) {
            return name.clone();
        }
        match path.rsplit_once('/') {
            Some((parent, last)) if !self.chance.is_empty() => {
                format!("{}/{last}", self.name(parent))
            }
            _ => path.to_owned(),
        }
    }
}

/// One call under examination.
struct Touching<'a> {
    ledger: &'a mut Ledger,
    touches: Touches,
    call: &'a HeldCall,
    maker: Maker,
    /// The maker of the file that the call is about, once it was asked for.
    inode: OnceCell<Option<Maker>>,
}

impl Touching<'_> {
    fn look(&mut self) {
        let call = self.call;
        match call.name {
            "open" | "openat" | "openat2" | "creat" => self.open(call.open_flags.unwrap_or(0)),
            "read" | "pread64" | "readv" | "preadv" | "preadv2" | "mmap" => {
                self.content(Mode::Read);
            }
            "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" | "ftruncate"
            | "fallocate" => {
                self.content(Mode::Change);
                self.attributes(Mode::Change);
            }
            "fstat" | "lseek" | "fgetxattr" | "flistxattr" => self.attributes(Mode::Read),
            "fsetxattr" | "fremovexattr" => self.attributes(Mode::Change),
            "getdents" | "getdents64" => {
                let directory = self.ledger.name(&call.path);
                self.touches.add(Object::Listing(directory), Mode::Read);
            }
            "stat" | "lstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2"
            | "readlink" | "readlinkat" | "getxattr" | "lgetxattr" | "listxattr" | "llistxattr" => {
                if call.descriptor().is_none() {
                    self.path(&call.path, Mode::Read);
                }
                self.attributes(Mode::Read);
            }
            "setxattr" | "lsetxattr" | "removexattr" | "lremovexattr" | "utimensat"
            | "futimesat" | "utimes" | "utime" => {
                self.path(&call.path, Mode::Read);
                self.attributes(Mode::Change);
            }
            "truncate" => {
                self.path(&call.path, Mode::Read);
                self.content(Mode::Change);
                self.attributes(Mode::Change);
            }
            "mkdir" | "mkdirat" | "mknod" | "mknodat" | "symlink" | "symlinkat" => {
                self.create(&call.path);
            }
            "unlink" | "unlinkat" | "rmdir" => self.remove(&call.path),
            "rename" | "renameat" | "renameat2" => self.rename(),
            "link" | "linkat" => {
                match &call.to {
                    Some(to) => {
                        self.path(&call.path, Mode::Read);
                        self.attributes(Mode::Change);
                        self.create(to);
                    }
                    // What has no name below the root gets one: a file without a name, by way of /proc.
                    None => self.create(&call.path),
                }
            }
            "flock" | "fcntl" | "close" => {
                if let Some(inode) = self.inode() {
                    self.touches.add(Object::Lock(inode), Mode::Change);
                }
            }
            _ => self.touches.add(Object::Everything, Mode::Change),
        }
    }

    fn open(&mut self, flags: i32) {
        let path = &self.call.path;
        let is_there = self.ledger.inode_at(path).is_some();
        if flags & libc::O_TMPFILE == libc::O_TMPFILE {
            self.path(path, Mode::Read);
        } else if flags & libc::O_CREAT != 0 && !is_there {
            self.create(path);
        } else {
            self.path(path, Mode::Read);
            if is_there && flags & libc::O_TRUNC != 0 && flags & libc::O_EXCL == 0 {
                self.content(Mode::Change);
                self.attributes(Mode::Change);
            }
        }
    }

    /// An entry appears, unless it is there already.
    fn create(&mut self, path: &str) {
        if self.ledger.inode_at(path).is_some() {
            self.path(path, Mode::Read);
            return;
        }
        self.ledger.christen(path, self.maker);
        self.path(path, Mode::Change);
        self.entry(path);
        self.ledger.making.push(path.to_owned());
    }

    /// An entry disappears, if it is there.
    fn remove(&mut self, path: &str) {
        let Some(inode) = self.ledger.inode_at(path) else {
            self.path(path, Mode::Read);
            return;
        };
        self.path(path, Mode::Change);
        self.entry(path);
        self.links(inode);
        // Only an empty directory can be removed.
        let name = self.ledger.name(path);
        self.touches.add(Object::Listing(name), Mode::Read);
    }

    fn rename(&mut self) {
        let from = &self.call.path;
        let Some(to) = &self.call.to else {
            // In from a place outside, or out to one.
            self.path(from, Mode::Change);
            self.entry(from);
            return;
        };
        if self.ledger.inode_at(from).is_none() {
            self.path(from, Mode::Read);
            self.path(to, Mode::Read);
            return;
        }
        let replaced = self.ledger.inode_at(to);
        if replaced.is_none() {
            self.ledger.christen(to, self.maker);
        }
        for path in [from, to] {
            self.path(path, Mode::Change);
            self.entry(path);
        }
        match replaced {
            Some(replaced) => self.links(replaced),
            None => self.ledger.making.push(to.clone()),
        }
    }

    /// The path itself in this mode; the directories on the way to it are looked at.
    fn path(&mut self, path: &str, mode: Mode) {
        for (at, _) in path.match_indices('/') {
            let name = self.ledger.name(&path[..at]);
            self.touches.add(Object::Name(name), Mode::Read);
        }
        let name = self.ledger.name(path);
        self.touches.add(Object::Name(name), mode);
    }

    /// An entry comes or goes in the directory of `path`.
    fn entry(&mut self, path: &str) {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let name = self.ledger.name(parent);
        self.touches.add(Object::Listing(name), Mode::Contribute);
    }

    fn links(&mut self, inode: Inode) {
        let maker = self.maker_of(inode);
        self.touches.add(Object::Attributes(maker), Mode::Change);
    }

    fn content(&mut self, mode: Mode) {
        if let Some(inode) = self.inode() {
            self.touches.add(Object::Content(inode), mode);
        }
    }

    fn attributes(&mut self, mode: Mode) {
        if let Some(inode) = self.inode() {
            self.touches.add(Object::Attributes(inode), mode);
        }
    }

    /// The maker of the file that the call is about, by descriptor or path; `None` where there is none.
    fn inode(&mut self) -> Option<Maker> {
        if let Some(known) = self.inode.get() {
            return *known;
        }
        let inode = match self.call.descriptor() {
            Some(fd) => inode_of(self.call.tid, fd),
            None => self.ledger.inode_at(&self.call.path),
        };
        let maker = inode.map(|inode| self.maker_of(inode));
        let _ = self.inode.set(maker);
        maker
    }

    /// What nobody was seen to make is the actor's own: it has no name that another one could know.
    fn maker_of(&mut self, inode: Inode) -> Maker {
        *self.ledger.inodes.entry(inode).or_insert(self.maker)
    }
}

/// Everything below a directory, with its inode.
fn walk(directory: &Path, found: &mut Vec<(PathBuf, Inode)>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let path = entry.path();
        if metadata.is_dir() {
            walk(&path, found);
        }
        found.push((path, (metadata.dev(), metadata.ino())));
    }
}
