"""A log of records, opened in several ways: sound, or with one flaw.

Arguments are files that it writes to when it starts and when it ends. Options: `names` syncs the root directory when
the log is created; `compacts` says whether `open` writes the log anew in place ("dirty": where its tail is torn);
`by_time` has what was written last be read only from a file with an old time; `sync` says how writes are made durable
("dsync", "syncfs"), and `syncs_again` that one that failed is followed by a sync and nothing else; `header` has a new
log begin with a line that has to be there ("whole": or nothing at all); `beside` keeps something else, too: "fifo",
"bytes" (a name that is not UTF-8), or a file with this path.
"""

import atexit
import base64
import ctypes
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "adapters" / "python"))
from crashworthy_adapter import serve  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
HEADER = b"[]\n"
OLD = 1_000_000_000
BYTES_MAX = 1 << 24


class Log:
    def __init__(self, root, options):
        path = os.path.join(root, "store.log")
        self.by_time = options.get("by_time", False)
        self.sync = options.get("sync", "fdatasync")
        self.syncs_again = options.get("syncs_again", False)
        self.beside = options.get("beside")
        self.root = root
        synchronous = os.O_DSYNC if self.sync == "dsync" else 0
        self.log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | synchronous, 0o644)
        if options.get("names", True):
            directory = os.open(root, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)
        header = options.get("header")
        if header:
            start = self.bytes()[: len(HEADER)]
            if start == b"" or (header == "whole" and start != HEADER and HEADER.startswith(start)):
                os.ftruncate(self.log, 0)
                os.write(self.log, HEADER)
                os.fdatasync(self.log)
            elif start != HEADER:
                raise ValueError("this is no log")
        is_dirty = not self.bytes().endswith(b"\n") and self.bytes() != b""
        if options.get("compacts") == "dirty" and is_dirty:
            values = self.values()
            os.ftruncate(self.log, 0)
            for path, data in values.items():
                self.put(path, data)

    def bytes(self):
        return os.pread(self.log, BYTES_MAX, 0)

    def values(self):
        values = {}
        if self.by_time and os.fstat(self.log).st_mtime != OLD:
            return values
        for record in self.bytes().split(b"\n")[:-1]:
            try:
                path, data = json.loads(record) or (None, None)
            except ValueError:
                continue
            if data is None:
                values.pop(path, None)
            else:
                values[path] = base64.b64decode(data)
        return values

    def put(self, path, data):
        encoded = None if data is None else base64.b64encode(data).decode()
        tail = self.bytes()
        torn = b"\n" if tail and not tail.endswith(b"\n") else b""
        try:
            os.write(self.log, torn + json.dumps([path, encoded]).encode() + b"\n")
            if self.by_time:
                os.utime(self.log, (OLD, OLD))
            self.make_durable()
        except OSError:
            if not self.syncs_again:
                raise
            os.fsync(self.log)
        self.keep_beside()

    def make_durable(self):
        if self.sync == "fdatasync":
            os.fdatasync(self.log)
        elif self.sync == "syncfs" and LIBC.syncfs(self.log) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")

    def keep_beside(self):
        root = os.fsencode(self.root)
        if self.beside == "fifo":
            if not os.path.exists(root + b"/fifo"):
                os.mkfifo(root + b"/fifo")
        elif self.beside == "bytes":
            os.close(os.open(root + b"/\xff", os.O_CREAT | os.O_WRONLY))
        elif self.beside:
            with open(self.beside, "a") as file:
                file.write("x")

    def write_file(self, path, data):
        self.put(path, data)

    def read_file(self, path):
        values = self.values()
        if path not in values:
            raise FileNotFoundError(path)
        return values[path]

    def list_files(self, directory):
        return [path.rpartition("/")[2] for path in self.values() if path.rpartition("/")[0] == directory]

    def create_directory(self, path):
        pass

    def exists(self, path):
        return path in self.values()

    def delete_file(self, path):
        self.put(path, None)


def note():
    for path in sys.argv[1:]:
        with open(path, "a") as file:
            file.write("x")


# As runtimes do when they start and when they end.
note()
atexit.register(note)
serve("log", "1.0", Log)
