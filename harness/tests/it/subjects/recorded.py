"""Backends that store in unusual ways: `python3 recorded.py MODE synced|unsynced`.

Each mode is sound when it is synced and loses data in a power loss when it is not; otherwise they make the same
calls. Most write a temporary file in some way and rename it, and leave out the sync of that file; the others write an
ordinary temporary file, give it its name in some way, and leave out the sync of the directory.
"""

import ctypes
import fcntl
import mmap
import os
import sys
import threading
import zlib

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../adapters/python"))
from crashworthy_adapter import serve

mode = sys.argv[1]
synced = sys.argv[2] == "synced"
libc = ctypes.CDLL(None, use_errno=True)

HOLE = 4096
TABLE_BYTES = 64 << 10
AT_FDCWD = -100
AT_SYMLINK_FOLLOW = 0x400
RENAME_EXCHANGE = 2
FALLOC_FL_KEEP_SIZE = 1
FALLOC_FL_PUNCH_HOLE = 2
SYNC_FILE_RANGE_ALL = 7
NEW = os.O_RDWR | os.O_CREAT | os.O_TRUNC


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def write_all(file, data):
    while data:
        data = data[os.write(file, data) :]


def maybe_sync(file):
    if synced:
        os.fsync(file)


def sync_directory(path):
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def halves(data):
    middle = len(data) // 2
    return data[:middle], data[middle:]


# Ways to write a file: given where, and what. The caller renames it and syncs the directory.


def by_pwrite(path, data):
    file = os.open(path, NEW)
    first, second = halves(data)
    os.pwrite(file, second, len(first))
    os.pwrite(file, first, 0)
    maybe_sync(file)
    os.close(file)


def by_pwritev(path, data):
    file = os.open(path, NEW)
    first, second = halves(data)
    os.pwritev(file, halves(second), len(first))
    os.pwritev(file, halves(first), 0)
    maybe_sync(file)
    os.close(file)


def by_write_that_syncs(path, data):
    file = os.open(path, NEW)
    first, second = halves(data)
    os.pwritev(file, [second], len(first), os.RWF_DSYNC)
    os.pwritev(file, [first], 0, os.RWF_DSYNC if synced else 0)
    os.close(file)


def by_write_at_the_position(path, data):
    """An offset of -1 is the position of the file."""
    file = os.open(path, NEW)
    for half in halves(data):
        os.pwritev(file, [half], -1, os.RWF_DSYNC if synced else os.RWF_HIPRI)
    os.close(file)


def by_write_that_appends(path, data):
    """Linux appends whatever the offset says."""
    file = os.open(path, NEW)
    first, second = halves(data)
    os.write(file, first)
    os.fdatasync(file)
    os.pwritev(file, [second], 0, os.RWF_APPEND | (os.RWF_DSYNC if synced else 0))
    os.close(file)


def by_append(path, data):
    """With O_APPEND, Linux ignores the offset of pwrite too."""
    file = os.open(path, NEW | os.O_APPEND)
    for half in halves(data):
        os.pwrite(file, half, 0)
    maybe_sync(file)
    os.close(file)


def by_append_that_syncs(path, data):
    file = os.open(path, NEW | os.O_APPEND | (os.O_DSYNC if synced else 0))
    for half in halves(data):
        os.pwrite(file, half, 0)
    os.close(file)


def by_o_sync(path, data):
    file = os.open(path, NEW | (os.O_SYNC if synced else 0))
    for half in halves(data):
        os.write(file, half)
    os.close(file)


def by_o_dsync(path, data):
    """One descriptor syncs what it writes, and nothing else."""
    plain = os.open(path, NEW)
    syncing = os.open(path, os.O_WRONLY | os.O_DSYNC)
    first, second = halves(data)
    os.pwrite(syncing, first, 0)
    os.pwrite(syncing if synced else plain, second, len(first))
    os.close(plain)
    os.close(syncing)


def by_fdatasync(path, data):
    file = os.open(path, NEW)
    write_all(file, data)
    if synced:
        os.fdatasync(file)
    os.close(file)


def by_sync(path, data):
    file = os.open(path, NEW)
    write_all(file, data)
    os.close(file)
    if synced:
        os.sync()


def by_syncfs(path, data):
    file = os.open(path, NEW)
    write_all(file, data)
    if synced:
        checked(libc.syncfs(file))
    os.close(file)


def by_sync_file_range(path, data):
    """Which alone makes nothing durable."""
    file = os.open(path, NEW)
    write_all(file, data)
    checked(libc.sync_file_range(file, ctypes.c_long(0), ctypes.c_long(0), SYNC_FILE_RANGE_ALL))
    maybe_sync(file)
    os.close(file)


def by_another_descriptor(path, data):
    """What syncs is not what has written: another descriptor, for reading, opened after a close."""
    file = os.open(path, NEW)
    write_all(file, data)
    os.close(file)
    file = os.open(path, os.O_RDONLY)
    maybe_sync(file)
    os.close(file)


def by_duplicates(path, data):
    file = os.open(path, NEW)
    number = os.dup2(os.dup(file), 77)
    os.close(file)
    file = os.open(os.devnull, os.O_WRONLY)
    write_all(number, data)
    maybe_sync(number)
    os.close(number)
    os.close(file)


def source_of(path, data):
    source = os.open(path + "-source", NEW)
    write_all(source, data)
    return source


def by_copy_file_range(path, data):
    source, file = source_of(path, data), os.open(path, NEW)
    first, second = halves(data)
    os.copy_file_range(source, file, len(second), len(first), len(first))
    os.copy_file_range(source, file, len(first), 0, 0)
    maybe_sync(file)
    os.close(file)
    os.close(source)
    os.unlink(path + "-source")


def by_copy_that_syncs(path, data):
    source, file = source_of(path, data), os.open(path, NEW | (os.O_SYNC if synced else 0))
    first, second = halves(data)
    os.copy_file_range(source, file, len(first), 0)
    os.copy_file_range(source, file, len(second), len(first), len(first))
    os.close(file)
    os.close(source)
    os.unlink(path + "-source")


def by_sendfile(path, data):
    source, file = source_of(path, data), os.open(path, NEW)
    first, second = halves(data)
    os.sendfile(file, source, 0, len(first))
    os.sendfile(file, source, len(first), len(second))
    maybe_sync(file)
    os.close(file)
    os.close(source)
    os.unlink(path + "-source")


def by_sendfile_that_syncs(path, data):
    source, file = source_of(path, data), os.open(path, NEW | (os.O_DSYNC if synced else 0))
    os.sendfile(file, source, 0, len(data))
    os.close(file)
    os.close(source)
    os.unlink(path + "-source")


def by_splice(path, data):
    reader, writer = os.pipe()
    file = os.open(path, NEW)
    os.write(writer, data)
    done = 0
    while done < len(data):
        done += os.splice(reader, file, len(data) - done, offset_dst=done)
    maybe_sync(file)
    for number in (reader, writer, file):
        os.close(number)


def by_fallocate(path, data):
    """The length is there first, and synced, and zeros in it; then the data."""
    file = os.open(path, NEW)
    os.posix_fallocate(file, 0, len(data))
    os.fsync(file)
    write_all(file, data)
    maybe_sync(file)
    os.close(file)


def by_punching_a_hole(path, data):
    """What is read begins with zeros, or it is not what was written."""
    file = os.open(path, NEW)
    write_all(file, b"x" * HOLE + data)
    os.fsync(file)
    flags = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
    checked(libc.fallocate(file, flags, ctypes.c_long(0), ctypes.c_long(HOLE)))
    maybe_sync(file)
    os.close(file)


def by_ftruncate(path, data):
    """First too long, and synced; then cut."""
    file = os.open(path, NEW)
    write_all(file, data + b"too much")
    os.fsync(file)
    os.ftruncate(file, len(data))
    maybe_sync(file)
    os.close(file)


def by_truncate(path, data):
    file = os.open(path, NEW)
    write_all(file, data + b"too much")
    os.fsync(file)
    os.truncate(path, len(data))
    maybe_sync(file)
    os.close(file)


def by_mapping(path, data):
    file = os.open(path, NEW)
    os.ftruncate(file, len(data))
    with mmap.mmap(file, len(data), mmap.MAP_SHARED) as memory:
        memory[:] = data
        if synced:
            memory.flush()
    maybe_sync(file)
    os.close(file)


def by_child(path, data):
    child = os.fork()
    if child == 0:
        by_pwrite(path, data)
        os._exit(0)
    os.waitpid(child, 0)


def by_child_with_our_descriptor(path, data):
    """The child writes; the parent syncs."""
    file = os.open(path, NEW)
    child = os.fork()
    if child == 0:
        write_all(file, data)
        os._exit(0)
    os.waitpid(child, 0)
    maybe_sync(file)
    os.close(file)


def by_threads(path, data):
    file = os.open(path, NEW)
    quarters = [quarter for half in halves(data) for quarter in halves(half)]
    offset, threads = 0, []
    for quarter in quarters:
        threads.append(threading.Thread(target=os.pwrite, args=(file, quarter, offset)))
        offset += len(quarter)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    maybe_sync(file)
    os.close(file)


def under_locks(path, data):
    """Threads that wait for each other."""
    file, lock = os.open(path, NEW), path + "-lock"
    first, second = halves(data)

    def write(part, offset):
        own = os.open(lock, os.O_RDWR | os.O_CREAT)
        fcntl.flock(own, fcntl.LOCK_EX)
        os.pwrite(file, part, offset)
        maybe_sync(file)
        os.close(own)

    parts = [(first, 0), (second, len(first))]
    threads = [threading.Thread(target=write, args=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(file)
    os.unlink(lock)


def by_a_program(path, data):
    """Which copies, and another one that syncs."""
    os.close(source_of(path, data))
    script = 'cp "$0-source" "$0" && rm "$0-source" && if [ "$1" ]; then sync "$0"; fi'
    arguments = ["sh", "-c", script, path, "yes" if synced else ""]
    _, status = os.waitpid(os.posix_spawn("/bin/sh", arguments, os.environ), 0)
    checked(-status)


def renamed_while_open(path, data):
    file = os.open(path + "-first", NEW)
    first, second = halves(data)
    os.write(file, first)
    os.rename(path + "-first", path)
    os.write(file, second)
    maybe_sync(file)
    os.close(file)


def relative(path, data):
    """Nothing is called by its whole path."""
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    name = os.path.basename(path)
    file = os.open("./../" + os.path.basename(os.path.dirname(path)) + "/" + name, NEW, dir_fd=directory)
    write_all(file, data)
    maybe_sync(file)
    os.close(file)
    os.rename(name, name + "-moved", src_dir_fd=directory, dst_dir_fd=directory)
    os.rename(name + "-moved", name, src_dir_fd=directory, dst_dir_fd=directory)
    os.close(directory)


# Ways to give a synced file its name: given where it is, and where it is to be. They sync the directory or not.


def maybe_sync_directory(path):
    if synced:
        sync_directory(path)


def by_rename(new, path):
    os.rename(new, path)
    maybe_sync_directory(path)


def by_link(new, path):
    os.link(new, path + "-spare")
    os.unlink(new)
    os.rename(path + "-spare", path)
    maybe_sync_directory(path)


def by_exchange(new, path):
    if not os.path.exists(path):
        return by_rename(new, path)
    checked(libc.renameat2(AT_FDCWD, new.encode(), AT_FDCWD, path.encode(), RENAME_EXCHANGE))
    os.unlink(new)
    maybe_sync_directory(path)


def by_symlink(new, path):
    kept = path + "-at-" + str(os.stat(new).st_size)
    os.rename(new, kept)
    sync_directory(kept)
    os.symlink(os.path.basename(kept), path + "-link")
    os.rename(path + "-link", path)
    maybe_sync_directory(path)


def with_two_names(new, path):
    """The file of before the workload has two names as well."""
    if os.path.exists(path + "-kept"):
        os.unlink(path + "-kept")
    os.link(new, path + "-kept")
    os.rename(new, path)
    maybe_sync_directory(path)


def through_a_link(new, path):
    link = os.path.join(backend.root, "link")
    if not os.path.islink(link):
        os.symlink(".", link)
    os.rename(os.path.join(link, os.path.basename(new)), path)
    maybe_sync_directory(path)


def from_outside(new, path):
    outside = os.path.join(os.path.dirname(backend.root), "outside-of-the-root")
    os.rename(new, outside)
    os.rename(outside, path)
    maybe_sync_directory(path)


def name_it(file, path):
    # os.link does not follow links on Linux, whatever it is told.
    source = f"/proc/self/fd/{file}".encode()
    checked(libc.linkat(AT_FDCWD, source, AT_FDCWD, path.encode(), AT_SYMLINK_FOLLOW))


def by_tmpfile(path, data):
    """A file that has no name until it is complete."""
    file = os.open(os.path.dirname(path), os.O_WRONLY | os.O_TMPFILE)
    write_all(file, data)
    os.fsync(file)
    name_it(file, path + "-new")
    os.close(file)
    by_rename(path + "-new", path)


def by_unsynced_tmpfile(path, data):
    """As above, but it is the content that may not be synced."""
    file = os.open(os.path.dirname(path), os.O_WRONLY | os.O_TMPFILE)
    write_all(file, data)
    maybe_sync(file)
    name_it(file, path + "-new")
    os.close(file)
    os.rename(path + "-new", path)
    sync_directory(path)


# Ways to do it all.


def in_a_directory(path, data):
    """What is published is a directory, whose entries may not be synced."""
    new = path + "-new"
    os.mkdir(new)
    file = os.open(os.path.join(new, "value"), NEW)
    write_all(file, data)
    os.fsync(file)
    os.close(file)
    maybe_sync_directory(os.path.join(new, "value"))
    if os.path.exists(path):
        checked(libc.renameat2(AT_FDCWD, new.encode(), AT_FDCWD, path.encode(), RENAME_EXCHANGE))
        # Or what is emptied next may be the directory that is still the published one.
        sync_directory(path)
        os.unlink(os.path.join(new, "value"))
        os.rmdir(new)
    else:
        os.rename(new, path)
    sync_directory(path)


def from_a_directory(path):
    return plain(os.path.join(path, "value"))


def acknowledge_early(path, data):
    """Unsynced, the sync comes when the answer is out."""
    new = path + "-new"
    by_fallocate(new, data)
    os.rename(new, path)
    if synced:
        sync_directory(path)
    else:
        threading.Timer(0.05, sync_directory, [path]).start()


def to_log(path, data):
    """One log, opened once for all."""
    name = os.path.basename(path).encode()
    record = len(name).to_bytes(4, "big") + len(data).to_bytes(4, "big") + name + data
    if backend.log is None:
        backend.log = os.open(backend.at("log"), os.O_RDWR | os.O_CREAT | os.O_APPEND)
        sync_directory(backend.at("log"))
    write_all(backend.log, record + zlib.crc32(record).to_bytes(4, "big"))
    maybe_sync(backend.log)


def from_log(path):
    with open(backend.at("log"), "rb") as file:
        log = file.read()
    found = None
    while len(log) >= 8:
        name_len, data_len = int.from_bytes(log[:4], "big"), int.from_bytes(log[4:8], "big")
        end = 8 + name_len + data_len
        if zlib.crc32(log[:end]) != int.from_bytes(log[end : end + 4], "big"):
            break
        if log[8 : 8 + name_len] == os.path.basename(path).encode():
            found = log[8 + name_len : end]
        log = log[end + 4 :]
    if found is None:
        raise FileNotFoundError(2, "not in the log")
    return found


def to_kept_mapping(path, data):
    """A mapping from before the workload, through which nobody sees stores."""
    table = backend.at("table")
    if backend.mapping is None:
        file = os.open(table, os.O_RDWR | os.O_CREAT)
        os.ftruncate(file, TABLE_BYTES)
        backend.mapping = mmap.mmap(file, TABLE_BYTES, mmap.MAP_SHARED)
        os.close(file)
    start = TABLE_BYTES // 2 if path.endswith("b.bin") else 0
    backend.mapping[start : start + 4 + len(data)] = len(data).to_bytes(4, "big") + data
    if synced:
        backend.mapping.flush()


def from_table(path):
    with open(backend.at("table"), "rb") as file:
        table = file.read()
    start = TABLE_BYTES // 2 if path.endswith("b.bin") else 0
    length = int.from_bytes(table[start : start + 4], "big")
    if length == 0:
        raise FileNotFoundError(2, "not in the table")
    return table[start + 4 : start + 4 + length]


def plain(path):
    with open(path, "rb") as file:
        return file.read()


def after_the_hole(path):
    content = plain(path)
    return content[HOLE:] if content[:HOLE] == bytes(HOLE) else content


def through_a_mapping(path):
    """A shared mapping for reading stores nothing."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return b""
        with mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ) as memory:
            return bytes(memory)


CONTENTS = {
    "pwrite": by_pwrite,
    "pwritev": by_pwritev,
    "write-that-syncs": by_write_that_syncs,
    "write-at-the-position": by_write_at_the_position,
    "write-that-appends": by_write_that_appends,
    "append": by_append,
    "append-that-syncs": by_append_that_syncs,
    "o-sync": by_o_sync,
    "o-dsync": by_o_dsync,
    "fdatasync": by_fdatasync,
    "sync": by_sync,
    "syncfs": by_syncfs,
    "sync-file-range": by_sync_file_range,
    "another-descriptor": by_another_descriptor,
    "duplicates": by_duplicates,
    "copy-file-range": by_copy_file_range,
    "copy-that-syncs": by_copy_that_syncs,
    "sendfile": by_sendfile,
    "sendfile-that-syncs": by_sendfile_that_syncs,
    "splice": by_splice,
    "fallocate": by_fallocate,
    "hole": by_punching_a_hole,
    "ftruncate": by_ftruncate,
    "truncate": by_truncate,
    "mapping": by_mapping,
    "read-mapping": by_pwrite,
    "child": by_child,
    "child-with-our-descriptor": by_child_with_our_descriptor,
    "threads": by_threads,
    "locks": under_locks,
    "program": by_a_program,
    "renamed-while-open": renamed_while_open,
    "relative": relative,
}
NAMES = {
    "rename": by_rename,
    "link": by_link,
    "exchange": by_exchange,
    "symlink": by_symlink,
    "two-names": with_two_names,
    "through-a-link": through_a_link,
    "outside": from_outside,
}
WHOLE = {
    "tmpfile": by_tmpfile,
    "unsynced-tmpfile": by_unsynced_tmpfile,
    "directory": in_a_directory,
    "early": acknowledge_early,
    "log": to_log,
    "kept-mapping": to_kept_mapping,
}
READS = {
    "directory": from_a_directory,
    "hole": after_the_hole,
    "read-mapping": through_a_mapping,
    "log": from_log,
    "kept-mapping": from_table,
}


class Backend:
    def __init__(self, root):
        self.root = root
        self.log = None
        self.mapping = None

    def at(self, path):
        return os.path.join(self.root, path)

    def write_file(self, path, data):
        path = self.at(path)
        new = path + "-new"
        if mode in WHOLE:
            WHOLE[mode](path, data)
        elif mode in CONTENTS:
            CONTENTS[mode](new, data)
            os.rename(new, path)
            sync_directory(path)
        else:
            file = os.open(new, NEW)
            write_all(file, data)
            os.fsync(file)
            os.close(file)
            NAMES[mode](new, path)

    def read_file(self, path):
        return READS.get(mode, plain)(self.at(path))

    def list_files(self, directory):
        return []

    def create_directory(self, path):
        os.makedirs(self.at(path), exist_ok=True)

    def exists(self, path):
        try:
            self.read_file(path)
        except FileNotFoundError:
            return False
        return True

    def delete_file(self, path):
        os.unlink(self.at(path))


def open_backend(root, options):
    global backend
    backend = Backend(root)
    return backend


serve(mode, "1", open_backend)
