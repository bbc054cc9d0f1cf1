"""SQLite as a key-value store behind the six operations, as a subject.

Contract: a path is a row, a directory is a row without content, and every operation is one transaction, which
is acknowledged once its COMMIT has returned. What a crash leaves is SQLite's to repair, at the first read of
whoever opens the store next. An operation that finds nothing to change writes nothing.

What it takes to survive a power loss is SQLite's to say, at https://www.sqlite.org/pragma.html, and up to
the options of `open`: `journal` (delete, truncate, persist, wal, memory, off) and `synchronous` (EXTRA, FULL,
NORMAL, OFF). The default is delete and EXTRA. The `.claims.toml` files beside this one quote what is promised.

Processes take turns, and one that has waited too long gets a Conflict. A store in WAL mode belongs to one
process at a time: its index would otherwise live in a file mapped into memory, and stores there are nothing that
a tracer of system calls can see. With `locking`, an option (exclusive, normal), it is shared all the same.
"""

import os
import sqlite3

from crashworthy_adapter import StorageError, serve

COMPONENT_BYTES_MAX = 255  # As on disk, so that a store can be moved to a file system.
PATH_BYTES_MAX = 4095  # The same.
BUSY_SECONDS_MAX = 1.0  # How long an operation waits for its turn.
FILE = "store.sqlite"
JOURNALS = ("delete", "truncate", "persist", "wal", "memory", "off")
SYNCHRONOUS = ("EXTRA", "FULL", "NORMAL", "OFF")
LOCKING = ("exclusive", "normal")  # Of the write-ahead log.

# `data` is NULL for a directory. Names are compared byte by byte, as TEXT is unless told otherwise.
_SCHEMA = """CREATE TABLE IF NOT EXISTS entries (
    parent TEXT NOT NULL, name TEXT NOT NULL, data BLOB, PRIMARY KEY (parent, name)
)"""
_IS_FILE = "SELECT data IS NOT NULL FROM entries WHERE parent = ? AND name = ?"
# The primary result codes of https://www.sqlite.org/rescode.html that have a kind of their own.
_KIND_OF_CODE = {5: "Conflict", 6: "Conflict", 11: "Corrupt", 13: "NoSpace", 26: "Corrupt"}


class SqliteBackend:
    """The six operations and `recover` on a database file in the existing directory `root`."""

    def __init__(self, root, journal="delete", synchronous="EXTRA", locking="exclusive"):
        _choose("journal", journal, JOURNALS)
        _choose("locking", locking, LOCKING)
        _choose("synchronous", synchronous, SYNCHRONOUS)
        file = os.path.join(root, FILE)
        if os.path.islink(file):
            raise StorageError("InvalidPath", f"{FILE} is a symbolic link, which could leave the root")
        # Without isolation_level=None the module begins transactions of its own.
        self._database = sqlite3.connect(file, timeout=BUSY_SECONDS_MAX, isolation_level=None)
        try:
            self._execute("PRAGMA mmap_size = 0")
            self._execute("PRAGMA temp_store = MEMORY")  # Or large transactions use files outside the root.
            if journal == "wal" and locking == "exclusive":
                self._execute("PRAGMA locking_mode = EXCLUSIVE")  # Before the first access, or it comes too late.
            self._execute(f"PRAGMA synchronous = {synchronous}")
            ((active,),) = self._execute(f"PRAGMA journal_mode = {journal}")
            if active != journal:
                raise StorageError("Unsupported", f"asked for the journal mode {journal}, SQLite stays with {active}")
            self._execute(_SCHEMA)
        except BaseException:
            self._database.close()
            raise

    def close(self):
        self._database.close()

    def write_file(self, path, data):
        *directories, file = steps(path)

        def write():
            self._make(directories)
            if self._is_file(file) is False:
                raise StorageError("Io", f"{path!r} is a directory")
            self._execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (*file, data))

        self._transaction(write)

    def read_file(self, path):
        rows = self._execute("SELECT data FROM entries WHERE parent = ? AND name = ?", steps(path)[-1])
        if not rows:
            raise StorageError("NotFound", f"no file {path!r}")
        if rows[0][0] is None:
            raise StorageError("Io", f"{path!r} is a directory")
        return rows[0][0]

    def list_files(self, directory):
        way = steps(directory)

        def names():
            self._refuse_file(way)
            return self._execute("SELECT name FROM entries WHERE parent = ? AND data IS NOT NULL", (directory,))

        return [name for (name,) in self._transaction(names, "BEGIN")]

    def create_directory(self, path):
        way = steps(path)
        self._transaction(lambda: self._make(way))

    def exists(self, path):
        return self._is_file(steps(path)[-1]) is not None

    def delete_file(self, path):
        file = steps(path)[-1]

        def delete():
            if self._is_file(file) is False:
                raise StorageError("Io", f"{path!r} is a directory")
            self._execute("DELETE FROM entries WHERE parent = ? AND name = ?", file)

        self._transaction(delete)

    def recover(self):
        """Reads everything, which repairs what a crash has left, and says whether all of it is sound."""
        rows = self._execute("PRAGMA integrity_check(1)")
        if rows != [("ok",)]:
            raise StorageError("Corrupt", f"the integrity check says {rows[0][0]!r}")

    def _make(self, directories):
        """Makes the directories that are missing."""
        for directory in directories:
            self._execute("INSERT OR IGNORE INTO entries VALUES (?, ?, NULL)", directory)
        self._refuse_file(directories)

    def _refuse_file(self, directories):
        for parent, name in directories:
            if self._is_file((parent, name)):
                raise StorageError("Io", f"{name!r} in {parent!r} is in the way: it is not a directory")

    def _is_file(self, step):
        """False for a directory, None where nothing is."""
        rows = self._execute(_IS_FILE, step)
        return bool(rows[0][0]) if rows else None

    def _transaction(self, work, begin="BEGIN IMMEDIATE"):
        # IMMEDIATE waits for its turn; a reader that turns into a writer may not, and would fail.
        self._execute(begin)
        try:
            result = work()
            self._execute("COMMIT")
            return result
        except BaseException:
            # Some errors end the transaction themselves: https://www.sqlite.org/lang_transaction.html.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _execute(self, statement, values=()):
        """All rows of a statement, so that none stays open and holds a lock."""
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            # Python before 3.11 keeps the code to itself.
            error.kind = _KIND_OF_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "Io")
            raise


def steps(path):
    """The way to `path`: for each component the path of its parent, empty for the root, and its name."""

    def refuse(reason):
        raise StorageError("InvalidPath", f"the path {path!r} {reason}")

    if path == "":
        refuse("is empty; name a file or directory below the root")
    if "\0" in path:
        refuse("holds a NUL byte, which no file system can store")
    if path.startswith("/"):
        refuse("is absolute; paths are relative to the root")
    try:
        length = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        refuse("is not Unicode text")
    if length > PATH_BYTES_MAX:
        refuse(f"is longer than {PATH_BYTES_MAX} bytes")
    way = []
    parent = ""
    for component in path.split("/"):
        if component == "..":
            refuse("has a `..` component, which could leave the root")
        if component in ("", "."):
            refuse("has an empty or `.` component")
        if len(component.encode("utf-8")) > COMPONENT_BYTES_MAX:
            refuse(f"has a component longer than {COMPONENT_BYTES_MAX} bytes")
        way.append((parent, component))
        parent = f"{parent}/{component}" if parent else component
    return way


def _choose(option, value, values):
    if value not in values:
        raise StorageError("Unsupported", f"the option {option} is {value!r}; choose one of {', '.join(values)}")


if __name__ == "__main__":
    serve(
        name="python-sqlite",
        version=f"1.0.0+sqlite-{sqlite3.sqlite_version}",
        open=lambda root, options: SqliteBackend(root, **options),
        capabilities=["recover"],
    )
