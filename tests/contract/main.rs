//! The root package against itself: the file-system backend beside the executable model, under threads,
//! and among planted links. Real kills and power losses are the harness's business, not this crate's.

mod append_only;
mod confinement;
mod documented;
mod hardened;
mod model;
mod paths;
mod strategies;
mod threads;
mod verification;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crashworthy::{
    StoragePath,
    fs::{FsBackend, FsOptions, Profile},
};
use tempfile::TempDir;

/// A backend in a directory of its own, with something outside the root to protect.
struct Sandbox {
    directory: TempDir,
    store: FsBackend,
}

impl Sandbox {
    fn new(profile: Profile) -> Self {
        Self::with(FsOptions::new().profile(profile))
    }

    fn with(options: FsOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = FsBackend::open_with(directory.path().join("root"), options).unwrap();
        Self { directory, store }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.directory.path().join("outside")
    }

    /// The names of the files that the hardened profile has in the making or left behind; those of threads beside
    /// each other lie in directories with numbers for names.
    fn temporary_files(&self) -> Vec<String> {
        fn names(directory: &Path) -> Vec<String> {
            let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
            let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
            entries.map(|entry| name(entry.unwrap())).collect()
        }
        let reserved = self.root().join(".crashworthy-tmp");
        let (stages, mut files): (Vec<_>, Vec<_>) =
            names(&reserved).into_iter().partition(|name| name.len() == 1);
        files.extend(stages.iter().flat_map(|stage| names(&reserved.join(stage))));
        files
    }
}

fn path(text: &str) -> StoragePath {
    StoragePath::new(text).unwrap()
}

/// Everything below `directory`: a file's content, a link's target, or nothing for a directory.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(tree(&entry.path()));
            found.insert(entry.path(), None);
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            found.insert(entry.path(), Some(target.into_os_string().into_encoded_bytes()));
        } else {
            found.insert(entry.path(), Some(fs::read(entry.path()).unwrap()));
        }
    }
    found
}
