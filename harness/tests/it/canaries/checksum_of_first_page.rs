//! Broken: the checksum that is stored with a value covers its first page only.
//!
//! Refutes `bitrot-detected`: damage behind it is read as if it were the value.

use crashworthy::{Error, ErrorKind, Operation, Result, StorageBackend, StoragePath};

use super::site::Site;

/// As much as one read call of a careless program gets.
const COVERED_BYTES: usize = 4096;

struct Canary {
    site: Site,
}

pub(super) fn open(site: Site) -> impl StorageBackend {
    Canary { site }
}

/// Of the first page, and of the length, so that a lost end is noticed.
fn checksum(data: &[u8]) -> [u8; blake3::OUT_LEN] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&data.len().to_le_bytes());
    hasher.update(&data[..data.len().min(COVERED_BYTES)]);
    hasher.finalize().into()
}

impl StorageBackend for Canary {
    delegate!(list_files create_directory exists delete_file recover);

    fn write_file(&self, path: &StoragePath, data: &[u8]) -> Result<()> {
        self.site.sound.write_file(path, &[&checksum(data)[..], data].concat())
    }

    fn read_file(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let stored = self.site.sound.read_file(path)?;
        match stored.split_first_chunk() {
            Some((sum, data)) if *sum == checksum(data) => Ok(data.to_vec()),
            _ => Err(Error::new(ErrorKind::Corrupt, Operation::ReadFile, path.as_str(), "damaged")),
        }
    }
}
