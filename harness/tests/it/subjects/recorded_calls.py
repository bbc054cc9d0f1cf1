"""What the modes of `recorded.py` have in common: whether they sync, and calls that Python has no name for."""

import ctypes
import os
import sys

synced = sys.argv[2] == "synced"
libc = ctypes.CDLL(None, use_errno=True)

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


def plain(path):
    with open(path, "rb") as file:
        return file.read()
