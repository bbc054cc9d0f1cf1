//! The versions of one path: looked at, added to, and cleaned up.

use std::{
    io::{self, Write},
    mem::MaybeUninit,
    time::Duration,
};

use cap_std::fs::{Dir, OpenOptions};
use rustix::fs::{FileType, RawDir, SeekFrom, seek};

use super::version::{Kind, Version};

/// Room for the names that one call of the system returns, in bytes: about 400 versions.
const LISTING_BYTES: usize = 32 << 10;
/// How often a history is listed in the hope that one call returns all of it, and the next one nothing. Only
/// where it is too long for that, or changes every time, is the last listing put together from two moments.
const LISTINGS_MAX: usize = 8;
/// How old a temporary file must be to be nobody's any more: the threshold that the specification wants. A
/// writer that is stopped for longer loses its file, and fails.
const TEMPORARY_AGE_MAX: Duration = Duration::from_secs(60 * 60);

/// The directory with the versions of one path. The handle must not be shared, because listing moves it.
pub(super) struct History(Dir);

impl History {
    pub(super) fn new(directory: Dir) -> Self {
        Self(directory)
    }

    /// The directory, to read a version in.
    pub(super) fn directory(&self) -> &Dir {
        &self.0
    }

    /// The version that counts.
    pub(super) fn newest(&self) -> io::Result<Option<Version>> {
        Ok(newest(&self.list()?).cloned())
    }

    /// Adds `data` as the newest version, in two phases like every write of the specification.
    pub(super) fn add(&self, data: &[u8]) -> io::Result<()> {
        let version = Version::after(self.newest()?.as_ref(), Kind::Value)?;
        let temporary = version.with(Kind::Temporary).name();
        let written = self
            .create(&temporary, data)
            .and_then(|()| self.0.rename(&temporary, &self.0, version.name()));
        if written.is_err() {
            // Nobody will ever use the name again, so nothing else would remove it for a while.
            let _ = self.0.remove_file(&temporary);
        }
        written
    }

    /// Adds the deletion of what is there, if something is. An empty file is there as a whole or not at all.
    pub(super) fn delete(&self) -> io::Result<()> {
        match self.newest()? {
            Some(newest) if newest.kind == Kind::Value => {
                self.create(&Version::after(Some(&newest), Kind::Deleted)?.name(), b"")
            }
            _ => Ok(()),
        }
    }

    fn create(&self, name: &str, data: &[u8]) -> io::Result<()> {
        let options = OpenOptions::new().write(true).create_new(true).clone();
        self.0.open_with(name, &options)?.into_std().write_all(data)
    }

    /// Removes the versions that a newer one has replaced, and temporary files of writers long gone.
    pub(super) fn clean_up(&self) -> io::Result<()> {
        let versions = self.list()?;
        let newest = newest(&versions);
        for version in &versions {
            let is_garbage = match version.kind {
                Kind::Temporary => version.is_older_than(TEMPORARY_AGE_MAX),
                Kind::Value | Kind::Deleted => Some(version) < newest,
            };
            if is_garbage {
                match self.0.remove_file(version.name()) {
                    // Another clean-up was faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }

    /// All versions, as they were at one moment.
    fn list(&self) -> io::Result<Vec<Version>> {
        let mut buffer = vec![MaybeUninit::uninit(); LISTING_BYTES];
        let mut versions = Vec::new();
        for _ in 0..LISTINGS_MAX {
            versions.clear();
            seek(&self.0, SeekFrom::Start(0))?;
            let mut entries = RawDir::new(&self.0, &mut buffer);
            let mut calls = 0;
            loop {
                let asks = entries.is_buffer_empty();
                let Some(entry) = entries.next() else { break };
                calls += u32::from(asks);
                let entry = entry?;
                let Ok(name) = entry.file_name().to_str() else { continue };
                if let Some(version) = Version::parse(name)
                    && self.is_file(name, entry.file_type())?
                {
                    versions.push(version);
                }
            }
            // With three calls it is too long for one, and stays so.
            if calls != 2 {
                break;
            }
        }
        Ok(versions)
    }

    /// Whether the entry `name` is a file; a user's path may be named like a version and is a directory here.
    fn is_file(&self, name: &str, kind: FileType) -> io::Result<bool> {
        if kind != FileType::Unknown {
            return Ok(kind == FileType::RegularFile);
        }
        match self.0.symlink_metadata(name) {
            Ok(metadata) => Ok(metadata.is_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn newest(versions: &[Version]) -> Option<&Version> {
    versions.iter().filter(|version| version.kind != Kind::Temporary).max()
}
