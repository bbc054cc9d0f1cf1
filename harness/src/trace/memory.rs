//! Reading and writing a held thread's memory: paths, `open_how`, buffer lists.

use std::io::{IoSlice, IoSliceMut};

use nix::{
    sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev},
    unistd::Pid,
};

use super::ptrace::Tid;

/// `PATH_MAX`, with its terminating NUL.
const PATH_BYTES_MAX: usize = 4096;
/// A read that crosses into an unmapped page fails as a whole, so strings are read up to page ends.
const PAGE_BYTES: usize = 4096;
/// Most paths fit; the rest costs a second read.
const CHUNK_BYTES: usize = 256;
/// `IOV_MAX` of Linux.
const VECTOR_LEN_MAX: u64 = 1024;

/// Reads exactly `buffer.len()` bytes at `address`.
pub(crate) fn read(tid: Tid, address: u64, buffer: &mut [u8]) -> nix::Result<()> {
    let len = buffer.len();
    let remote = [RemoteIoVec { base: address as usize, len }];
    match process_vm_readv(Pid::from_raw(tid), &mut [IoSliceMut::new(buffer)], &remote)? {
        got if got == len => Ok(()),
        _ => Err(nix::Error::EFAULT),
    }
}

/// Writes `bytes` at `address`.
pub(crate) fn write(tid: Tid, address: u64, bytes: &[u8]) -> nix::Result<()> {
    let remote = [RemoteIoVec { base: address as usize, len: bytes.len() }];
    match process_vm_writev(Pid::from_raw(tid), &[IoSlice::new(bytes)], &remote)? {
        put if put == bytes.len() => Ok(()),
        _ => Err(nix::Error::EFAULT),
    }
}

/// Reads the NUL-terminated string at `address`, as lossy UTF-8.
pub(crate) fn string(tid: Tid, address: u64) -> nix::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; CHUNK_BYTES];
    while bytes.len() < PATH_BYTES_MAX {
        let at = address + bytes.len() as u64;
        let len = chunk_len(at);
        read(tid, at, &mut chunk[..len])?;
        if let Some(rest) = until_nul(&chunk[..len]) {
            bytes.extend_from_slice(rest);
            return Ok(lossy(&bytes));
        }
        bytes.extend_from_slice(&chunk[..len]);
    }
    Err(nix::Error::ENAMETOOLONG)
}

/// As [`string`], of two, which mostly takes no more than one.
pub(crate) fn strings(tid: Tid, addresses: [u64; 2]) -> nix::Result<[String; 2]> {
    let mut chunks = [[0; CHUNK_BYTES]; 2];
    let remote = addresses.map(|at| RemoteIoVec { base: at as usize, len: chunk_len(at) });
    let [one, other] = &mut chunks;
    let mut local =
        [IoSliceMut::new(&mut one[..remote[0].len]), IoSliceMut::new(&mut other[..remote[1].len])];
    let all = remote[0].len + remote[1].len;
    let read = process_vm_readv(Pid::from_raw(tid), &mut local, &remote);
    let text = |index: usize| {
        let whole =
            if read == Ok(all) { until_nul(&chunks[index][..remote[index].len]) } else { None };
        whole.map_or_else(|| string(tid, addresses[index]), |bytes| Ok(lossy(bytes)))
    };
    Ok([text(0)?, text(1)?])
}

/// How much can be read at an address at once.
fn chunk_len(address: u64) -> usize {
    (PAGE_BYTES - address as usize % PAGE_BYTES).min(CHUNK_BYTES)
}

fn until_nul(bytes: &[u8]) -> Option<&[u8]> {
    bytes.iter().position(|&byte| byte == 0).map(|end| &bytes[..end])
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads one unsigned 64-bit number.
pub(crate) fn word(tid: Tid, address: u64) -> nix::Result<u64> {
    let mut bytes = [0; 8];
    read(tid, address, &mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Reads `count` entries (address, length) of the `iovec` array at `address`.
pub(crate) fn vector(tid: Tid, address: u64, count: u64) -> nix::Result<Vec<(u64, u64)>> {
    let mut bytes = vec![0; count.min(VECTOR_LEN_MAX) as usize * 16];
    read(tid, address, &mut bytes)?;
    let words: Vec<u64> = bytes
        .chunks_exact(8)
        .map(|word| u64::from_ne_bytes(word.try_into().expect("a chunk of eight bytes")))
        .collect();
    Ok(words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This thread's own memory.
    fn here() -> Tid {
        nix::unistd::gettid().as_raw()
    }

    fn address(bytes: &[u8]) -> u64 {
        bytes.as_ptr() as u64
    }

    #[test]
    fn two_strings_are_those_that_are_read_one_by_one() {
        let long = [&[b'x'; 3 * CHUNK_BYTES][..], b"\0"].concat();
        for (one, other) in
            [(&b"a\0"[..], &b"bb\0"[..]), (&long[..], &b"\0"[..]), (&b"short\0"[..], &long[..])]
        {
            let read = strings(here(), [address(one), address(other)]).expect("it is mapped");
            let expected = [one, other].map(|bytes| lossy(&bytes[..bytes.len() - 1]));
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn one_that_is_no_memory_fails() {
        let good = b"good\0";
        for pair in [[address(good), 1], [1, address(good)]] {
            assert_eq!(strings(here(), pair), Err(nix::Error::EFAULT));
        }
    }
}
