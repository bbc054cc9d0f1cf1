//! Broken: recovery marks with a file that it is under way, and fails where the mark exists.
//!
//! Refutes `kill-recovery-idempotent`. Only a kill inside recovery itself shows it.

use cap_std::fs::OpenOptions;
use crashworthy::{Error, Operation, Result, StorageBackend, StoragePath};

use super::site::{RESERVED, Site};

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

impl StorageBackend for Canary {
    delegate!(write_file read_file list_files create_directory exists delete_file);

    fn recover(&self) -> Result<()> {
        let fail = |error| Error::from_io(Operation::Recover, "", error);
        let mark = format!("{RESERVED}/recovering");
        self.site.create_reserved();
        let options = OpenOptions::new().write(true).create_new(true).clone();
        self.site.root.open_with(&mark, &options).map_err(fail)?;
        let recovered = self.site.sound.recover();
        self.site.root.remove_file(&mark).map_err(fail)?;
        recovered
    }
}
