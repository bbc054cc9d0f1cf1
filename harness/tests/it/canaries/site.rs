//! What canaries are made of: the sound backend, and a second way to the same root for what they break.
//!
//! The second way is a cap-std handle, so a canary is as confined as the sound backend unless that is what
//! it breaks.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, File, OpenOptions},
};
use crashworthy::{
    Error, Operation, Result, StorageBackend, StoragePath,
    fs::{Durability, FsBackend, FsOptions},
};

/// The sound backend's own directory: temporary files in it are hidden and refused by it.
pub(super) const RESERVED: &str = ".crashworthy-tmp";

/// See the module.
pub(super) struct Site {
    pub(super) sound: FsBackend,
    /// The sound backend, but for the syncs.
    pub(super) hasty: FsBackend,
    pub(super) root: Dir,
    durability: Durability,
    /// For the one canary that is not confined.
    pub(super) path: PathBuf,
}

impl Site {
    /// A kill does not ask for syncs, and without them there are fewer places to be killed at; a power loss
    /// asks for all of them.
    pub(super) fn open(path: &Path, durability: Durability) -> Result<Self> {
        let open = |durability| FsBackend::open_with(path, FsOptions::new().durability(durability));
        let root = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|error| Error::from_io(Operation::Open, "", error))?;
        let (sound, hasty) = (open(durability)?, open(Durability::None)?);
        Ok(Self { sound, hasty, root, durability, path: path.to_owned() })
    }

    /// Creates the directories above `path`, as every write must.
    pub(super) fn create_parents(&self, path: &StoragePath) -> Result<()> {
        path.parent().map_or(Ok(()), |parent| self.sound.create_directory(&parent))
    }

    /// Creates the sound backend's own directory, which it makes with its first write.
    pub(super) fn create_reserved(&self) {
        // That it exists is the usual case.
        let _ = self.root.create_dir(RESERVED);
    }

    /// Waits for the lock that all processes and threads share, which is held until the file is closed.
    pub(super) fn lock(&self) -> io::Result<fs::File> {
        self.create_reserved();
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        let file = self.root.open_with(format!("{RESERVED}/lock"), &options)?.into_std();
        file.lock()?;
        Ok(file)
    }

    /// Makes a file or a directory durable, where that is asked for at all.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        if self.durability == Durability::None { Ok(()) } else { file.sync_all() }
    }

    /// Makes the names in the directory of `path` durable.
    pub(super) fn sync_directory_of(&self, path: &StoragePath) -> io::Result<()> {
        let parent = path.parent();
        self.sync(&self.root.open(parent.as_ref().map_or(".", StoragePath::as_str))?)
    }
}

/// Stands for a slash in the name of a temporary file.
pub(super) const SLASH: &str = "\\";

/// The temporary file that all writes of `path` use.
pub(super) fn temp_of(path: &StoragePath) -> String {
    format!("{RESERVED}/{}", path.as_str().replace('/', SLASH))
}

/// Makes `call` until no signal interrupts it, as a sound backend does.
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Wraps a system error of an operation on `path`.
pub(super) fn failure(operation: Operation, path: &StoragePath) -> impl Fn(io::Error) -> Error {
    move |error| Error::from_io(operation, path.as_str(), error)
}

/// A path beside `path`, or elsewhere; one that is too long is refused as the contract asks.
pub(super) fn path_of(operation: Operation, text: String) -> Result<StoragePath> {
    StoragePath::new(text.clone()).map_err(|error| {
        Error::new(crashworthy::ErrorKind::InvalidPath, operation, text, error.to_string())
    })
}

/// Implements these operations by the sound backend; the rest is what the canary breaks.
macro_rules! delegate {
    ($($operation:ident)+) => { $(delegate!(@ $operation);)+ };
    (@ write_file) => {
        fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
            self.site.sound.write_file(path, data)
        }
    };
    (@ read_file) => {
        fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
            self.site.sound.read_file(path)
        }
    };
    (@ list_files) => {
        fn list_files(&self, directory: &StoragePath) -> Result<Vec<String>> {
            self.site.sound.list_files(directory)
        }
    };
    (@ create_directory) => {
        fn create_directory(&self, path: &StoragePath) -> Result<()> {
            self.site.sound.create_directory(path)
        }
    };
    (@ exists) => {
        fn exists(&self, path: &StoragePath) -> Result<bool> {
            self.site.sound.exists(path)
        }
    };
    (@ delete_file) => {
        fn delete_file(&self, path: &StoragePath) -> Result<()> {
            self.site.sound.delete_file(path)
        }
    };
    (@ recover) => {
        fn recover(&self) -> Result<()> {
            self.site.sound.recover()
        }
    };
}
