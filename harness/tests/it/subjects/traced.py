"""Backends whose writes come from unusual places: `python3 traced.py MODE`.

Each mode writes in place, so that `kill-atomic-write` is refuted exactly where the tracer sees the calls; the
mode `spawn` renames instead, by a program of its own.
"""

import ctypes
import errno
import mmap
import os
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../adapters/python"))
from crashworthy_adapter import StorageError, serve

mode = sys.argv[1]
SYS_IO_URING_SETUP = 425
SYS_SETXATTRAT = 463
libc = ctypes.CDLL(None, use_errno=True)


def write_in_place(path, data):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(file, data)
    os.close(file)


def write_and_rename(path, data):
    write_in_place(path + "-new", data)
    os.rename(path + "-new", path)


def in_a_thread(path, data):
    thread = threading.Thread(target=write_in_place, args=(path, data))
    thread.start()
    thread.join()


def in_a_child(path, data):
    child = os.fork()
    if child == 0:
        write_in_place(path, data)
        os._exit(0)
    os.waitpid(child, 0)


def by_a_program(path, data):
    write_in_place(path + "-new", data)
    script = 'mv "$0" "$1"'
    child = os.posix_spawn("/bin/sh", ["sh", "-c", script, path + "-new", path], os.environ)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OSError(errno.EIO, "mv failed")


def through_a_mapping(path, data):
    new = path + "-new"
    file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    os.ftruncate(file, len(data))
    with mmap.mmap(file, len(data), mmap.MAP_SHARED) as memory:
        memory[:] = data
    os.close(file)
    os.rename(new, path)


def through_descriptors(path, data):
    write_in_place(path + "-new", data)
    folder, name = os.path.split(path)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    beside = f"/proc/self/fd/{opened}"
    if os.path.exists(path):
        os.unlink(f"{beside}/{name}")
    os.rename(f"{beside}/{name}-new", f"{beside}/{name}")
    os.close(opened)


def ring_error():
    """The errno with which the system refuses a ring, or 0."""
    parameters = ctypes.create_string_buffer(120)
    if libc.syscall(SYS_IO_URING_SETUP, 1, parameters) >= 0:
        return 0
    return ctypes.get_errno()


def ring_or_fall_back(path, data):
    if ring_error() not in (0, errno.ENOSYS, errno.EPERM):
        raise StorageError("Io", "the ring was refused in a way that no runtime expects")
    write_and_rename(path, data)


def ring_or_nothing(path, data):
    # ENOSYS is what the tracer answers; other refusals are this machine's, and taken for a ring.
    if ring_error() == errno.ENOSYS:
        raise StorageError("Io", "there is no io_uring")
    write_and_rename(path, data)


def attribute_or_nothing(path, data):
    write_and_rename(path, data)
    # Nothing is valid about the call; a system that has it says so in another way.
    libc.syscall(SYS_SETXATTRAT, -1, None, 0, None, None, 0)
    if ctypes.get_errno() == errno.ENOSYS:
        raise StorageError("Io", "there is no setxattrat")


WRITES = {
    "thread": in_a_thread,
    "child": in_a_child,
    "spawn": by_a_program,
    "mapping": through_a_mapping,
    "descriptors": through_descriptors,
    "ring": ring_or_fall_back,
    "ring-only": ring_or_nothing,
    "attribute-only": attribute_or_nothing,
}


class Backend:
    def __init__(self, root):
        self.root = root

    def at(self, path):
        return os.path.join(self.root, path)

    def write_file(self, path, data):
        WRITES[mode](self.at(path), data)

    def read_file(self, path):
        with open(self.at(path), "rb") as file:
            return file.read()

    def list_files(self, directory):
        return []

    def create_directory(self, path):
        os.makedirs(self.at(path), exist_ok=True)

    def exists(self, path):
        return os.path.exists(self.at(path))

    def delete_file(self, path):
        os.unlink(self.at(path))


serve(mode, "1", lambda root, options: Backend(root))
