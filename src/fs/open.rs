//! Opening a backend on its root: the one place that uses the authority of the process.
//!
//! From here on every path is resolved below the root's handle, which the kernel enforces
//! (`openat2` with `RESOLVE_BENEATH`).

use std::{fs, io, os::unix::fs::OpenOptionsExt, path::Path};

use cap_std::{ambient_authority, fs::Dir};

use super::{FsBackend, FsOptions, Settled, checksum, error_of};
use crate::{Operation, Result};

impl FsBackend {
    /// Opens the directory `root`, creating it and its parents if they are missing, with the default
    /// options: hardened and fully durable.
    ///
    /// # Errors
    /// What the system reports, for instance that `root` is a file.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(root, FsOptions::default())
    }

    /// As [`FsBackend::open`], with `options`.
    ///
    /// # Errors
    /// As [`FsBackend::open`], and [`ErrorKind::Unsupported`] for checksums on a file system that cannot
    /// keep them.
    ///
    /// [`ErrorKind::Unsupported`]: crate::ErrorKind::Unsupported
    pub fn open_with(root: impl AsRef<Path>, options: FsOptions) -> Result<Self> {
        let path = root.as_ref();
        let fail = |error| error_of(Operation::Open, &path.to_string_lossy(), error);
        let root = match open_root(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_root(path, options.syncs_directories())
                    .and_then(|()| open_root(path))
                    .map_err(fail)?
            }
            other => other.map_err(fail)?,
        };
        if options.checksums() {
            checksum::probe(&root).map_err(fail)?;
        }
        Ok(Self { root, options, staging: Default::default(), settled: Settled::default() })
    }
}

fn open_root(path: &Path) -> io::Result<Dir> {
    // cap-std would open it so that it can only be walked through; syncing and listing need more.
    let root = fs::OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(path)?;
    Ok(Dir::from_std_file(root))
}

/// Creates the root and, where asked, makes its name durable before anything is acknowledged in it.
///
/// A process that is killed before the sync leaves a root that a later open finds and takes for settled;
/// whoever needs more than that creates the root beforehand.
fn create_root(path: &Path, sync: bool) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let missing: Vec<_> = path.ancestors().take_while(|directory| !directory.exists()).collect();
    Dir::create_ambient_dir_all(&path, ambient_authority())?;
    if sync {
        for above in missing.iter().filter_map(|directory| directory.parent()) {
            fs::File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}
