"""Ways to write a file: given where, and what. The caller renames it and syncs the directory."""

import ctypes
import fcntl
import mmap
import os
import threading

from recorded_calls import NEW, checked, halves, libc, maybe_sync, plain, synced, write_all

HOLE = 4096
FALLOC_FL_KEEP_SIZE = 1
FALLOC_FL_PUNCH_HOLE = 2
SYNC_FILE_RANGE_ALL = 7


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


def by_syncfs_beside(path, data):
    """Through a descriptor of something else on the same file system."""
    file = os.open(path, NEW)
    write_all(file, data)
    os.close(file)
    if synced:
        beside = os.open(os.path.dirname(os.path.dirname(path)), os.O_RDONLY)
        checked(libc.syncfs(beside))
        os.close(beside)


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
    "syncfs-beside": by_syncfs_beside,
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
