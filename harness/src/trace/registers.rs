//! Changing a call while its thread is held before it: shorten a write, or answer in the kernel's place.
//!
//! The only file that names registers; another architecture starts here (and with the table's numbers).

use nix::{sys::ptrace, unistd::Pid};

use super::{memory, ptrace::Tid, syscall::Shape};

/// Below the stack pointer, x86-64 functions may use this many bytes without moving it (the System V
/// ABI's red zone); scratch data goes further down.
const RED_ZONE_BYTES: u64 = 128;

/// Makes the held call do nothing and return `result` (a negative errno, or a value).
pub(crate) fn answer(tid: Tid, result: i64) -> nix::Result<()> {
    let pid = Pid::from_raw(tid);
    let mut registers = ptrace::getregs(pid)?;
    registers.orig_rax = u64::MAX;
    registers.rax = result as u64;
    ptrace::setregs(pid, registers)
}

/// Takes the bytes of a held `write` out of the thread's memory, and answers the call as if all had been written.
/// `None`, and nothing is done, where it is another call or its buffer is no memory of the thread.
pub(crate) fn take_write(tid: Tid) -> nix::Result<Option<Vec<u8>>> {
    let pid = Pid::from_raw(tid);
    let mut registers = ptrace::getregs(pid)?;
    if registers.orig_rax != libc::SYS_write as u64 {
        return Ok(None);
    }
    let mut bytes = vec![0; registers.rdx as usize];
    if memory::read(tid, registers.rsi, &mut bytes).is_err() {
        return Ok(None);
    }
    registers.orig_rax = u64::MAX;
    registers.rax = registers.rdx;
    ptrace::setregs(pid, registers)?;
    Ok(Some(bytes))
}

/// The registers of a thread as they were before its call was changed.
pub(crate) struct Saved(libc::user_regs_struct);

/// Gives a thread that is held after its call the arguments back that it had before: compilers rely on
/// system calls not to change them.
pub(crate) fn restore(tid: Tid, Saved(before): &Saved) -> nix::Result<()> {
    let pid = Pid::from_raw(tid);
    let mut registers = ptrace::getregs(pid)?;
    registers.rdi = before.rdi;
    registers.rsi = before.rsi;
    registers.rdx = before.rdx;
    registers.r10 = before.r10;
    registers.r8 = before.r8;
    registers.r9 = before.r9;
    ptrace::setregs(pid, registers)
}

/// Has the held call for a lock give up where it would wait, with `EAGAIN` (`EWOULDBLOCK`). The thread needs
/// [`restore`] or [`repeat`] after it.
pub(crate) fn try_lock(tid: Tid) -> nix::Result<Saved> {
    let pid = Pid::from_raw(tid);
    let mut registers = ptrace::getregs(pid)?;
    let saved = Saved(registers);
    match registers.orig_rax as i64 {
        libc::SYS_flock => registers.rsi |= libc::LOCK_NB as u64,
        libc::SYS_fcntl => {
            registers.rsi = match registers.rsi as i32 {
                libc::F_SETLKW => libc::F_SETLK as u64,
                libc::F_OFD_SETLKW => libc::F_OFD_SETLK as u64,
                other => other as u64,
            }
        }
        _ => return Err(nix::Error::EINVAL),
    }
    ptrace::setregs(pid, registers)?;
    Ok(saved)
}

/// Whether the call that these registers make would wait for a lock.
pub(crate) fn waits_for_lock(name: &str, arguments: &[u64; 6]) -> bool {
    let how = arguments[1] as i32;
    match name {
        "flock" => how & (libc::LOCK_NB | libc::LOCK_UN) == 0,
        "fcntl" => matches!(how, libc::F_SETLKW | libc::F_OFD_SETLKW),
        _ => false,
    }
}

/// Length of the `syscall` instruction in bytes.
const SYSCALL_BYTES: u64 = 2;

/// Has a thread that is held after a call make that call again, as it was before.
pub(crate) fn repeat(tid: Tid, Saved(before): &Saved) -> nix::Result<()> {
    let pid = Pid::from_raw(tid);
    let mut registers = *before;
    registers.rip -= SYSCALL_BYTES;
    registers.rax = before.orig_rax;
    // What is no call is not restarted by the kernel.
    registers.orig_rax = u64::MAX;
    ptrace::setregs(pid, registers)
}

/// Cuts the held write down to its first `keep` bytes. A thread that lives on needs [`restore`].
pub(crate) fn shorten_write(tid: Tid, shape: Shape, keep: u64) -> nix::Result<Saved> {
    let pid = Pid::from_raw(tid);
    let mut registers = ptrace::getregs(pid)?;
    let saved = Saved(registers);
    match shape {
        Shape::Write { len, .. } => *argument(&mut registers, len) = keep,
        Shape::WriteVector { vector, count, .. } => {
            let buffers = memory::vector(
                tid,
                *argument(&mut registers, vector),
                *argument(&mut registers, count),
            )?;
            let cut = cut_vector(&buffers, keep);
            let bytes: Vec<u8> = cut
                .iter()
                .flat_map(|(base, len)| [base.to_ne_bytes(), len.to_ne_bytes()])
                .flatten()
                .collect();
            let scratch = (registers.rsp - RED_ZONE_BYTES - bytes.len() as u64) & !15;
            memory::write(tid, scratch, &bytes)?;
            *argument(&mut registers, vector) = scratch;
            *argument(&mut registers, count) = cut.len() as u64;
        }
        _ => return Err(nix::Error::EINVAL),
    }
    ptrace::setregs(pid, registers)?;
    Ok(saved)
}

/// The first `keep` bytes of some buffers (address, length).
fn cut_vector(buffers: &[(u64, u64)], mut keep: u64) -> Vec<(u64, u64)> {
    let mut cut = Vec::new();
    for &(base, len) in buffers {
        let taken = len.min(keep);
        cut.push((base, taken));
        keep -= taken;
        if keep == 0 {
            break;
        }
    }
    cut
}

fn argument(registers: &mut libc::user_regs_struct, position: usize) -> &mut u64 {
    match position {
        0 => &mut registers.rdi,
        1 => &mut registers.rsi,
        2 => &mut registers.rdx,
        3 => &mut registers.r10,
        4 => &mut registers.r8,
        _ => &mut registers.r9,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_vector_is_cut_inside_its_buffers() {
        let buffers = [(1000, 10), (2000, 20)];
        assert_eq!(super::cut_vector(&buffers, 4), [(1000, 4)]);
        assert_eq!(super::cut_vector(&buffers, 15), [(1000, 10), (2000, 5)]);
        assert_eq!(super::cut_vector(&buffers, 30), buffers);
    }
}
