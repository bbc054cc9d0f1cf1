//! What descriptors of traced threads refer to, in the words of `/proc`.
//!
//! Asked several times a call, so the directories that tell it stay open: on the way there are more lookups than in
//! the answer.

use std::{
    collections::{HashMap, hash_map::Entry},
    ffi::OsString,
    os::{fd::OwnedFd, unix::ffi::OsStringExt},
    path::PathBuf,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, Stat, open, readlinkat, stat, statat},
    io::Errno,
};

use super::ptrace::Tid;

/// Directories that are kept open.
const DIRECTORIES_MAX: usize = 64;
/// What the kernel appends to the name of a file that has been removed (proc(5)).
const REMOVED: &[u8] = b" (deleted)";

/// See the module.
#[derive(Default)]
pub(crate) struct Descriptors(HashMap<Tid, OwnedFd>);

impl Descriptors {
    /// A path, or something like `pipe:[123]`; of a file that has lost its name, the name that it had.
    ///
    /// # Errors
    /// Where the thread has no such descriptor, or hides it.
    pub(crate) fn target(&mut self, tid: Tid, fd: u64) -> nix::Result<PathBuf> {
        let name = (fd as i32).to_string();
        let target = match self.read(tid, &name) {
            // A directory is of one thread for ever; its number may have gone to another one.
            Err(Errno::SRCH | Errno::NOENT) if self.0.remove(&tid).is_some() => {
                self.read(tid, &name)
            }
            other => other,
        };
        target.map_err(|errno| nix::Error::from_raw(errno.raw_os_error()))
    }

    fn read(&mut self, tid: Tid, name: &str) -> rustix::io::Result<PathBuf> {
        if self.0.len() >= DIRECTORIES_MAX && !self.0.contains_key(&tid) {
            self.0.clear();
        }
        let directory = match self.0.entry(tid) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                entry.insert(open(format!("/proc/{tid}/fd"), flags, Mode::empty())?)
            }
        };
        let mut target = readlinkat(&*directory, name, Vec::new())?.into_bytes();
        if target.ends_with(REMOVED) {
            // Any file may be called that, so it takes a look at who has the name.
            let file = |stat: Stat| (stat.st_dev, stat.st_ino);
            let opened = statat(&*directory, name, AtFlags::empty())?;
            if stat(&*target).map(file) != Ok(file(opened)) {
                target.truncate(target.len() - REMOVED.len());
            }
        }
        Ok(OsString::from_vec(target).into())
    }
}

/// [`Descriptors::target`], asked once.
pub(crate) fn target_of(tid: Tid, fd: i32) -> nix::Result<PathBuf> {
    Descriptors::default().target(tid, fd as u64)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        os::fd::AsRawFd,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn descriptors_are_those_of_now() {
        let tid = nix::unistd::gettid().as_raw();
        let mut descriptors = Descriptors::default();
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().canonicalize().expect("it exists");
        let file = File::create(path.join("a")).expect("there is room");
        let fd = file.as_raw_fd() as u64;
        assert_eq!(descriptors.target(tid, fd), Ok(path.join("a")));
        std::fs::rename(path.join("a"), path.join("b")).expect("it is there");
        assert_eq!(descriptors.target(tid, fd), Ok(path.join("b")));
        assert_eq!(descriptors.target(tid, u64::from(u32::MAX)), Err(nix::Error::ENOENT));
    }

    #[test]
    fn a_file_that_was_removed_is_told_from_one_that_is_called_so() {
        let tid = nix::unistd::gettid().as_raw();
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().canonicalize().expect("it exists");
        let names = ["a", "a (deleted)", "a (deleted) (deleted)"];
        let files = names.map(|name| File::create(path.join(name)).expect("there is room"));
        let shown =
            || files.each_ref().map(|file| target_of(tid, file.as_raw_fd()).expect("it is open"));
        assert_eq!(shown(), names.map(|name| path.join(name)));
        for name in names {
            std::fs::remove_file(path.join(name)).expect("it is there");
            assert_eq!(shown(), names.map(|name| path.join(name)));
        }
    }

    /// Processes, not threads of this one: that a thread was joined does not say that it has left `/proc`.
    #[test]
    fn those_that_are_gone_have_none() {
        let mut descriptors = Descriptors::default();
        for _ in 0..2 * DIRECTORIES_MAX {
            let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("it is here");
            let tid = child.id() as Tid;
            let target = descriptors.target(tid, 0).expect("it has a standard input");
            assert!(target.to_string_lossy().starts_with("pipe:"), "{target:?}");
            assert!(descriptors.0.len() <= DIRECTORIES_MAX);
            child.wait().expect("it ends with its input");
            assert!(descriptors.target(tid, 0).is_err());
        }
    }
}
