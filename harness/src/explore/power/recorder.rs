//! The recorder: what each traced call did to the disk, as a recording for the persistence models.
//!
//! The tracer makes calls one at a time and holds the caller when one has returned, so whatever the disk shows
//! then and did not show before is the work of that call. Contents are read back and not taken from arguments: a
//! copy inside the kernel, a hole punched, a short write all look alike. At the end the recorded tree must be
//! the one on disk; if not, calls were missed, and nothing that was derived from them counts.

use std::{
    collections::HashMap,
    fs, io,
    ops::Range,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use nix::libc;

use super::super::arena::{USER_ATTRIBUTES, attribute};
use crate::{
    fault::AfterFailedSync,
    history::{Node, Tree},
    persist::{InodeId, PAGE_BYTES, RecordError, Recording, Sync},
    subject::{Bytes, Witness},
    trace::{HeldCall, memory},
};

/// Why a recording that does not end in the tree on disk is not used.
const UNEXPLAINED: &str = "what its calls did does not explain what lies on disk in the end";

/// Device and inode number: what a file is, whatever it is called.
type FileNumber = (u64, u64);

/// See the module.
pub(super) struct Recorder {
    root: PathBuf,
    recording: Recording,
    /// What would have been recorded if the sync that failed had worked; kept where one is to fail.
    innocent: Option<Recording>,
    inodes: HashMap<FileNumber, InodeId>,
    /// Why the recording is not what happened.
    trouble: Option<String>,
    /// The event that each recorded call was.
    events: Vec<usize>,
    /// What becomes of a file whose sync has failed.
    after_failed_sync: AfterFailedSync,
    /// What each file held when it was synced last, or was settled: needed to revert it.
    synced: HashMap<InodeId, Bytes>,
}

/// What a recorder has seen.
pub(super) struct Recorded {
    pub(super) recording: Recording,
    /// The same run, had the sync that failed worked.
    pub(super) innocent: Option<Recording>,
    /// The event that each recorded call was.
    pub(super) events: Vec<usize>,
}

impl Recorder {
    /// Starts from what lies below `root`, all of which counts as durable.
    pub(super) fn new(
        root: &Path,
        settled: &Tree,
        failing: Option<AfterFailedSync>,
    ) -> io::Result<Self> {
        let recording = Recording::new(settled);
        let mut inodes = HashMap::new();
        let mut synced = HashMap::new();
        for path in std::iter::once("").chain(settled.nodes.keys().map(String::as_str)) {
            let number = number(&fs::symlink_metadata(root.join(path))?);
            let inode = recording.resolve(path).map_err(io::Error::other)?;
            inodes.insert(number, inode);
            if let Some(Node::File(content)) = settled.nodes.get(path) {
                synced.insert(inode, content.clone());
            }
        }
        Ok(Self {
            root: root.to_owned(),
            innocent: failing.map(|_| recording.clone()),
            recording,
            inodes,
            trouble: None,
            events: Vec::new(),
            after_failed_sync: failing.unwrap_or_default(),
            synced,
        })
    }

    /// The subject has acknowledged its operation with this index.
    pub(super) fn acknowledge(&mut self, operation: usize) {
        self.recording.acknowledge(operation);
        if let Some(innocent) = &mut self.innocent {
            innocent.acknowledge(operation);
        }
    }

    /// How many calls have been recorded so far.
    pub(super) fn calls(&self) -> usize {
        self.recording.calls().len()
    }

    /// What was recorded, or why that is not what happened. `on_disk` is the tree in the end.
    pub(super) fn finish(&mut self, on_disk: &Tree) -> Result<Recorded, String> {
        match &self.trouble {
            Some(why) => Err(why.clone()),
            None if self.recording.live_tree() != *on_disk => Err(UNEXPLAINED.to_owned()),
            None => Ok(Recorded {
                recording: std::mem::replace(&mut self.recording, Recording::new(&Tree::default())),
                innocent: self.innocent.take(),
                events: std::mem::take(&mut self.events),
            }),
        }
    }

    /// Does the same to both recordings.
    fn each<T>(
        &mut self,
        what: impl Fn(&mut Recording) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        if let Some(innocent) = &mut self.innocent {
            what(innocent)?;
        }
        what(&mut self.recording)
    }

    fn record(&mut self, call: &HeldCall, result: i64) -> Result<(), Trouble> {
        let [first, second, third, _, fifth, _] = call.arguments;
        match call.name {
            "open" | "openat" | "openat2" | "creat" => self.opened(call, result as u64),
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "sendfile" => {
                self.written(call, first, result as u64)
            }
            "copy_file_range" | "splice" => self.written(call, third, result as u64),
            "fallocate" if second == 0 => self.resized(&descriptor(call, first)),
            // Space without a change of what is read.
            "fallocate" if second == libc::FALLOC_FL_KEEP_SIZE as u64 => Ok(()),
            "fallocate" | "ioctl" => self.written(call, first, 0),
            "ftruncate" => self.resized(&descriptor(call, first)),
            "truncate" => self.resized(&self.root.join(&call.path)),
            "rename" | "renameat" | "renameat2" => {
                let to = call.to.as_deref().ok_or(Trouble::Border)?;
                if call.name == "renameat2" && fifth & u64::from(libc::RENAME_EXCHANGE) != 0 {
                    return Ok(self.each(|it| it.exchange(&call.path, to))?);
                }
                Ok(self.each(|it| it.rename(&call.path, to))?)
            }
            "link" | "linkat" => {
                let path = call.to.as_deref().unwrap_or(&call.path);
                let inode = self.inode(&self.root.join(path))?.ok_or(Trouble::Border)?;
                Ok(self.each(|it| it.link_inode(inode, path))?)
            }
            "symlink" | "symlinkat" => {
                let place = self.root.join(&call.path);
                let target = fs::read_link(&place)?;
                let inode = self.each(|it| it.symlink(&target.to_string_lossy(), &call.path))?;
                self.know(&place, inode)
            }
            "mkdir" | "mkdirat" => {
                let inode = self.each(|it| it.mkdir(&call.path))?;
                self.know(&self.root.join(&call.path), inode)
            }
            "mknod" | "mknodat" => {
                let inode = self.each(|it| it.create(&call.path))?;
                self.know(&self.root.join(&call.path), inode)
            }
            "unlinkat" if third as i32 & libc::AT_REMOVEDIR != 0 => {
                Ok(self.each(|it| it.rmdir(&call.path))?)
            }
            "unlink" | "unlinkat" => Ok(self.each(|it| it.unlink(&call.path))?),
            "rmdir" => Ok(self.each(|it| it.rmdir(&call.path))?),
            "fsync" => self.synced(call, first, Sync::Fsync),
            "fdatasync" => self.synced(call, first, Sync::Fdatasync),
            "sync_file_range" => {
                if let Some(inode) = self.inode(&descriptor(call, first))? {
                    self.each(|it| {
                        it.sync_file_range(inode, second, third);
                        Ok(())
                    })?;
                }
                Ok(())
            }
            "sync" => Ok(self.each(|it| {
                it.sync(Sync::Sync);
                Ok(())
            })?),
            "syncfs" => Ok(self.each(|it| {
                it.sync(Sync::Syncfs);
                Ok(())
            })?),
            "setxattr" | "lsetxattr" | "removexattr" | "lremovexattr" => {
                self.attributed(call, &self.root.join(&call.path), second)
            }
            "fsetxattr" | "fremovexattr" => self.attributed(call, &descriptor(call, first), second),
            // Stores through a shared mapping make the whole trace blind; locks change nothing.
            _ => Ok(()),
        }
    }

    /// An open that may have created or truncated: the descriptor tells what it found.
    fn opened(&mut self, call: &HeldCall, fd: u64) -> Result<(), Trouble> {
        let place = descriptor(call, fd);
        let metadata = fs::metadata(&place)?;
        if !metadata.is_file() {
            return Ok(());
        }
        if metadata.nlink() == 0 {
            // The number of a new file may have belonged to one that is gone.
            let is_new = |file: Descriptor| file.flags & libc::O_TMPFILE == libc::O_TMPFILE;
            if Descriptor::of(call, fd).is_some_and(is_new) {
                let inode = self.each(|it| Ok(it.create_unnamed()))?;
                self.inodes.insert(number(&metadata), inode);
            }
            return Ok(());
        }
        // Where the file really lies, whatever links the path went through.
        let real = fs::read_link(&place)?;
        let Ok(path) = real.strip_prefix(&self.root) else { return Ok(()) };
        let path = path.to_string_lossy();
        match self.recording.resolve(&path) {
            Ok(inode) => {
                if metadata.len() == 0 {
                    self.truncated(inode, 0)?;
                }
                Ok(())
            }
            Err(RecordError::Missing(_)) => {
                // A number may have belonged to a file that is gone.
                let inode = self.each(|it| it.create(&path))?;
                self.inodes.insert(number(&metadata), inode);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn written(&mut self, call: &HeldCall, fd: u64, bytes: u64) -> Result<(), Trouble> {
        let place = descriptor(call, fd);
        let Some(inode) = self.inode(&place)? else { return Ok(()) };
        let content = fs::read(&place)?;
        // Also where the bytes were there before: after a failed sync, writing them again makes the page dirty.
        let file = Descriptor::of(call, fd).filter(|_| bytes > 0);
        let written = file.as_ref().and_then(|file| file.written(call, bytes));
        let sync = file.zip(written.as_ref()).and_then(|(it, range)| it.sync(call, inode, range));
        let written = written.unwrap_or_default();
        Ok(self.each(|it| it.rewrite_range(inode, &content, written.clone(), sync))?)
    }

    fn resized(&mut self, place: &Path) -> Result<(), Trouble> {
        let Some(inode) = self.inode(place)? else { return Ok(()) };
        self.truncated(inode, fs::metadata(place)?.len())
    }

    fn truncated(&mut self, inode: InodeId, size: u64) -> Result<(), Trouble> {
        let live = self.recording.live_content(inode).map_or(0, |content| content.len() as u64);
        if live != size {
            self.each(|it| it.truncate(inode, size))?;
        }
        Ok(())
    }

    fn synced(
        &mut self,
        call: &HeldCall,
        fd: u64,
        sync: fn(InodeId) -> Sync,
    ) -> Result<(), Trouble> {
        if let Some(inode) = self.inode(&descriptor(call, fd))? {
            self.each(|it| {
                it.sync(sync(inode));
                Ok(())
            })?;
            if self.after_failed_sync == AfterFailedSync::Reverted
                && let Some(content) = self.recording.live_content(inode)
            {
                self.synced.insert(inode, content);
            }
        }
        Ok(())
    }

    fn attributed(&mut self, call: &HeldCall, place: &Path, name: u64) -> Result<(), Trouble> {
        let name = memory::string(call.tid, name).map_err(io::Error::from)?;
        let Some(inode) = self.inode(place)? else { return Ok(()) };
        // Others are the system's: labels, access lists.
        if !name.starts_with(USER_ATTRIBUTES) {
            return Ok(());
        }
        let value = attribute(place, &name)?;
        Ok(self.each(|it| it.set_attribute(inode, &name, value.as_deref()))?)
    }

    fn know(&mut self, place: &Path, inode: InodeId) -> Result<(), Trouble> {
        self.inodes.insert(number(&fs::symlink_metadata(place)?), inode);
        Ok(())
    }

    /// The inode at a path or behind a descriptor; none for a file that had lost its name before the recording.
    fn inode(&self, place: &Path) -> Result<Option<InodeId>, Trouble> {
        Ok(self.inodes.get(&number(&fs::metadata(place)?)).copied())
    }

    /// A sync has failed: what becomes of what it was to make durable.
    fn lose(&mut self, call: &HeldCall) -> Result<(), Trouble> {
        let place = descriptor(call, call.arguments[0]);
        let Some(inode) = self.inode(&place)? else { return Ok(()) };
        if let Some(innocent) = &mut self.innocent {
            innocent.sync(if call.name == "fdatasync" {
                Sync::Fdatasync(inode)
            } else {
                Sync::Fsync(inode)
            });
        }
        self.recording.fail_sync(inode);
        if fs::metadata(&place)?.is_file() && self.after_failed_sync == AfterFailedSync::Reverted {
            let durable = self.synced.get(&inode).cloned().unwrap_or_default();
            fs::write(&place, &*durable)?;
            self.recording.rewrite(inode, &durable, None)?;
        }
        Ok(())
    }

    fn note(&mut self, event: usize, outcome: Result<(), Trouble>) {
        if let Err(trouble) = outcome {
            self.trouble.get_or_insert_with(|| trouble.to_string());
        }
        self.events.resize(self.recording.calls().len(), event);
    }
}

impl Witness for Recorder {
    fn returned(&mut self, event: usize, call: &HeldCall, result: i64) {
        if result >= 0 && self.trouble.is_none() {
            let outcome = self.record(call, result);
            self.note(event, outcome);
        }
    }

    fn failed(&mut self, event: usize, call: &HeldCall) {
        if matches!(call.name, "fsync" | "fdatasync") && self.trouble.is_none() {
            let outcome = self.lose(call);
            self.note(event, outcome);
        }
    }
}

/// Why a call could not be recorded. The sentences name no files: some have random names, and a certificate is
/// the same for every run.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("it moves files between its root and somewhere else")]
    Border,
    #[error("a call of it could not be recorded: a file is larger than crash states may be")]
    TooLarge,
    #[error("{UNEXPLAINED}")]
    Unexplained(#[source] RecordError),
    #[error("what a call of it did could not be looked at: {0}")]
    Unseen(#[from] io::Error),
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::TooLarge(_) => Self::TooLarge,
            other => Self::Unexplained(other),
        }
    }
}

fn number(metadata: &fs::Metadata) -> FileNumber {
    (metadata.dev(), metadata.ino())
}

/// A name for what a descriptor of the caller is open on.
fn descriptor(call: &HeldCall, fd: u64) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", call.tid, fd as i32))
}

/// An open file as its caller has it.
struct Descriptor {
    position: u64,
    flags: i32,
}

impl Descriptor {
    /// From `/proc/PID/fdinfo` (proc(5): `flags` in octal).
    fn of(call: &HeldCall, fd: u64) -> Option<Self> {
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{}", call.tid, fd as i32)).ok()?;
        let field =
            |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some(Self {
            position: field("pos:")?.parse().ok()?,
            flags: i32::from_str_radix(field("flags:")?, 8).ok()?,
        })
    }

    /// Where a write of `bytes` through it went: known from the position after it, or from the call's arguments.
    fn written(&self, call: &HeldCall, bytes: u64) -> Option<Range<u64>> {
        let argument = call.arguments[3];
        let offset = match call.name {
            // pwritev2(2): an offset of -1 stands for the position.
            "pwrite64" | "pwritev" | "pwritev2" if argument != u64::MAX => {
                if self.appends(call) {
                    let file = fs::metadata(descriptor(call, call.arguments[0])).ok()?;
                    file.len().checked_sub(bytes)?
                } else {
                    argument
                }
            }
            // An address, where the kernel has left the offset after the last byte (copy_file_range(2)).
            "copy_file_range" | "splice" if argument != 0 => {
                memory::word(call.tid, argument).ok()?.checked_sub(bytes)?
            }
            _ => self.position.checked_sub(bytes)?,
        };
        Some(offset..offset.checked_add(bytes)?)
    }

    /// Whether Linux ignores the offset of a write through it (pwrite(2), BUGS; pwritev2(2)).
    fn appends(&self, call: &HeldCall) -> bool {
        let asked = Self::asked(call);
        asked & libc::RWF_APPEND != 0
            || (self.flags & libc::O_APPEND != 0 && asked & libc::RWF_NOAPPEND == 0)
    }

    /// The flags of this one call.
    fn asked(call: &HeldCall) -> i32 {
        if call.name == "pwritev2" { call.arguments[5] as i32 } else { 0 }
    }

    /// What a write to this place has synced before it returned.
    fn sync(&self, call: &HeldCall, inode: InodeId, written: &Range<u64>) -> Option<Sync> {
        let (first, last) = (written.start / PAGE_BYTES, written.end.checked_sub(1)? / PAGE_BYTES);
        let asked = Self::asked(call);
        if self.flags & libc::O_SYNC == libc::O_SYNC || asked & libc::RWF_SYNC != 0 {
            Some(Sync::WriteSync(inode, first, last))
        } else if self.flags & libc::O_DSYNC != 0 || asked & libc::RWF_DSYNC != 0 {
            Some(Sync::WriteDataSync(inode, first, last))
        } else {
            None
        }
    }
}
