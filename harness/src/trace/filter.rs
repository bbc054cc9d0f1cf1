//! The seccomp filter of a traced subject: stop at the calls of the table, let everything else run free.
//!
//! Arguments narrow it where a register tells enough: opens that cannot change anything, private mappings.
//! Writes stop whatever the descriptor's number is: a shell's `> file` and a daemon that has closed its
//! standard streams put files at 0 to 2. Those to the pipe of stdout are also how the tracer learns that
//! an answer is on its way without a second thing to wait for.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::syscall::{CHANGES, LOOKS, OpenFlags, Shape, Syscall};

/// `fcntl` commands that take locks: whole-process, and per open file description.
const LOCK_COMMANDS: [u64; 4] = [
    libc::F_SETLK as u64,
    libc::F_SETLKW as u64,
    libc::F_OFD_SETLK as u64,
    libc::F_OFD_SETLKW as u64,
];
/// What no other process can notice.
const SYNCS: [c_long; 6] = [
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_syncfs,
    libc::SYS_sync_file_range,
    libc::SYS_sync,
    libc::SYS_msync,
];
/// `ioctl` requests that share blocks between files (FICLONE, FICLONERANGE; `linux/fs.h`).
const CLONE_REQUESTS: [u64; 2] = [0x4004_9409, 0x4020_940d];
/// Each of these bits alone makes an open one that may change something.
const CHANGING_OPEN_BITS: [u64; 2] = [libc::O_CREAT as u64, libc::O_TRUNC as u64];
/// `__O_TMPFILE`, the bit of `O_TMPFILE` that is not `O_DIRECTORY`.
const TMPFILE_BIT: u64 = 0o20_000_000;

/// What a tracer has to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interest {
    /// Calls that can change what is stored, or its order.
    Changes,
    /// Calls that can change what another process sees, or notice what it has changed, and those that wait.
    ChangesAndLooks,
    /// The same of processes that take locks, which they may give up by closing a file. Nobody notices anything else
    /// of that, and it is done so often that it is let run free where it can be.
    Everything,
}

impl Interest {
    pub(super) fn includes_looks(self) -> bool {
        self != Self::Changes
    }

    fn includes(self, syscall: &Syscall) -> bool {
        match syscall.shape {
            Shape::Close { .. } => self == Self::Everything,
            _ => !(self.includes_looks() && SYNCS.contains(&syscall.number)),
        }
    }
}

/// Compiles the filter.
///
/// # Errors
/// Only where the tables are not expressible, which a unit test rules out.
pub(crate) fn program(interest: Interest) -> Result<BpfProgram, seccompiler::BackendError> {
    let looks = if interest.includes_looks() { LOOKS } else { &[] };
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> = BTreeMap::new();
    for syscall in CHANGES.iter().chain(looks).filter(|syscall| interest.includes(syscall)) {
        rules.insert(syscall.number, rules_of(syscall.number, syscall.shape, interest)?);
    }
    // Stopping with data 0: the tracer reads number and arguments itself.
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(0), TargetArch::x86_64)?
        .try_into()
}

/// The alternatives under which a call stops; empty for "always".
fn rules_of(
    number: c_long,
    shape: Shape,
    interest: Interest,
) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq, Ne};
    let alternatives: Vec<Vec<(usize, SeccompCmpOp, u64)>> = match shape {
        Shape::Open { .. } if interest.includes_looks() => Vec::new(),
        // Also private mappings: reading through them is a look.
        Shape::Map if interest.includes_looks() => {
            vec![vec![(3, MaskedEq(libc::MAP_ANONYMOUS as u64), 0)]]
        }
        // Where requests come from; looked at often, and by nobody else.
        Shape::Look { fd } if number == libc::SYS_read => vec![vec![(fd, Ne, 0)]],
        // From where the file is now, it tells nothing that is not known.
        Shape::Look { .. } if number == libc::SYS_lseek => {
            vec![vec![(2, Ne, libc::SEEK_SET as u64), (2, Ne, libc::SEEK_CUR as u64)]]
        }
        Shape::Open { flags: OpenFlags::Argument(flags), .. } => CHANGING_OPEN_BITS
            .into_iter()
            .chain([TMPFILE_BIT])
            .map(|bit| vec![(flags, MaskedEq(bit), bit)])
            .collect(),
        Shape::Fd { .. } if number == libc::SYS_fcntl => {
            LOCK_COMMANDS.map(|command| vec![(1, Eq, command)]).to_vec()
        }
        Shape::Fd { .. } if number == libc::SYS_ioctl => {
            CLONE_REQUESTS.map(|request| vec![(1, Eq, request)]).to_vec()
        }
        // MAP_SHARED or MAP_SHARED_VALIDATE, and not anonymous. Also without PROT_WRITE: mprotect can
        // add that later.
        Shape::Map => [libc::MAP_SHARED as u64, libc::MAP_SHARED_VALIDATE as u64]
            .map(|kind| {
                vec![
                    (3, MaskedEq(libc::MAP_TYPE as u64), kind),
                    (3, MaskedEq(libc::MAP_ANONYMOUS as u64), 0),
                ]
            })
            .to_vec(),
        Shape::Dumpable => vec![vec![(0, Eq, libc::PR_SET_DUMPABLE as u64)]],
        _ => Vec::new(),
    };
    alternatives
        .into_iter()
        .map(|conditions| {
            let conditions = conditions
                .into_iter()
                .map(|(argument, operator, value)| {
                    SeccompCondition::new(argument as u8, SeccompCmpArgLen::Dword, operator, value)
                })
                .collect::<Result<_, _>>()?;
            SeccompRule::new(conditions)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Interest, program};

    #[test]
    fn the_filters_compile_and_fit_the_kernel_limit() {
        // BPF_MAXINSNS of the kernel.
        for interest in [Interest::Changes, Interest::ChangesAndLooks, Interest::Everything] {
            assert!((50..4096).contains(&program(interest).expect("compiles").len()));
        }
    }
}
