"""A log of records, opened in several ways: sound, or with one flaw.

Arguments are files that it writes to when it starts and when it ends. Options: `names` syncs the root directory when
the log is created; `compacts` says whether `open` writes the log anew in place ("dirty": where its tail is torn);
`by_time` has what was written last be read only from a file with an old time; `sync` says how writes are made durable
("dsync", "syncfs"; "syncfs, then more" goes on to sync what no value needs), and `syncs_again` that one that failed is
followed by a sync and nothing else; `fences` says before which records a line is ended: where the last one is torn,
before "all" (which needs no look), or before the "first" of a process only, as if nothing but a crash could tear one;
`header` has a new log begin with a line that has to be there ("whole": or nothing at all); `beside` keeps something
else, too: "fifo", "bytes" (a name that is not UTF-8), or a file with this path.
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
        self.fences = options.get("fences", "torn")
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
        if options.get("compacts") == "dirty" and self.is_torn():
            values = self.values()
            os.ftruncate(self.log, 0)
            for path, data in values.items():
                self.put(path, data)

    def is_torn(self):
        return not self.bytes().endswith(b"\n") and self.bytes() != b""

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
        is_fenced = self.fences == "all" or (self.fences and self.is_torn())
        fence = b"\n" if is_fenced else b""
        if self.fences == "first":
            self.fences = None
        try:
            self.write_all(fence + json.dumps([path, encoded]).encode() + b"\n")
            if self.by_time:
                os.utime(self.log, (OLD, OLD))
            self.make_durable()
        except OSError:
            if not self.syncs_again:
                raise
            os.fsync(self.log)
        self.keep_beside()

    def write_all(self, data):
        while data:
            data = data[os.write(self.log, data) :]

    def make_durable(self):
        if self.sync == "fdatasync":
            os.fdatasync(self.log)
        elif self.sync.startswith("syncfs") and LIBC.syncfs(self.log) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
        if self.sync == "syncfs, then more":
            # An empty line says nothing, so that nothing depends on whether it is durable.
            os.write(self.log, b"\n")
            LIBC.syncfs(self.log)

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
