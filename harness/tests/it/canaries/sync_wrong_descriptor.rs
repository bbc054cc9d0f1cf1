//! Broken: where the temporary file should be synced, the directory that it is in is.
//!
//! Refutes `power-atomic-write`: there are as many syncs as in a sound write, and none of the content.

use std::io;

use cap_std::fs::File;
use crashworthy::{Result, StorageBackend, StoragePath};

use super::{
    recipe::Recipe,
    site::{RESERVED, Site},
};

recipe! {
    fn sync_file(&self, _: &File) -> io::Result<()> {
        self.site.sync(&self.site.root.open(RESERVED)?)
    }
}
