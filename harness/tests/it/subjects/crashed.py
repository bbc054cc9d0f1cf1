"""Backends that behave badly when they find what a power loss has left: `python3 crashed.py MODE [FLAW]`.

They write a temporary file, sync it, rename it, and sync the directory. FLAW is one thing that they do not:
`unsynced` leaves out the sync of the file, `swallowed` does not look at what it returns. What they remember is kept
for as long as the process lives, which `open` should put an end to.
"""

import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../adapters/python"))
from crashworthy_adapter import StorageError, serve

mode = sys.argv[1]
flaw = sys.argv[2] if len(sys.argv) > 2 else ""
remembered = {}


class Backend:
    def __init__(self, root):
        self.root = root
        if mode == "refuses" and self.has_left_over():
            raise StorageError("Corrupt", "there is a left-over; call the vendor")
        if mode == "dies" and self.has_left_over():
            sys.stderr.write("assertion failed: no left-over\n")
            sys.stderr.flush()
            os._exit(5)

    def has_left_over(self):
        """Complete, so that there are not many such states."""
        left = [name for name in os.listdir(self.root) if name.endswith("-new")]
        return any(open(self.at(name), "rb").read().strip(b"\0") for name in left)

    def linger(self):
        if mode == "slow" and self.has_left_over():
            time.sleep(1)

    def at(self, path):
        return os.path.join(self.root, path)

    def write_file(self, path, data):
        new = self.at(path) + "-new"
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(file, data)
        try:
            if flaw != "unsynced":
                os.fsync(file)
        except OSError:
            if flaw != "swallowed":
                os.unlink(new)
                raise
        finally:
            os.close(file)
        os.rename(new, self.at(path))
        directory = os.open(self.root, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        remembered.pop(path, None)
        if mode == "remembers-writes":
            remembered[path] = data

    def read_file(self, path):
        self.linger()
        if path in remembered:
            return remembered[path]
        with open(self.at(path), "rb") as file:
            data = file.read()
        if mode == "remembers-reads":
            remembered[path] = data
        return data

    def list_files(self, directory):
        return []

    def create_directory(self, path):
        os.makedirs(self.at(path), exist_ok=True)

    def exists(self, path):
        self.linger()
        return os.path.exists(self.at(path))

    def delete_file(self, path):
        remembered.pop(path, None)
        os.unlink(self.at(path))

    def recover(self):
        if mode == "hangs" and self.has_left_over():
            sys.stderr.write("waiting for the other node\n")
            sys.stderr.flush()
            time.sleep(600)


serve(mode, "1", lambda root, options: Backend(root), ["recover"])
