//! From a held call to what it is about: which path below the root, how many bytes.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use super::{
    descriptors::Descriptors,
    filter::Interest,
    memory,
    ptrace::{CallInfo, Tid},
    syscall::{OpenFlags, Shape, Syscall},
};

/// Open flags that can change what is stored.
const CHANGING_OPEN_FLAGS: u64 =
    (libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE) as u64 & !(libc::O_DIRECTORY as u64);

/// What a held call means to its observer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It concerns nothing below the root.
    Elsewhere,
    /// It writes this many bytes to the pipe with this inode number.
    Pipe { inode: u64, bytes: u64 },
    /// It can change what is stored below the root, or looks at it where looks are of interest.
    Change { path: String, to: Option<String>, bytes: Option<u64> },
    /// It maps a file below the root for shared writing, or for sharing at all where looks are of interest.
    SharedMapping,
    /// It changes this file elsewhere, which others may read, now or later.
    Outside { path: PathBuf },
    /// It waits for time to pass.
    Sleep,
    /// It starts input and output that bypasses system calls.
    Bypass,
    /// It would hide the process from the tracer.
    Dumpable,
}

/// Reads the arguments of `call`, made by a held thread, against `root` (absolute, without links). `flags` are those
/// of [`open_flags`].
///
/// # Errors
/// Where the thread's memory or descriptors cannot be read, which means that it is going away.
pub(crate) fn decode(
    files: &mut Descriptors,
    tid: Tid,
    syscall: &Syscall,
    call: &CallInfo,
    flags: Option<u64>,
    root: &Path,
    interest: Interest,
) -> nix::Result<Meaning> {
    let argument = |position: usize| call.arguments[position];
    let by_text = |path: &Path| below(root, path);
    let below = |path: &Path| by_text(path).or_else(|| truly_below(tid, root, path));
    Ok(match syscall.shape {
        Shape::Open { dirfd, path, .. } => {
            let flags = flags.unwrap_or_default();
            if flags & CHANGING_OPEN_FLAGS == 0 && interest == Interest::Changes {
                return Ok(Meaning::Elsewhere);
            }
            let path = resolve(files, tid, dirfd.map(argument), argument(path))?;
            let path = opened_again(files, tid, path)?;
            match below(&path) {
                Some(path) => change(path, None, None),
                None if interest.includes_looks() && is_shared_state(&path, flags) => {
                    Meaning::Outside { path }
                }
                None => Meaning::Elsewhere,
            }
        }
        Shape::Path { dirfd, path } => {
            let path = resolve(files, tid, dirfd.map(argument), argument(path))?;
            match below(&path) {
                Some(path) => change(path, None, None),
                None if keeps_something(syscall.name) => elsewhere(&path, interest),
                None => Meaning::Elsewhere,
            }
        }
        Shape::TwoPaths { from, to } => {
            let places = [from, to].map(|(dirfd, path)| (dirfd.map(argument), argument(path)));
            let paths = resolve_both(files, tid, places)?;
            match (below(&paths[0]), below(&paths[1])) {
                (None, None) => elsewhere(&paths[1], interest),
                // Moved in from, or out to, a place outside: the side below the root is what counts.
                (Some(path), None) | (None, Some(path)) => change(path, None, None),
                (Some(from), Some(to)) => change(from, Some(to), None),
            }
        }
        Shape::Fd { fd } => match open_file(files, tid, argument(fd), root, None)? {
            // A lock is one wherever its file is.
            Meaning::Elsewhere
                if interest.includes_looks() && matches!(syscall.name, "flock" | "fcntl") =>
            {
                let path = files.target(tid, argument(fd))?;
                change(path.to_string_lossy().into_owned(), None, None)
            }
            // It syncs the root, whatever else it is asked through.
            Meaning::Elsewhere
                if syscall.name == "syncfs" && is_beside(tid, argument(fd), root) =>
            {
                change(String::new(), None, None)
            }
            Meaning::Elsewhere if keeps_something(syscall.name) => {
                open_elsewhere(files, tid, argument(fd), interest)?
            }
            other => other,
        },
        Shape::Write { fd, len } => {
            let written = open_file(files, tid, argument(fd), root, Some(argument(len)))?;
            match (written, source(syscall.name)) {
                // It looks at what it copies.
                (Meaning::Elsewhere | Meaning::Pipe { .. }, Some(from))
                    if interest.includes_looks() =>
                {
                    open_file(files, tid, argument(from), root, None)?
                }
                (Meaning::Elsewhere, _) => open_elsewhere(files, tid, argument(fd), interest)?,
                (written, _) => written,
            }
        }
        Shape::WriteVector { fd, vector, count } => {
            let buffers = memory::vector(tid, argument(vector), argument(count))?;
            let bytes = buffers.iter().map(|(_, len)| len).sum();
            match open_file(files, tid, argument(fd), root, Some(bytes))? {
                Meaning::Elsewhere => open_elsewhere(files, tid, argument(fd), interest)?,
                written => written,
            }
        }
        Shape::Global => change(String::new(), None, None),
        Shape::Map => match by_text(&files.target(tid, argument(4))?) {
            None if interest.includes_looks()
                && argument(3) & libc::MAP_TYPE as u64 != libc::MAP_PRIVATE as u64
                && is_writable(tid, argument(4)) =>
            {
                Meaning::SharedMapping
            }
            // Reads through a private mapping are no calls either.
            Some(_) if interest.includes_looks() || is_writable(tid, argument(4)) => {
                Meaning::SharedMapping
            }
            _ => Meaning::Elsewhere,
        },
        Shape::Look { fd } | Shape::Close { fd } => {
            match open_file(files, tid, argument(fd), root, None)? {
                // Pipes are of interest where an answer is written to them.
                Meaning::Pipe { .. } => Meaning::Elsewhere,
                other => other,
            }
        }
        Shape::LookAt { dirfd, path } => {
            let path = look_at(files, tid, dirfd.map(argument), argument(path))?;
            below(&path).map_or(Meaning::Elsewhere, |path| change(path, None, None))
        }
        Shape::Sleep => Meaning::Sleep,
        Shape::Bypass => Meaning::Bypass,
        Shape::Dumpable => Meaning::Dumpable,
    })
}

/// The flags with which a held call opens a file, if it does; `creat` creates and truncates.
///
/// # Errors
/// Where the thread's memory cannot be read.
pub(crate) fn open_flags(tid: Tid, shape: Shape, arguments: &[u64; 6]) -> nix::Result<Option<u64>> {
    let Shape::Open { flags, .. } = shape else { return Ok(None) };
    Ok(Some(match flags {
        OpenFlags::Argument(position) => arguments[position],
        OpenFlags::How(position) => memory::word(tid, arguments[position])?,
        OpenFlags::Creates => (libc::O_CREAT | libc::O_TRUNC) as u64,
    }))
}

fn change(path: String, to: Option<String>, bytes: Option<u64>) -> Meaning {
    Meaning::Change { path, to, bytes }
}

fn open_file(
    files: &mut Descriptors,
    tid: Tid,
    fd: u64,
    root: &Path,
    bytes: Option<u64>,
) -> nix::Result<Meaning> {
    let path = files.target(tid, fd)?;
    if let Some(inode) = pipe_inode(&path) {
        return Ok(Meaning::Pipe { inode, bytes: bytes.unwrap_or(0) });
    }
    Ok(below(root, &path).map_or(Meaning::Elsewhere, |path| change(path, None, bytes)))
}

fn pipe_inode(link: &Path) -> Option<u64> {
    link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse().ok()
}

/// Whether a descriptor was opened for writing (from `/proc/PID/fdinfo`); assumed where that is unknown.
fn is_writable(tid: Tid, fd: u64) -> bool {
    let info = fs::read_to_string(format!("/proc/{tid}/fdinfo/{}", fd as i32));
    let flags = info.ok().and_then(|info| {
        let line = info.lines().find_map(|line| line.strip_prefix("flags:"))?.trim().to_owned();
        i32::from_str_radix(&line, 8).ok()
    });
    flags.is_none_or(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
}

/// The absolute path of a string argument, relative to `dirfd` or the working directory.
fn resolve(
    files: &mut Descriptors,
    tid: Tid,
    dirfd: Option<u64>,
    address: u64,
) -> nix::Result<PathBuf> {
    let path = PathBuf::from(memory::string(tid, address)?);
    if path.is_absolute() { Ok(path) } else { Ok(base(files, tid, dirfd)?.join(path)) }
}

/// As [`resolve`], of two that are mostly relative to the same directory.
fn resolve_both(
    files: &mut Descriptors,
    tid: Tid,
    places: [(Option<u64>, u64); 2],
) -> nix::Result<[PathBuf; 2]> {
    let [(from, path), (to, other)] = places;
    if from != to {
        return Ok([resolve(files, tid, from, path)?, resolve(files, tid, to, other)?]);
    }
    let paths = memory::strings(tid, [path, other])?.map(PathBuf::from);
    if paths.iter().all(|path| path.is_absolute()) {
        return Ok(paths);
    }
    let base = base(files, tid, from)?;
    Ok(paths.map(|path| base.join(path)))
}

/// What relative paths are relative to.
fn base(files: &mut Descriptors, tid: Tid, dirfd: Option<u64>) -> nix::Result<PathBuf> {
    match dirfd.map(|fd| fd as i32) {
        Some(fd) if fd != libc::AT_FDCWD => files.target(tid, fd as u64),
        _ => fs::read_link(format!("/proc/{tid}/cwd")).map_err(errno),
    }
}

/// As [`resolve`]; no path, or an empty one, is the open file `dirfd` itself.
fn look_at(
    files: &mut Descriptors,
    tid: Tid,
    dirfd: Option<u64>,
    address: u64,
) -> nix::Result<PathBuf> {
    match dirfd {
        Some(fd) if address == 0 || memory::string(tid, address)?.is_empty() => {
            files.target(tid, fd)
        }
        _ => resolve(files, tid, dirfd, address),
    }
}

/// Which argument is the descriptor that a call copies from.
fn source(name: &str) -> Option<usize> {
    match name {
        "sendfile" => Some(1),
        "copy_file_range" | "splice" => Some(0),
        _ => None,
    }
}

/// Whether an open outside the root may change something that another process reads.
fn is_shared_state(path: &Path, flags: u64) -> bool {
    opens_to_change(flags) && is_stored(path)
}

/// Whether what is written at an absolute path is kept by a file system.
fn is_stored(path: &Path) -> bool {
    let is_device = path.starts_with("/dev") && !path.starts_with("/dev/shm");
    !is_device && !path.starts_with("/proc")
}

/// Whether a call on one path, or on an open file, leaves something behind that is read later.
fn keeps_something(call: &str) -> bool {
    matches!(
        call,
        "truncate"
            | "ftruncate"
            | "fallocate"
            | "symlink"
            | "symlinkat"
            | "setxattr"
            | "lsetxattr"
            | "fsetxattr"
    )
}

/// What a change outside the root is to those who lose power: it outlives the process, and no crash state has it. Not
/// so what Python keeps of its programs. Schedules ask for opens instead.
fn elsewhere(path: &Path, interest: Interest) -> Meaning {
    let is_program = path.components().any(|part| part.as_os_str() == "__pycache__");
    let is_kept = path.is_absolute() && is_stored(path) && !is_program;
    if is_kept && !interest.includes_looks() {
        Meaning::Outside { path: path.to_owned() }
    } else {
        Meaning::Elsewhere
    }
}

/// As [`elsewhere`], of an open file. One without a name ends with the process.
fn open_elsewhere(
    files: &mut Descriptors,
    tid: Tid,
    fd: u64,
    interest: Interest,
) -> nix::Result<Meaning> {
    let path = files.target(tid, fd)?;
    Ok(if path.exists() { elsewhere(&path, interest) } else { Meaning::Elsewhere })
}

/// Whether who opens with these flags may change what it opens, now or later.
pub(crate) fn opens_to_change(flags: u64) -> bool {
    let changes = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC) as u64;
    flags & changes != 0
}

/// Where threads find their own open files.
const OWN_FILES: [&str; 3] = ["/proc/self/fd", "/proc/thread-self/fd", "/dev/fd"];

/// What a thread names by the number of its descriptor (`/proc/self/fd/5`), or else `path` itself.
fn opened_again(files: &mut Descriptors, tid: Tid, path: PathBuf) -> nix::Result<PathBuf> {
    let number =
        OWN_FILES.iter().find_map(|own| path.strip_prefix(own).ok()?.to_str()?.parse().ok());
    number.map_or(Ok(path), |fd| files.target(tid, fd))
}

/// `path` relative to `root` where its text does not say so: through links elsewhere, through a directory that is named
/// by its descriptor, or by a thread with a root directory of its own.
fn truly_below(tid: Tid, root: &Path, path: &Path) -> Option<String> {
    let (parent, name) = (path.parent()?, path.file_name()?);
    let own = OWN_FILES.iter().find_map(|own| parent.strip_prefix(own).ok());
    let thread = Path::new("/proc").join(tid.to_string());
    let parent = if let Some(rest) = own {
        // The thread's, not the tracer's.
        thread.join("fd").join(rest)
    } else {
        thread.join("root").join(parent.strip_prefix("/").ok()?)
    };
    below(root, &fs::canonicalize(parent).ok()?.join(name))
}

/// Whether an open file is on the file system that the root is on.
fn is_beside(tid: Tid, fd: u64, root: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).ok().map(|file| file.dev());
    let file = Path::new("/proc").join(tid.to_string()).join("fd").join((fd as i32).to_string());
    device(root).is_some_and(|of_root| device(&file) == Some(of_root))
}

/// `path` relative to `root`, by its text alone; `None` where it lies elsewhere. Empty for the root itself.
fn below(root: &Path, path: &Path) -> Option<String> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    Some(plain.strip_prefix(root).ok()?.to_string_lossy().into_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn errno(error: std::io::Error) -> nix::Error {
    error.raw_os_error().map_or(nix::Error::EIO, nix::Error::from_raw)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{below, pipe_inode};

    #[test]
    fn paths_are_taken_relative_to_the_root() {
        let root = Path::new("/r/root");
        assert_eq!(below(root, Path::new("/r/root/a/b")).as_deref(), Some("a/b"));
        assert_eq!(below(root, Path::new("/r/root/./a/../b")).as_deref(), Some("b"));
        assert_eq!(below(root, Path::new("/r/root")).as_deref(), Some(""));
        assert_eq!(below(root, Path::new("/r/root/../outside/x")), None);
        assert_eq!(below(root, Path::new("/r/root2/a")), None);
        let odd = "a.tmp (deleted)";
        assert_eq!(below(root, &root.join(odd)).as_deref(), Some(odd), "a name like any other");
    }

    #[test]
    fn pipes_are_known_by_their_inode() {
        assert_eq!(pipe_inode(Path::new("pipe:[4711]")), Some(4711));
        assert_eq!(pipe_inode(Path::new("socket:[4711]")), None);
    }
}
