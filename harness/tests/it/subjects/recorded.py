"""Backends that store in unusual ways: `python3 recorded.py MODE synced|unsynced`.

Each mode is sound when it is synced and loses data in a power loss when it is not; otherwise they make the same
calls. Most write a temporary file in some way and rename it, and leave out the sync of that file; the others write an
ordinary temporary file, give it its name in some way, and leave out the sync of the directory.
"""

import mmap
import os
import sys
import threading
import zlib

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../adapters/python"))
from crashworthy_adapter import serve
from recorded_calls import NEW, checked, libc, maybe_sync, plain, sync_directory, synced, write_all
from recorded_contents import CONTENTS, HOLE, by_fallocate

mode = sys.argv[1]

TABLE_BYTES = 64 << 10
AT_FDCWD = -100
AT_SYMLINK_FOLLOW = 0x400
RENAME_EXCHANGE = 2


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
