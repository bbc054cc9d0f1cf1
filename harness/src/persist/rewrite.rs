//! Write-like calls of any kind, recorded by what they left: `pwrite`, `copy_file_range`, `splice`, a hole
//! that was punched. What they did is the difference between the file before and after.
//!
//! The difference is by page, and within a page one run of bytes, from the first to the last that
//! differs: what lies between was in the page cache either way. A page that did not exist and reads as
//! zeros needs nothing, because what was never written reads as zeros.

use std::ops::Range;

use super::{
    error::{FILE_BYTES_MAX, RecordError},
    operation::{CallKind, Effect, InodeId, PAGE_BYTES, SizeCause, Sync},
    recording::Recording,
};
use crate::subject::Bytes;

/// What a page holds that was never written.
const ZEROS: [u8; PAGE_BYTES as usize] = [0; PAGE_BYTES as usize];

impl Recording {
    /// A write-like call has returned, and the whole content of the file is now this. A file that became
    /// shorter is recorded as truncated first.
    ///
    /// What the call wrote and was there before is not seen. That matters after a failed sync only: see
    /// [`Recording::rewrite_range`].
    pub fn rewrite(
        &mut self,
        inode: InodeId,
        content: &[u8],
        sync: Option<Sync>,
    ) -> Result<(), RecordError> {
        self.rewrite_range(inode, content, 0..0, sync)
    }

    /// As [`Recording::rewrite`], of a call that is known to have written these bytes of `content`: they
    /// count as written even where they are what they were. After a failed sync this is what makes a page
    /// dirty again, so that the next sync tries it again.
    pub fn rewrite_range(
        &mut self,
        inode: InodeId,
        content: &[u8],
        written: Range<u64>,
        sync: Option<Sync>,
    ) -> Result<(), RecordError> {
        let size = content.len() as u64;
        let old = self.size(inode)?;
        if size > FILE_BYTES_MAX {
            return Err(RecordError::TooLarge(size));
        }
        if size < old {
            self.truncate(inode, size)?;
        }
        let mut effects = self.differences(inode, content, &written);
        if size > old {
            effects.push(Effect::Size { inode, size, cause: SizeCause::Write });
        }
        self.push(CallKind::Write, effects, sync);
        Ok(())
    }

    fn differences(&self, inode: InodeId, content: &[u8], written: &Range<u64>) -> Vec<Effect> {
        let Some(image) = self.live_file(inode) else { return Vec::new() };
        let mut pages = image.pages().iter().peekable();
        let mut effects = Vec::new();
        for (page, now) in (0..).zip(content.chunks(PAGE_BYTES as usize)) {
            let before = pages.next_if(|(there, _)| **there == page).map(|(_, held)| held.bytes());
            let start = page * PAGE_BYTES;
            let within = |at: u64| at.clamp(start, start + now.len() as u64) - start;
            let wrote = within(written.start) as usize..within(written.end) as usize;
            let changed = difference(before.unwrap_or_default(), now);
            let run = match (changed, wrote.is_empty()) {
                (None, true) => continue,
                (Some(run), true) => run,
                (None, false) => wrote,
                (Some(run), false) => run.start.min(wrote.start)..run.end.max(wrote.end),
            };
            effects.push(Effect::Data {
                inode,
                page,
                offset: run.start,
                bytes: Bytes::from(now[run].to_vec()),
                allocates: before.is_none(),
            });
        }
        effects
    }
}

/// From the first to the last byte of a page that differs; `before` goes on with zeros. Nothing that is
/// beyond `now` counts: the file ends there.
fn difference(before: &[u8], now: &[u8]) -> Option<Range<usize>> {
    let (common, beyond) = now.split_at(before.len().min(now.len()));
    let zeros = &ZEROS[..beyond.len()];
    // Whole slices first: almost every page is equal.
    if common == &before[..common.len()] && beyond == zeros {
        return None;
    }
    let differs = |at: &usize| now[*at] != before.get(*at).copied().unwrap_or(0);
    let first = (0..now.len()).find(differs)?;
    let last = (first..now.len()).rev().find(differs)?;
    Some(first..last + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::{Node, Tree};

    proptest! {
        /// A kernel's writes and what they left tell the same story, if every byte changes.
        #[test]
        fn it_records_what_the_writes_would_have_recorded(
            writes in proptest::collection::vec((0..9000_u64, 1..9000_usize, 0..2_u8), 1..8),
        ) {
            let mut real = Recording::new(&Tree::default());
            let file = real.create("f").unwrap();
            let mut seen = real.clone();
            let mut content = Vec::new();
            for ((offset, length, synchronous), letter) in writes.into_iter().zip(b'a'..) {
                let text = vec![letter; length];
                let sync = (synchronous == 1).then_some(Sync::Fsync(file));
                real.write_with(file, offset, &text, sync).unwrap();
                let start = offset as usize;
                content.resize(content.len().max(start + length), 0);
                content[start..start + length].copy_from_slice(&text);
                seen.rewrite(file, &content, sync).unwrap();
            }
            prop_assert_eq!(real.calls(), seen.calls());
            prop_assert_eq!(real.operations(), seen.operations());
        }
    }

    /// Page, offset and length, and whether it needs a block.
    type Run = (u64, usize, usize, bool);

    /// The data of the latest call, and the new size.
    fn latest(recording: &Recording) -> (Vec<Run>, Option<u64>) {
        let (mut data, mut grown) = (Vec::new(), None);
        let call = recording.calls().len() - 1;
        for operation in recording.operations().iter().filter(|operation| operation.call == call) {
            match &operation.effect {
                Effect::Data { page, offset, bytes, allocates, .. } => {
                    data.push((*page, *offset, bytes.len(), *allocates));
                }
                Effect::Size { size, .. } => grown = Some(*size),
                other => panic!("{other:?}"),
            }
        }
        (data, grown)
    }

    #[test]
    fn what_differs_is_recorded_and_nothing_else() {
        let mut content = vec![b'a'; 10_000];
        let tree = [("f".to_owned(), Node::File(content.clone().into()))].into_iter().collect();
        let mut recording = Recording::new(&tree);
        let file = recording.resolve("f").unwrap();
        recording.rewrite(file, &content, Some(Sync::Fsync(file))).unwrap();
        assert_eq!(latest(&recording), (vec![], None), "the call is recorded all the same");
        assert_eq!(recording.calls()[0].sync, Some(Sync::Fsync(file)));

        content[4094..4098].copy_from_slice(b"bbbb");
        content[9999] = b'b';
        recording.rewrite(file, &content, None).unwrap();
        let data = vec![(0, 4094, 2, false), (1, 0, 2, false), (2, 1807, 1, false)];
        assert_eq!(latest(&recording), (data, None));

        // Grown by a hole and a page: the hole needs nothing.
        content.resize(5 * 4096, 0);
        content[4 * 4096 + 7] = b'c';
        recording.rewrite(file, &content, None).unwrap();
        assert_eq!(latest(&recording), (vec![(4, 7, 1, true)], Some(5 * 4096)));

        // A hole is punched: the page is there, and becomes zeros.
        content[..4096].fill(0);
        recording.rewrite(file, &content, None).unwrap();
        assert_eq!(latest(&recording), (vec![(0, 0, 4096, false)], None));

        content.truncate(3);
        content[2] = b'd';
        let calls = recording.calls().len();
        recording.rewrite(file, &content, None).unwrap();
        assert_eq!(recording.calls()[calls].kind, CallKind::Truncate);
        assert_eq!(recording.calls().len(), calls + 2);
        assert_eq!(latest(&recording), (vec![(0, 2, 1, false)], None));
        assert_eq!(recording.live_tree().nodes["f"], Node::File(content.into()));
    }

    #[test]
    fn what_was_written_again_counts_if_it_is_said() {
        let content = [b'a'; 5000];
        let tree: Tree =
            [("f".to_owned(), Node::File(content.to_vec().into()))].into_iter().collect();
        let mut recording = Recording::new(&tree);
        let file = recording.resolve("f").unwrap();
        recording.rewrite_range(file, &content, 4000..4100, None).unwrap();
        assert_eq!(latest(&recording), (vec![(0, 4000, 96, false), (1, 0, 4, false)], None));
        recording.rewrite_range(file, &content, 9000..9100, None).unwrap();
        assert_eq!(latest(&recording), (vec![], None));
    }
}
