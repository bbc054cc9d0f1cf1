"""A log of records of which recovery writes another generation.

The log is `log.N`; `recover` compacts it into `log.N+1` and removes it.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "adapters" / "python"))
from crashworthy_adapter import serve  # noqa: E402


class Log:
    def __init__(self, root):
        self.root = root

    def path(self):
        generations = [int(name[4:]) for name in os.listdir(self.root) if name.startswith("log.")]
        return os.path.join(self.root, f"log.{max(generations, default=1)}")

    def values(self):
        try:
            with open(self.path(), "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return {}
        values = {}
        for line in lines:
            try:
                path, data = json.loads(line)
            except ValueError:
                continue
            values[path] = data
        return {path: bytes.fromhex(data) for path, data in values.items() if data is not None}

    def append(self, path, data):
        with open(self.path(), "ab", buffering=0) as file:
            file.write(b"\n" + json.dumps([path, data]).encode() + b"\n")
            os.fsync(file.fileno())

    def write_file(self, path, data):
        self.append(path, data.hex())

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
        self.append(path, None)

    def recover(self):
        old = self.path()
        new = os.path.join(self.root, "compacted")
        with open(new, "wb", buffering=0) as file:
            for path, data in sorted(self.values().items()):
                file.write(json.dumps([path, data.hex()]).encode() + b"\n")
            os.fsync(file.fileno())
        stem, _, generation = old.rpartition(".")
        os.rename(new, f"{stem}.{int(generation) + 1}")
        for name in os.listdir(self.root):
            left = os.path.join(self.root, name)
            if name.startswith("log.") and left != self.path():
                os.unlink(left)


serve("generations", "1", lambda root, options: Log(root), capabilities=["recover"])
