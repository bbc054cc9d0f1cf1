//! A file's content in memory: its pages and, apart from them, its size, as a crash separates them.
//!
//! Images are cloned for every crash point and changed in a few pages, so pages are shared until they are
//! written, each with its hash. A page ends where its zeros begin to be implied.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::operation::PAGE_BYTES;
use crate::subject::Bytes;

/// What a page holds; what lies beyond, up to a whole page, is zeros.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    bytes: Vec<u8>,
    hash: OnceLock<Option<blake3::Hash>>,
}

impl Page {
    fn new(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.to_vec(), hash: OnceLock::new() })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash of what is visible of it, in bytes; none for zeros, as if there were no page.
    fn hash(&self, visible: usize) -> Option<blake3::Hash> {
        let hash = |bytes: &[u8]| {
            let end = bytes.iter().rposition(|byte| *byte != 0)?;
            Some(blake3::hash(&bytes[..=end]))
        };
        match self.bytes.get(..visible) {
            Some(bytes) if visible < self.bytes.len() => hash(bytes),
            _ => *self.hash.get_or_init(|| hash(&self.bytes)),
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct FileImage {
    size: u64,
    pages: BTreeMap<u64, Arc<Page>>,
    content: OnceLock<Bytes>,
    hash: OnceLock<blake3::Hash>,
}

impl FileImage {
    pub(super) fn new(content: &Bytes) -> Self {
        let pages = content.chunks(PAGE_BYTES as usize).map(Page::new);
        Self {
            size: content.len() as u64,
            pages: (0..).zip(pages).collect(),
            content: OnceLock::from(content.clone()),
            hash: OnceLock::new(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn pages(&self) -> &BTreeMap<u64, Arc<Page>> {
        &self.pages
    }

    /// What a read of the whole file returns.
    pub(super) fn content(&self) -> Bytes {
        let read = || {
            let mut content = vec![0; self.size as usize];
            for (page, visible, held) in self.visible() {
                let start = (page * PAGE_BYTES) as usize;
                let bytes = &held.bytes[..visible.min(held.bytes.len())];
                content[start..start + bytes.len()].copy_from_slice(bytes);
            }
            Bytes::from(content)
        };
        self.content.get_or_init(read).clone()
    }

    /// A hash that two images share exactly if a read returns the same.
    pub(super) fn hash(&self) -> blake3::Hash {
        *self.hash.get_or_init(|| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&self.size.to_le_bytes());
            for (page, visible, held) in self.visible() {
                if let Some(hash) = held.hash(visible) {
                    hasher.update(&page.to_le_bytes()).update(hash.as_bytes());
                }
            }
            hasher.finalize()
        })
    }

    /// The pages within the size: index, how many bytes are within it, and the page.
    fn visible(&self) -> impl Iterator<Item = (u64, usize, &Page)> {
        let pages = self.pages.range(..self.size.div_ceil(PAGE_BYTES));
        pages.map(|(page, held)| {
            (*page, (self.size - page * PAGE_BYTES).min(PAGE_BYTES) as usize, &**held)
        })
    }

    fn change(&mut self) -> &mut BTreeMap<u64, Arc<Page>> {
        (self.content, self.hash) = (OnceLock::new(), OnceLock::new());
        &mut self.pages
    }

    pub(super) fn set_size(&mut self, size: u64) {
        self.change();
        self.size = size;
    }

    pub(super) fn write(&mut self, page: u64, offset: usize, bytes: &[u8]) {
        let page = Arc::make_mut(self.change().entry(page).or_default());
        page.hash = OnceLock::new();
        page.bytes.resize(page.bytes.len().max(offset + bytes.len()), 0);
        page.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    /// Drops what lies from this byte on.
    pub(super) fn discard(&mut self, from: u64) {
        let dropped = self.change().split_off(&(from / PAGE_BYTES));
        if let Some(partial) = dropped.get(&(from / PAGE_BYTES)) {
            self.pages.insert(from / PAGE_BYTES, Arc::clone(partial));
            self.discard_in(from / PAGE_BYTES, from);
        }
    }

    /// The same for one page.
    pub(super) fn discard_in(&mut self, page: u64, from: u64) {
        let kept = from.saturating_sub(page * PAGE_BYTES) as usize;
        if let Some(held) = self.pages.get(&page).filter(|held| kept < held.bytes.len()) {
            let held = (kept > 0).then(|| Page::new(&held.bytes[..kept]));
            self.set_page(page, held);
        }
    }

    pub(super) fn set_page(&mut self, page: u64, held: Option<Arc<Page>>) {
        match held {
            Some(held) => self.change().insert(page, held),
            None => self.change().remove(&page),
        };
    }
}
