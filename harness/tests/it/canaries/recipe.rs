//! The sound way to write a file, a step at a time: parents, temporary file, data, sync, name, sync of the
//! directory. A canary takes one step out, does it wrong, or takes them in another order.
//!
//! A temporary file is named after what it is for. One name for all of them would keep renames in order: updates of
//! one directory entry reach the disk one after the other.

use std::io::{self, Write};

use cap_std::fs::File;
use crashworthy::{Operation, Result, StoragePath};

use super::site::{Site, failure, temp_of, uninterrupted};

/// See the module.
pub(super) trait Recipe {
    fn site(&self) -> &Site;

    fn create_parents(&self, path: &StoragePath) -> Result<()> {
        self.site().create_parents(path)
    }

    /// The temporary file of a write of `path`.
    fn temp(&self, path: &StoragePath) -> String {
        temp_of(path)
    }

    fn create_temp(&self, path: &StoragePath) -> io::Result<File> {
        uninterrupted(|| self.site().root.create(self.temp(path)))
    }

    fn fill(&self, file: &mut File, data: &[u8]) -> io::Result<()> {
        file.write_all(data)
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        self.site().sync(file)
    }

    fn publish(&self, path: &StoragePath) -> io::Result<()> {
        let root = &self.site().root;
        root.rename(self.temp(path), root, path)
    }

    fn sync_directory(&self, path: &StoragePath) -> io::Result<()> {
        self.site().sync_directory_of(path)
    }

    /// Removes what a failed write leaves.
    fn give_up(&self, path: &StoragePath) {
        let _ = self.site().root.remove_file(self.temp(path));
    }

    /// From the open temporary file to the acknowledgement.
    fn finish(&self, mut file: File, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        self.fill(&mut file, data)?;
        self.sync_file(&file)?;
        self.publish(path)?;
        self.sync_directory(path)
    }

    /// [`Self::finish`] where other writers use the same temporary file: one that has been published by another one
    /// is written again, so that nobody fails and the last one's own value stays.
    fn finish_shared(&self, mut file: File, path: &StoragePath, data: &[u8]) -> io::Result<()> {
        loop {
            self.fill(&mut file, data)?;
            match self.publish(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    file = self.create_temp(path)?;
                }
                other => return other,
            }
        }
    }

    fn write_by_recipe(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.create_parents(path)?;
        self.site().create_reserved();
        let fail = failure(Operation::WriteFile, path);
        let written = self
            .create_temp(path)
            .and_then(|file| self.finish(file, path, data).inspect_err(|_| self.give_up(path)));
        written.map_err(fail)
    }
}

/// Makes a canary of a recipe: what it replaces of it, and what it leaves to the sound backend.
macro_rules! recipe {
    ($($step:item)*) => {
        struct Canary {
            site: Site,
        }

        pub(super) fn open(site: Site) -> impl StorageBackend {
            Canary { site }
        }

        impl StorageBackend for Canary {
            delegate!(read_file list_files create_directory exists delete_file recover);

            fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
                self.write_by_recipe(path, data)
            }
        }

        impl Recipe for Canary {
            fn site(&self) -> &Site {
                &self.site
            }

            $($step)*
        }
    };
}
