"""A file-system backend that does all it can to survive kills, power loss and hostile paths, as a subject.

Contract: one write is a new file in the reserved directory, all bytes, fsync, rename, fsync of the parent;
directories on the way are made durable from the root down before anything in them is acknowledged.

Concurrency: any number of processes may work under one root. Each write has a temporary file of its own, one
rename or unlink is the moment at which an operation takes effect, and nobody waits for anybody.

Confinement: the root is opened once, and every path is walked from it one component at a time with
O_NOFOLLOW. There is no moment between a check and a use, so a link swapped in by another process is
refused as surely as one that was there before. Links are refused for every operation.

Recovery: a writer holds an flock on its temporary file, and the kernel releases it when the writer dies,
however it dies. A file whose lock is free has no writer. Process ids and ages would not say as much.
"""

import errno
import fcntl
import os
import stat

from crashworthy_adapter import StorageError, serve

COMPONENT_BYTES_MAX = 255  # NAME_MAX of Linux file systems
PATH_BYTES_MAX = 4095  # PATH_MAX of Linux less its terminating NUL
# Holds the files being written; directly below the root, where no path that we accept can name it.
RESERVED = b".tmp"
# Each failed attempt needs a recovery by another process within microseconds; so many mean a defect.
TEMPORARY_ATTEMPTS_MAX = 16

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, a pipe that somebody left in the store would hang its reader.
_EXISTING_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileSystemBackend:
    """The six operations and `recover` on the existing directory `root`."""

    def __init__(self, root):
        # The root has to exist: making it would hide a disk that is not mounted or a name mistyped.
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # The directories whose entries this instance has synced. Seeing a directory is not enough: the
        # process that made it may have been killed before its own sync. One string per directory in use.
        self._settled = set()

    def close(self):
        os.close(self._root)

    def write_file(self, path, data):
        *directories, name = split(path)
        parent = self._walk(directories, create=True)
        try:
            _entry(parent, name)  # Refuses a link. Rename would only replace it, but the rule is one for all.
            reserved = self._walk([RESERVED], create=True)
            try:
                _replace(reserved, parent, name, data)
            finally:
                os.close(reserved)
            os.fsync(parent)  # Until then a power loss may take the new name back.
        finally:
            os.close(parent)

    def read_file(self, path):
        *directories, name = split(path)
        parent = self._walk(directories)
        try:
            file = _open(parent, name, _EXISTING_FILE)
        finally:
            os.close(parent)
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise StorageError("Io", f"{path!r} is not a file")
            return _read_all(file, status.st_size)
        finally:
            os.close(file)

    def list_files(self, directory):
        try:
            listed = self._walk(split(directory))
        except FileNotFoundError:
            return []
        try:
            return [text for text in map(_as_text, _files(listed)) if text is not None]
        finally:
            os.close(listed)

    def create_directory(self, path):
        os.close(self._walk(split(path), create=True))

    def exists(self, path):
        *directories, name = split(path)
        try:
            parent = self._walk(directories)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return _entry(parent, name) is not None
        finally:
            os.close(parent)

    def delete_file(self, path):
        *directories, name = split(path)
        try:
            parent = self._walk(directories)
        except (FileNotFoundError, NotADirectoryError):
            return
        try:
            _entry(parent, name)  # Refuses a link.
            _unlink_if_there(parent, name)
            # Also where the file was gone already: the delete that removed it may never have been synced.
            os.fsync(parent)
        finally:
            os.close(parent)

    def recover(self):
        """Removes the temporary files that no living process is writing."""
        try:
            reserved = self._walk([RESERVED])
        except FileNotFoundError:
            return
        try:
            for name in _files(reserved):
                _reclaim(reserved, name)
        finally:
            os.close(reserved)

    def _walk(self, directories, create=False):
        """A descriptor of the directory, for the caller to close. With `create`, what is missing is made,
        and the whole way to the directory survives a power loss."""
        here = os.dup(self._root)
        try:
            for depth, name in enumerate(directories, 1):
                created = False
                try:
                    child = _open(here, name, _DIRECTORY)
                except FileNotFoundError:
                    if not create:
                        raise
                    created = True
                    _make_directory(here, name)
                    child = _open(here, name, _DIRECTORY)
                try:
                    way = b"/".join(directories[:depth])
                    if create and (created or way not in self._settled):
                        os.fsync(here)
                        self._settled.add(way)
                except BaseException:
                    os.close(child)
                    raise
                os.close(here)
                here = child
        except BaseException:
            os.close(here)
            raise
        return here


def _replace(reserved, parent, name, data):
    """Puts `data` under `name` in `parent`, whole or not at all."""
    file, temporary = _new_temporary(reserved)
    try:
        _write_all(file, data)
        os.fsync(file)  # Before the rename: a name must never point at bytes that may be lost.
        os.rename(temporary, name, src_dir_fd=reserved, dst_dir_fd=parent)
    except BaseException:
        _discard(reserved, temporary)
        raise
    finally:
        os.close(file)  # Not earlier: the lock goes with it, and `recover` may take what is not locked.


def _new_temporary(reserved):
    """A new file in `reserved` and its name, locked against `recover` for as long as it is open."""
    for _ in range(TEMPORARY_ATTEMPTS_MAX):
        name = os.urandom(16).hex().encode("ascii")
        file = os.open(name, _NEW_FILE, 0o666, dir_fd=reserved)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A recovery may have come between the creation and the lock, and removed the name.
            if os.fstat(file).st_nlink > 0:
                return file, name
        except BlockingIOError:
            pass  # A recovery holds it at this moment, and is about to remove it.
        except BaseException:
            _discard(reserved, name)
            os.close(file)
            raise
        _discard(reserved, name)
        os.close(file)
    raise StorageError("Conflict", f"recovery took {TEMPORARY_ATTEMPTS_MAX} new temporary files away")


def _reclaim(reserved, name):
    """Removes a temporary file, unless a living process holds its lock."""
    try:
        file = os.open(name, _EXISTING_FILE, dir_fd=reserved)
    except FileNotFoundError:
        return  # Its writer has just renamed it.
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # If its writer renamed it since we opened it, the name is gone, and no new file will have it.
        _unlink_if_there(reserved, name)
    except BlockingIOError:
        pass  # Its writer lives.
    finally:
        os.close(file)


def _make_directory(parent, name):
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        pass  # Another process was faster; opening it tells whether it is a directory.


def _open(parent, name, flags):
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError as error:
        # ENOTDIR is what Linux says of a link where O_DIRECTORY is asked for; _entry tells it from a file.
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            _entry(parent, name)
        raise


def _entry(parent, name):
    """The status of what is at `name`, or None; a symbolic link is refused."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        raise StorageError("InvalidPath", f"{os.fsdecode(name)!r} is a symbolic link")
    return status


def _files(directory):
    """The names of the regular files directly in the directory, as bytes."""
    with os.scandir(directory) as entries:
        return [os.fsencode(entry.name) for entry in entries if entry.is_file(follow_symlinks=False)]


def _as_text(name):
    """The name as text; None where it is not UTF-8: no path could name it, nor did one create it."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _read_all(file, size):
    """The content from here to the end; `size` in bytes is a guess that saves calls."""
    parts = []
    while True:
        part = os.read(file, size + 1)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size = max(size - len(part), 0)


def _write_all(file, data):
    rest = memoryview(data)
    while rest:
        written = os.write(file, rest)
        if written == 0:
            raise OSError(errno.EIO, "the device takes no more bytes and gives no reason")
        rest = rest[written:]


def _unlink_if_there(directory, name):
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass


def _discard(reserved, temporary):
    """Removes a temporary file on the way out of an error, which is the one to tell."""
    try:
        os.unlink(temporary, dir_fd=reserved)
    except OSError:
        pass  # `recover` will find it.


def split(path):
    """The components of `path` in UTF-8, checked by their text alone, the same on every machine."""

    def refuse(reason):
        raise StorageError("InvalidPath", f"the path {path!r} {reason}")

    if path == "":
        refuse("is empty; name a file or directory below the root")
    if "\0" in path:
        refuse("holds a NUL byte, which no file system can store")
    if path.startswith("/"):
        refuse("is absolute; paths are relative to the root")
    try:
        encoded = path.encode("utf-8")  # And not in what the locale says.
    except UnicodeEncodeError:
        refuse("is not Unicode text")
    if len(encoded) > PATH_BYTES_MAX:
        refuse(f"is longer than {PATH_BYTES_MAX} bytes")
    components = encoded.split(b"/")
    for component in components:
        if component == b"..":
            refuse("has a `..` component, which could leave the root")
        if component in (b"", b"."):
            refuse("has an empty or `.` component")
        if len(component) > COMPONENT_BYTES_MAX:
            refuse(f"has a component longer than {COMPONENT_BYTES_MAX} bytes")
    # In any case of letters, for disks that do not tell `.TMP` from `.tmp`.
    if components[0].lower() == RESERVED:
        refuse(f"begins with {RESERVED.decode()}, which the backend reserves")
    return components


if __name__ == "__main__":
    serve(
        name="python-hardened",
        version="1.0.0",
        open=lambda root, options: FileSystemBackend(root),
        capabilities=["recover"],
    )
