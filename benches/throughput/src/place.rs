//! Where is measured: a fresh directory on a real disk, removed when it is dropped.
//!
//! Below the build folder by default, because `/tmp` may be memory, where a sync costs nothing. Another disk is
//! named by `CRASHWORTHY_BENCH_DIR`.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// Names the directory to measure in.
const DIRECTORY: &str = "CRASHWORTHY_BENCH_DIR";

/// See the module.
#[derive(Debug)]
pub struct Place(TempDir);

impl Place {
    /// A fresh one.
    ///
    /// # Errors
    /// Where it cannot be created.
    pub fn new() -> io::Result<Self> {
        let parent = env::var_os(DIRECTORY).map_or_else(build_folder, PathBuf::from);
        std::fs::create_dir_all(&parent)?;
        tempfile::Builder::new().prefix("throughput-").tempdir_in(parent).map(Self)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

fn build_folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}
