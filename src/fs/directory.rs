//! Handles on directories, and the calls that every verb needs of them.
//!
//! cap-std opens directories so that they can only be walked through (`O_PATH`), which the kernel
//! refuses to sync or list. The handles made here can be read, and so they do all three with one open.

use std::{fs, io, path::Path};

use cap_std::{
    fs::{Dir, OpenOptions, OpenOptionsExt},
    io_lifetimes::AsFilelike,
};

use super::interrupt;
use crate::StoragePath;

/// A handle on the directory `path` below `root`.
pub(super) fn open(root: &Dir, path: &StoragePath) -> io::Result<Dir> {
    open_with(root, path.as_str(), libc::O_DIRECTORY)
}

/// As [`open`] for one name, but refuses a symbolic link.
pub(super) fn open_entry(root: &Dir, name: &str) -> io::Result<Dir> {
    open_with(root, name, libc::O_DIRECTORY | libc::O_NOFOLLOW)
}

/// A new handle on `directory` itself.
pub(super) fn open_here(directory: &Dir) -> io::Result<Dir> {
    open_with(directory, ".", libc::O_DIRECTORY)
}

fn open_with(root: &Dir, path: &str, flags: i32) -> io::Result<Dir> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags);
    let file = interrupt::again(|| root.open_with(path, &options))?;
    Ok(Dir::from_std_file(file.into_std()))
}

/// Makes the entries of `directory` durable.
pub(super) fn sync(directory: &Dir) -> io::Result<()> {
    directory.as_filelike_view::<fs::File>().sync_all()
}

/// Creates `path` and its missing parents below `root`; what exists already is fine, also where another
/// process creates it at the same time.
///
/// An entry that exists but is no directory is noticed by whoever opens the path next.
pub(super) fn create_all(root: &Dir, path: &StoragePath) -> io::Result<()> {
    // From the deepest directory up to the first that can be created or exists: one call where the
    // parents are there already. A loop, because a path may have 2,048 components.
    let mut missing = Vec::new();
    let mut at = path.clone();
    loop {
        match create(root, &at) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let above = at.parent().ok_or(error)?;
                missing.push(std::mem::replace(&mut at, above));
            }
            other => break other?,
        }
    }
    missing.iter().rev().try_for_each(|directory| create(root, directory))
}

/// Creates `path`; what exists already is fine, also where another process was faster.
pub(super) fn create(root: &Dir, path: impl AsRef<Path>) -> io::Result<()> {
    match root.create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
