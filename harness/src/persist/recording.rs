//! The recorder: takes the calls of a fault-free run with their effects, in order, and lowers them to
//! micro-operations. It keeps the live tree to resolve paths to inodes; what it started with is settled.
//!
//! Callers give the effects of calls that succeeded: the bytes that were really written, at the offset
//! where they went. A call that cannot have succeeded on the live tree is refused, because then events
//! were missed, and nothing that follows could be trusted.

use std::sync::Arc;

use super::{
    disk::{Content, Directory, Disk, ROOT},
    error::{FILE_BYTES_MAX, RecordError},
    image::FileImage,
    operation::{
        Call, CallKind, Effect, InodeId, MicroOperation, OperationId, PAGE_BYTES, SizeCause, Sync,
        Synchronous,
    },
    point::Point,
};
use crate::{history::Tree, subject::Bytes};

/// See the module.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The settled tree, with an empty inode for everything that was created since.
    settled: Disk,
    live: Disk,
    calls: Vec<Call>,
    operations: Vec<MicroOperation>,
    /// The subject's operation and the number of calls at its acknowledgement.
    acknowledgements: Vec<(usize, usize)>,
}

impl Recording {
    /// Starts from a tree of which everything is durable.
    pub fn new(settled: &Tree) -> Self {
        let settled = Disk::new(settled);
        Self {
            live: settled.clone(),
            settled,
            calls: Vec::new(),
            operations: Vec::new(),
            acknowledgements: Vec::new(),
        }
    }

    /// The inode at a path below the root (`/`-separated); the root for the empty path.
    pub fn resolve(&self, path: &str) -> Result<InodeId, RecordError> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(ROOT, |directory, name| {
            self.live.entry(directory, name).ok_or_else(|| RecordError::Missing(path.to_owned()))
        })
    }

    /// `open` with `O_CREAT` of a path that did not exist.
    pub fn create(&mut self, path: &str) -> Result<InodeId, RecordError> {
        self.insert_new(path, Content::File(FileImage::default()))
    }

    /// `open` with `O_TMPFILE`: a file that has no name yet, and may never have one.
    pub fn create_unnamed(&mut self) -> InodeId {
        let inode = self.add(Content::File(FileImage::default()));
        self.push(CallKind::Entry, Vec::new(), None);
        inode
    }

    /// `open` with `O_TRUNC`, creating the file if there was none.
    pub fn open_truncated(&mut self, path: &str) -> Result<InodeId, RecordError> {
        match self.resolve(path) {
            Ok(inode) => self.truncate(inode, 0).map(|()| inode),
            Err(_) => self.create(path),
        }
    }

    /// `pwrite`, or `write` at the descriptor's offset: these bytes have arrived there.
    pub fn write(&mut self, inode: InodeId, offset: u64, data: &[u8]) -> Result<(), RecordError> {
        self.write_with(inode, offset, data, None)
    }

    /// `write` with `O_APPEND`.
    pub fn append(&mut self, inode: InodeId, data: &[u8]) -> Result<(), RecordError> {
        self.write(inode, self.size(inode)?, data)
    }

    /// A write through a descriptor that syncs it before it returns.
    pub fn write_synchronous(
        &mut self,
        inode: InodeId,
        offset: u64,
        data: &[u8],
        how: Synchronous,
    ) -> Result<(), RecordError> {
        let (first, last) = pages(offset, data.len() as u64);
        self.write_with(
            inode,
            offset,
            data,
            Some(match how {
                Synchronous::Sync => Sync::WriteSync(inode, first, last),
                Synchronous::DataSync => Sync::WriteDataSync(inode, first, last),
            }),
        )
    }

    pub(super) fn write_with(
        &mut self,
        inode: InodeId,
        offset: u64,
        data: &[u8],
        sync: Option<Sync>,
    ) -> Result<(), RecordError> {
        let size = self.size(inode)?;
        let end = offset.saturating_add(data.len() as u64);
        if end > FILE_BYTES_MAX {
            return Err(RecordError::TooLarge(end));
        }
        let mut effects = Vec::new();
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let start = (at % PAGE_BYTES) as usize;
            let bytes = &data[done..data.len().min(done + PAGE_BYTES as usize - start)];
            let page = at / PAGE_BYTES;
            let allocates = !self.live.file(inode).is_some_and(|f| f.pages().contains_key(&page));
            let content = Bytes::from(bytes.to_vec());
            effects.push(Effect::Data { inode, page, offset: start, bytes: content, allocates });
            done += bytes.len();
        }
        if end > size && !data.is_empty() {
            effects.push(Effect::Size { inode, size: end, cause: SizeCause::Write });
        }
        self.push(CallKind::Write, effects, sync);
        Ok(())
    }

    /// `truncate`, `ftruncate`, or an allocation that moves the end of the file.
    pub fn truncate(&mut self, inode: InodeId, size: u64) -> Result<(), RecordError> {
        let old = self.size(inode)?;
        if size > FILE_BYTES_MAX {
            return Err(RecordError::TooLarge(size));
        }
        let mut effects = Vec::new();
        if size != old {
            effects.push(Effect::Size { inode, size, cause: SizeCause::Truncation });
        }
        if size < old {
            effects.push(Effect::Discard { inode, from: size });
        }
        self.push(CallKind::Truncate, effects, None);
        Ok(())
    }

    /// `rename`, replacing what is at the destination.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), RecordError> {
        let inode = self.resolve(from)?;
        let replaces = self.resolve(to).ok();
        let (old, old_name) = self.parent(from)?;
        let (new, name) = self.parent(to)?;
        let effects = if replaces == Some(inode) {
            // Two names of one file: POSIX has rename do nothing.
            Vec::new()
        } else {
            vec![
                Effect::Insert { directory: new, name, inode, replaces },
                Effect::Remove { directory: old, name: old_name, inode },
            ]
        };
        self.push(CallKind::Rename, effects, None);
        Ok(())
    }

    /// `renameat2` with `RENAME_EXCHANGE`.
    pub fn exchange(&mut self, one: &str, other: &str) -> Result<(), RecordError> {
        let (a, b) = (self.resolve(one)?, self.resolve(other)?);
        let ((dir_a, name_a), (dir_b, name_b)) = (self.parent(one)?, self.parent(other)?);
        let effects = vec![
            Effect::Insert { directory: dir_a, name: name_a, inode: b, replaces: Some(a) },
            Effect::Insert { directory: dir_b, name: name_b, inode: a, replaces: Some(b) },
        ];
        self.push(CallKind::Rename, effects, None);
        Ok(())
    }

    /// `link`: one more name for a file.
    pub fn link(&mut self, existing: &str, path: &str) -> Result<(), RecordError> {
        self.link_inode(self.resolve(existing)?, path)
    }

    /// `linkat` of a descriptor: a name for a file that may have none.
    pub fn link_inode(&mut self, inode: InodeId, path: &str) -> Result<(), RecordError> {
        if self.is_directory(inode) {
            return Err(RecordError::Kind(path.to_owned()));
        }
        self.insert(path, inode)
    }

    /// `symlink` with this text.
    pub fn symlink(&mut self, target: &str, path: &str) -> Result<InodeId, RecordError> {
        self.insert_new(path, Content::Symlink(target.into()))
    }

    /// `mkdir`.
    pub fn mkdir(&mut self, path: &str) -> Result<InodeId, RecordError> {
        self.insert_new(path, Content::Directory(Directory::default()))
    }

    /// `unlink`.
    pub fn unlink(&mut self, path: &str) -> Result<(), RecordError> {
        let inode = self.resolve(path)?;
        let (directory, name) = self.parent(path)?;
        self.push(CallKind::Entry, vec![Effect::Remove { directory, name, inode }], None);
        Ok(())
    }

    /// `rmdir`.
    pub fn rmdir(&mut self, path: &str) -> Result<(), RecordError> {
        match self.live.directory(self.resolve(path)?) {
            Some(directory) if directory.is_empty() => self.unlink(path),
            _ => Err(RecordError::Kind(path.to_owned())),
        }
    }

    /// `setxattr` or `removexattr` and their kin: the attribute has this value from now on, or is gone.
    pub fn set_attribute(
        &mut self,
        inode: InodeId,
        name: &str,
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        if value.is_none() && !self.live.inode(inode).attributes.contains_key(name) {
            return Err(RecordError::Missing(name.to_owned()));
        }
        let value = value.map(|value| Bytes::from(value.to_vec()));
        let effect = Effect::Attribute { inode, name: name.into(), value };
        self.push(CallKind::Attribute, vec![effect], None);
        Ok(())
    }

    /// A call that asks for persistence; an inode is what the descriptor was opened on.
    pub fn sync(&mut self, sync: Sync) {
        self.push(CallKind::Sync, Vec::new(), Some(sync));
    }

    /// An `fsync` or `fdatasync` that has failed, and not because the descriptor was wrong.
    ///
    /// Of a file: Linux marks the pages clean that it could not write, reports the error once, and goes on
    /// showing their content (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC
    /// 2020: on ext4, XFS and btrfs "pages are always marked clean"). Which of the pending pages were written is not
    /// known. So none of them is made durable by any later sync, unless it is written again: the page cache holds a
    /// page as a whole, so a sync of the later write takes along what the page held before. Each may still be on the
    /// disk after a power loss.
    ///
    /// The size stays pending, as metadata does: it is in the inode, and a later sync logs it.
    ///
    /// Of a directory: nothing changes. Its entries are in the journal, still pending, and a later commit
    /// may persist them. A journal that cannot commit aborts, and the file system is read-only or shut down
    /// from then on (same paper: "certain block writes always lead to unavailability"), so that a later
    /// success does not follow upon it.
    pub fn fail_sync(&mut self, inode: InodeId) {
        self.push(CallKind::FailedSync(inode), Vec::new(), None);
    }

    /// `msync(MS_SYNC)` of these bytes of a mapped file.
    pub fn msync(&mut self, inode: InodeId, offset: u64, length: u64) {
        let (first, last) = pages(offset, length);
        self.sync(Sync::Msync(inode, first, last));
    }

    /// `sync_file_range` of these bytes; a length of 0 reaches to the end of the file.
    pub fn sync_file_range(&mut self, inode: InodeId, offset: u64, length: u64) {
        let length = if length == 0 { u64::MAX - offset } else { length };
        let (first, last) = pages(offset, length);
        self.sync(Sync::SyncFileRange(inode, first, last));
    }

    /// The subject has acknowledged its operation with this index.
    pub fn acknowledge(&mut self, operation: usize) {
        self.acknowledgements.push((operation, self.calls.len()));
    }

    /// Every moment at which the power may fail: at the start, after every call, after every
    /// acknowledgement.
    pub fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        let mut acknowledged = 0;
        for calls in 0..=self.calls.len() {
            points.push(Point { calls, acknowledged });
            while self.acknowledgements.get(acknowledged).is_some_and(|(_, at)| *at == calls) {
                acknowledged += 1;
                points.push(Point { calls, acknowledged });
            }
        }
        points
    }

    /// The moment after everything recorded so far.
    pub fn end(&self) -> Point {
        Point { calls: self.calls.len(), acknowledged: self.acknowledgements.len() }
    }

    /// The subject's operations in the order of their acknowledgement.
    pub fn acknowledgements(&self) -> impl Iterator<Item = usize> {
        self.acknowledgements.iter().map(|(operation, _)| *operation)
    }

    /// The calls in order.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The micro-operations in order.
    pub fn operations(&self) -> &[MicroOperation] {
        &self.operations
    }

    /// One of them.
    pub fn operation(&self, id: OperationId) -> Option<&MicroOperation> {
        self.operations.get(id.0)
    }

    /// Every path at which a process sees this inode now, sorted; none for a file without a name.
    pub fn paths_of(&self, inode: InodeId) -> Vec<String> {
        self.live.paths_of(inode)
    }

    /// What a process reads now from this file, if it is one.
    pub fn live_content(&self, inode: InodeId) -> Option<Bytes> {
        self.live.file(inode).map(FileImage::content)
    }

    /// What a process sees now.
    pub fn live_tree(&self) -> Tree {
        self.live.tree()
    }

    pub(super) fn is_directory(&self, inode: InodeId) -> bool {
        self.live.directory(inode).is_some()
    }

    pub(super) fn settled(&self) -> &Disk {
        &self.settled
    }

    /// What a process sees of a file now.
    pub(super) fn live_file(&self, inode: InodeId) -> Option<&FileImage> {
        self.live.file(inode)
    }

    pub(super) fn size(&self, inode: InodeId) -> Result<u64, RecordError> {
        let file = self.live.file(inode);
        file.map(FileImage::size).ok_or_else(|| RecordError::Kind(format!("{inode:?}")))
    }

    /// The directory of a path, and the name in it.
    fn parent(&self, path: &str) -> Result<(InodeId, Arc<str>), RecordError> {
        let path = path.trim_matches('/');
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = self.resolve(parent)?;
        if !self.is_directory(directory) || name.is_empty() {
            return Err(RecordError::Kind(path.to_owned()));
        }
        Ok((directory, name.into()))
    }

    fn insert_new(&mut self, path: &str, content: Content) -> Result<InodeId, RecordError> {
        self.vacant(path)?;
        let id = self.add(content);
        self.insert(path, id).map(|()| id)
    }

    /// A new inode in both trees, so that its number means the same in each.
    fn add(&mut self, content: Content) -> InodeId {
        self.settled.add(content.clone());
        self.live.add(content)
    }

    /// The directory and the name of a path at which there is nothing.
    fn vacant(&self, path: &str) -> Result<(InodeId, Arc<str>), RecordError> {
        let (directory, name) = self.parent(path)?;
        match self.live.entry(directory, &name) {
            None => Ok((directory, name)),
            Some(_) => Err(RecordError::Exists(path.to_owned())),
        }
    }

    fn insert(&mut self, path: &str, inode: InodeId) -> Result<(), RecordError> {
        let (directory, name) = self.vacant(path)?;
        let effect = Effect::Insert { directory, name, inode, replaces: None };
        self.push(CallKind::Entry, vec![effect], None);
        Ok(())
    }

    pub(super) fn push(&mut self, kind: CallKind, effects: Vec<Effect>, sync: Option<Sync>) {
        let call = self.calls.len();
        self.calls.push(Call { kind, sync });
        for effect in effects {
            self.live.apply(&effect);
            self.operations.push(MicroOperation { call, effect });
        }
    }
}

/// The first and the last page that a range of bytes touches.
fn pages(offset: u64, length: u64) -> (u64, u64) {
    let end = offset.saturating_add(length.max(1)) - 1;
    (offset / PAGE_BYTES, end / PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_have_succeeded_is_refused() {
        let mut recording = Recording::new(&Tree::default());
        let missing = |path: &str| Err(RecordError::Missing(path.to_owned()));
        assert_eq!(recording.unlink("f"), missing("f"));
        assert_eq!(recording.rename("f", "g"), missing("f"));
        assert_eq!(recording.create("d/f"), Err(RecordError::Missing("d".to_owned())));
        let file = recording.create("f").unwrap();
        assert_eq!(recording.create("f"), Err(RecordError::Exists("f".to_owned())));
        assert_eq!(recording.create("f/g"), Err(RecordError::Kind("f/g".to_owned())));
        assert_eq!(recording.rmdir("f"), Err(RecordError::Kind("f".to_owned())));
        assert_eq!(recording.create(""), Err(RecordError::Kind(String::new())));
        let end = FILE_BYTES_MAX + 1;
        assert_eq!(recording.truncate(file, end), Err(RecordError::TooLarge(end)));
        assert_eq!(recording.write(file, FILE_BYTES_MAX, b"x"), Err(RecordError::TooLarge(end)));
        assert_eq!(recording.write(file, u64::MAX, b"x"), Err(RecordError::TooLarge(u64::MAX)));
        let directory = recording.mkdir("d").unwrap();
        assert_eq!(recording.link_inode(file, "f"), Err(RecordError::Exists("f".to_owned())));
        assert_eq!(recording.link("d", "g"), Err(RecordError::Kind("g".to_owned())));
        assert!(matches!(recording.append(directory, b"x"), Err(RecordError::Kind(_))));
        recording.create("d/f").unwrap();
        assert_eq!(recording.rmdir("d"), Err(RecordError::Kind("d".to_owned())));
        assert_eq!(recording.calls().len(), 3, "what is refused leaves no trace");
    }

    #[test]
    fn live_paths_and_contents_follow_the_inode() {
        let mut recording = Recording::new(&Tree::default());
        let file = recording.create_unnamed();
        assert_eq!(recording.paths_of(file), [""; 0]);
        recording.append(file, b"text").unwrap();
        recording.mkdir("d").unwrap();
        let below = recording.mkdir("d/e").unwrap();
        recording.link_inode(file, "f").unwrap();
        recording.link("f", "d/e/f").unwrap();
        assert_eq!(recording.paths_of(file), ["d/e/f", "f"]);
        recording.rename("d", "g").unwrap();
        assert_eq!(recording.paths_of(file), ["f", "g/e/f"]);
        assert_eq!(recording.paths_of(below), ["g/e"]);
        assert_eq!(recording.paths_of(recording.resolve("").unwrap()), [""]);
        assert_eq!(recording.live_content(file), Some("text".into()));
        assert_eq!(recording.live_content(below), None);
        let missing = Err(RecordError::Missing("user.n".to_owned()));
        assert_eq!(recording.set_attribute(file, "user.n", None), missing);
    }

    #[test]
    fn there_is_a_point_after_every_call_and_every_acknowledgement() {
        let mut recording = Recording::new(&Tree::default());
        recording.mkdir("d").unwrap();
        recording.acknowledge(0);
        recording.acknowledge(1);
        recording.create("d/f").unwrap();
        let points = recording.points();
        let points: Vec<_> = points.iter().map(|at| (at.calls, at.acknowledged)).collect();
        assert_eq!(points, [(0, 0), (1, 0), (1, 1), (1, 2), (2, 2)]);
        assert_eq!(recording.acknowledgements().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(Some(&recording.end()), recording.points().last());
    }
}
