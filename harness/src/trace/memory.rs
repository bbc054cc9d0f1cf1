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
        let len = (PAGE_BYTES - at as usize % PAGE_BYTES).min(CHUNK_BYTES);
        read(tid, at, &mut chunk[..len])?;
        if let Some(end) = chunk[..len].iter().position(|&byte| byte == 0) {
            bytes.extend_from_slice(&chunk[..end]);
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        bytes.extend_from_slice(&chunk[..len]);
    }
    Err(nix::Error::ENAMETOOLONG)
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
