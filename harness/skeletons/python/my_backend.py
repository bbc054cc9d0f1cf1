"""A storage backend under test by Crashworthy: put your own in the place of `MyBackend`.

The harness starts this file as a process of its own, kills it, and looks at what is left under `root`. This
skeleton writes a temporary file and renames it over the old one: enough to survive a kill, not a power loss.
"""

import os
from pathlib import Path

from crashworthy_adapter import serve


class MyBackend:
    """Stores each file under its own path below `root`. Remembers nothing: `open` comes again after a crash."""

    def __init__(self, root):
        self.root = Path(root)

    def write_file(self, path, data):
        """Stores `data` (bytes) as the whole content of `path`, and creates the missing parents."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        temporary.write_bytes(data)
        os.replace(temporary, target)

    def read_file(self, path):
        """The content of `path` in bytes; an error where there is no such file."""
        return (self.root / path).read_bytes()

    def list_files(self, directory):
        """The names of the files directly in `directory`; none where it is missing."""
        folder = self.root / directory
        return [entry.name for entry in folder.iterdir() if entry.is_file()] if folder.is_dir() else []

    def create_directory(self, path):
        """Creates `path` and its missing parents; one that exists is fine."""
        (self.root / path).mkdir(parents=True, exist_ok=True)

    def exists(self, path):
        """Whether `path` names a file or a directory."""
        return (self.root / path).exists()

    def delete_file(self, path):
        """Removes the file `path`, never a directory; a missing one is fine."""
        (self.root / path).unlink(missing_ok=True)


serve(name="my-backend", version="0.1.0", open=lambda root, options: MyBackend(root))
