//! Tracing: every file-system event that a subject causes under its root, as the kernel saw it.
//!
//! ptrace with a seccomp filter: the subject runs free but for the calls that can change what is
//! stored. This folder knows nothing of guarantees. x86-64 Linux only; `registers.rs` and the numbers
//! in `syscall.rs` are what another architecture needs.

mod decode;
mod descriptors;
mod event;
mod filter;
mod held;
pub(crate) mod memory;
pub mod pin;
mod ptrace;
mod registers;
pub(crate) mod spawn;
mod syscall;
mod tracer;

pub(crate) use descriptors::target_of;
pub(crate) use event::failure;
pub use event::{CallName, Circumstance, Event, Trace};
pub(crate) use filter::Interest;
pub(crate) use held::HeldCall;
pub(crate) use ptrace::Tid;
pub(crate) use registers::Saved;
pub(crate) use tracer::{Ending, News, Tracer, inode_of};

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("crashworthy traces system calls on x86-64 Linux only");
