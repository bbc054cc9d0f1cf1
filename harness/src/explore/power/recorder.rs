//! The recorder: what each traced call did to the disk, as a recording for the persistence models.
//!
//! The tracer makes calls one at a time and holds the caller when one has returned, so whatever the disk shows
//! then and did not show before is the work of that call. Contents are read back and not taken from arguments: a
//! copy inside the kernel, a hole punched, a short write all look alike. At the end the recorded tree must be
//! the one on disk; if not, calls were missed, and nothing that was derived from them counts.

use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use nix::libc;

use super::{
    super::arena::{USER_ATTRIBUTES, attribute},
    descriptor::{Descriptor, descriptor},
    ground::SPECIAL,
};
use crate::{
    fault::AfterFailedSync,
    history::{Node, Tree},
    persist::{Call, InodeId, RecordError, Recording, Sync},
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
    /// How many events there were before those of the process that is recorded now.
    earlier: usize,
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

impl Recorded {
    /// The events that wrote something and synced it before they returned.
    pub(super) fn synchronous_writes(&self) -> BTreeSet<usize> {
        let is_write =
            |call: &Call| matches!(call.sync, Some(Sync::WriteSync(..) | Sync::WriteDataSync(..)));
        let calls = self.recording.calls().iter().zip(&self.events);
        calls.filter(|(call, _)| is_write(call)).map(|(_, event)| *event).collect()
    }
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
            earlier: 0,
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

    /// Another process follows the one that was recorded, which made so many events.
    pub(super) fn follow(&mut self, events: usize) {
        self.earlier += events;
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
                let mode = if call.name == "mknod" { second } else { third } as u32;
                if !matches!(mode & libc::S_IFMT, 0 | libc::S_IFREG) {
                    return Err(Trouble::Special);
                }
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
            "sync" => self.synced_everything(Sync::Sync),
            "syncfs" => self.synced_everything(Sync::Syncfs),
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
        self.each(|it| it.rewrite_range(inode, &content, written.clone(), sync))?;
        if sync.is_some() {
            self.remember(inode);
        }
        Ok(())
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
            self.remember(inode);
        }
        Ok(())
    }

    fn synced_everything(&mut self, sync: Sync) -> Result<(), Trouble> {
        self.each(|it| {
            it.sync(sync);
            Ok(())
        })?;
        for inode in self.known() {
            self.remember(inode);
        }
        Ok(())
    }

    /// All inodes, in an order that does not depend on chance.
    fn known(&self) -> Vec<InodeId> {
        let mut inodes: Vec<InodeId> = self.inodes.values().copied().collect();
        inodes.sort_unstable();
        inodes
    }

    /// A file has been synced.
    fn remember(&mut self, inode: InodeId) {
        if self.after_failed_sync == AfterFailedSync::Reverted
            && let Some(content) = self.recording.live_content(inode)
        {
            self.synced.insert(inode, content);
        }
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
        if call.name == "syncfs" {
            return self.lose_everything();
        }
        let place = descriptor(call, written_to(call));
        let Some(inode) = self.inode(&place)? else { return Ok(()) };
        let sync = match call.name {
            "fsync" => Sync::Fsync(inode),
            "fdatasync" => Sync::Fdatasync(inode),
            _ => return self.lose_write(call, &place, inode),
        };
        if let Some(innocent) = &mut self.innocent {
            innocent.sync(sync);
        }
        self.lose_content(&place, inode)
    }

    /// Of every file.
    fn lose_everything(&mut self) -> Result<(), Trouble> {
        if let Some(innocent) = &mut self.innocent {
            innocent.sync(Sync::Syncfs);
        }
        for inode in self.known() {
            if self.recording.live_content(inode).is_none() {
                continue;
            }
            match self.recording.paths_of(inode).first() {
                Some(path) => self.lose_content(&self.root.join(path), inode)?,
                // Where it is open, nobody knows; what is in memory stays there.
                None => self.recording.fail_sync(inode),
            }
        }
        Ok(())
    }

    /// What an open with `O_SYNC` or `O_DSYNC` wrote is in memory when the sync of it fails, and the caller is told
    /// that nothing was written.
    fn lose_write(&mut self, call: &HeldCall, place: &Path, inode: InodeId) -> Result<(), Trouble> {
        let file = Descriptor::of(call, written_to(call));
        let at = file.as_ref().and_then(|file| file.intended(call));
        let (Some(file), Some(at)) = (file, at) else { return Err(Trouble::CopySynced) };
        let data = written_bytes(call)?;
        fs::File::options().write(true).open(place)?.write_all_at(&data, at)?;
        let written = at..at + data.len() as u64;
        let sync = file.sync(call, inode, &written);
        let content = fs::read(place)?;
        if let Some(innocent) = &mut self.innocent {
            innocent.rewrite_range(inode, &content, written.clone(), sync)?;
        }
        self.recording.rewrite_range(inode, &content, written, None)?;
        self.lose_content(place, inode)
    }

    /// The pages of a file count as clean; where they are reverted, as they were when it was synced last.
    fn lose_content(&mut self, place: &Path, inode: InodeId) -> Result<(), Trouble> {
        self.recording.fail_sync(inode);
        if self.after_failed_sync == AfterFailedSync::Reverted
            && let Some(content) = self.recording.live_content(inode)
        {
            let durable = self.synced.get(&inode).cloned().unwrap_or_default();
            if content != durable {
                fs::write(place, &*durable)?;
                self.recording.rewrite(inode, &durable, None)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, event: usize, outcome: Result<(), Trouble>) {
        if let Err(trouble) = outcome {
            self.trouble.get_or_insert_with(|| trouble.to_string());
        }
        self.events.resize(self.recording.calls().len(), self.earlier + event);
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
        if self.trouble.is_none() && (is_sync(call.name) || writes_synchronously(call)) {
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
    #[error("{SPECIAL}")]
    Special,
    #[error(
        "it copies from one file to another and syncs that in one call, which is not made to fail"
    )]
    CopySynced,
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

/// Whether a call that can fail asks for nothing but persistence. `sync` cannot fail, and `sync_file_range` promises
/// nothing.
pub(super) fn is_sync(call: &str) -> bool {
    matches!(call, "fsync" | "fdatasync" | "syncfs")
}

/// The descriptor that a held call writes to, or syncs.
fn written_to(call: &HeldCall) -> u64 {
    match call.name {
        "copy_file_range" | "splice" => call.arguments[2],
        _ => call.arguments[0],
    }
}

/// Whether a held call writes and syncs what it writes.
fn writes_synchronously(call: &HeldCall) -> bool {
    let file = || Descriptor::of(call, written_to(call));
    call.bytes.is_some() && file().is_some_and(|file| file.is_synchronous(call))
}

/// What a held call asks to write.
fn written_bytes(call: &HeldCall) -> io::Result<Vec<u8>> {
    let [_, second, third, ..] = call.arguments;
    let buffers = match call.name {
        "write" | "pwrite64" => vec![(second, third)],
        _ => memory::vector(call.tid, second, third)?,
    };
    let mut data = Vec::new();
    for (address, len) in buffers {
        let mut buffer = vec![0; len as usize];
        memory::read(call.tid, address, &mut buffer)?;
        data.append(&mut buffer);
    }
    Ok(data)
}

fn number(metadata: &fs::Metadata) -> FileNumber {
    (metadata.dev(), metadata.ino())
}
