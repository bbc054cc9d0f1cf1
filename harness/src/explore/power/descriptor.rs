//! What a descriptor of a held caller is open on, and where a write through it goes.

use std::{fs, ops::Range, path::PathBuf};

use nix::libc;

use crate::{
    persist::{InodeId, PAGE_BYTES, Sync},
    trace::{HeldCall, memory},
};

/// A name for what a descriptor of the caller is open on.
pub(super) fn descriptor(call: &HeldCall, fd: u64) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", call.tid, fd as i32))
}

/// An open file as its caller has it.
pub(super) struct Descriptor {
    position: u64,
    pub(super) flags: i32,
}

impl Descriptor {
    /// From `/proc/PID/fdinfo` (proc(5): `flags` in octal).
    pub(super) fn of(call: &HeldCall, fd: u64) -> Option<Self> {
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{}", call.tid, fd as i32)).ok()?;
        let field =
            |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some(Self {
            position: field("pos:")?.parse().ok()?,
            flags: i32::from_str_radix(field("flags:")?, 8).ok()?,
        })
    }

    /// Where a write of `bytes` through it went: known from the position after it, or from the call's arguments.
    pub(super) fn written(&self, call: &HeldCall, bytes: u64) -> Option<Range<u64>> {
        let argument = call.arguments[3];
        let offset = match call.name {
            // pwritev2(2): an offset of -1 stands for the position.
            "pwrite64" | "pwritev" | "pwritev2" if argument != u64::MAX => {
                if self.appends(call) {
                    let file = fs::metadata(descriptor(call, call.arguments[0])).ok()?;
                    file.len().checked_sub(bytes)?
                } else {
                    argument
                }
            }
            // An address, where the kernel has left the offset after the last byte (copy_file_range(2)).
            "copy_file_range" | "splice" if argument != 0 => {
                memory::word(call.tid, argument).ok()?.checked_sub(bytes)?
            }
            _ => self.position.checked_sub(bytes)?,
        };
        Some(offset..offset.checked_add(bytes)?)
    }

    /// Where a write that was not made would have gone; none for calls that copy from another file.
    pub(super) fn intended(&self, call: &HeldCall) -> Option<u64> {
        let argument = call.arguments[3];
        if self.appends(call) {
            return Some(fs::metadata(descriptor(call, call.arguments[0])).ok()?.len());
        }
        match call.name {
            "write" | "writev" => Some(self.position),
            // pwritev2(2): an offset of -1 stands for the position.
            "pwritev" | "pwritev2" if argument == u64::MAX => Some(self.position),
            "pwrite64" | "pwritev" | "pwritev2" => Some(argument),
            _ => None,
        }
    }

    /// Whether Linux ignores the offset of a write through it (pwrite(2), BUGS; pwritev2(2)).
    fn appends(&self, call: &HeldCall) -> bool {
        let asked = asked(call);
        asked & libc::RWF_APPEND != 0
            || (self.flags & libc::O_APPEND != 0 && asked & libc::RWF_NOAPPEND == 0)
    }

    /// Whether a write through it is synced before it returns.
    pub(super) fn is_synchronous(&self, call: &HeldCall) -> bool {
        self.syncs_all(call)
            || self.flags & libc::O_DSYNC != 0
            || asked(call) & libc::RWF_DSYNC != 0
    }

    /// Whether that includes attributes.
    fn syncs_all(&self, call: &HeldCall) -> bool {
        self.flags & libc::O_SYNC == libc::O_SYNC || asked(call) & libc::RWF_SYNC != 0
    }

    /// What a write to this place has synced before it returned.
    pub(super) fn sync(
        &self,
        call: &HeldCall,
        inode: InodeId,
        written: &Range<u64>,
    ) -> Option<Sync> {
        let (first, last) = (written.start / PAGE_BYTES, written.end.checked_sub(1)? / PAGE_BYTES);
        match (self.is_synchronous(call), self.syncs_all(call)) {
            (true, true) => Some(Sync::WriteSync(inode, first, last)),
            (true, false) => Some(Sync::WriteDataSync(inode, first, last)),
            (false, _) => None,
        }
    }
}

/// The flags of this one call.
fn asked(call: &HeldCall) -> i32 {
    if call.name == "pwritev2" { call.arguments[5] as i32 } else { 0 }
}
