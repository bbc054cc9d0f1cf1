//! Reading back what a write has stored, before anybody can see it.
//!
//! It catches what goes wrong on the way to the disk: a damaged copy in memory, a cable, a controller. What
//! changes later is for `checksum.rs`.

use std::{
    fs,
    io::{self, Read, Seek},
};

use rustix::fs::{Advice, fadvise};

use super::{FsBackend, refusal::refuse};
use crate::ErrorKind;

/// Compared at a time, in bytes; as much as the kernel reads ahead by default.
const CHUNK_BYTES: usize = 128 << 10;

impl FsBackend {
    /// Fails where `file` does not hold exactly `data`.
    pub(super) fn read_back(&self, file: &mut fs::File, data: &[u8]) -> io::Result<()> {
        if self.options.syncs_files() {
            // Pages that are on the disk need not be kept, so that the disk answers and not they. Only
            // advice: where it is not taken, the cache is compared, as it is without a sync.
            let _ = fadvise(&*file, 0, None, Advice::DontNeed);
        }
        file.rewind()?;
        if holds(file, data)? {
            return Ok(());
        }
        Err(refuse(
            ErrorKind::Corrupt,
            "what was read back is not what was written, so nothing was published; check the memory and \
             the disk of this machine",
        ))
    }
}

/// Whether `stored` is `data` from here to its end.
fn holds(mut stored: impl Read, data: &[u8]) -> io::Result<bool> {
    let mut buffer = vec![0; CHUNK_BYTES.min(data.len())];
    for expected in data.chunks(CHUNK_BYTES) {
        let read = &mut buffer[..expected.len()];
        match stored.read_exact(read) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            other => other?,
        }
        if read != expected {
            return Ok(false);
        }
    }
    // `read_exact` retries interrupted calls, `read` does not.
    match stored.read_exact(&mut [0]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(true),
        other => other.map(|()| false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_to_the_end_are_held() {
        let data: Vec<u8> = (0..CHUNK_BYTES + 100).map(|byte| (byte % 251) as u8).collect();
        assert!(holds(&*data, &data).unwrap());
        assert!(holds(&b""[..], b"").unwrap());
        for at in [0, CHUNK_BYTES - 1, CHUNK_BYTES, data.len() - 1] {
            let mut damaged = data.clone();
            damaged[at] ^= 1;
            assert!(!holds(&*damaged, &data).unwrap(), "byte {at} differs");
        }
        assert!(!holds(&data[..data.len() - 1], &data).unwrap(), "the end is missing");
        assert!(!holds(&data[..CHUNK_BYTES], &data).unwrap(), "a chunk is missing");
        assert!(!holds(&*data, &data[..CHUNK_BYTES]).unwrap(), "it goes on");
        assert!(!holds(&b"x"[..], b"").unwrap(), "an empty value goes on");
    }
}
