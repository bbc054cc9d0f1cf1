"""Tests of the SQLite backend. Run as `python3 test_sqlite.py`.

Contract tested: the six operations in every mode, by a process on its pipes and after it was killed; the paths
that are refused; that nothing but the database and its journal comes into being, in WAL mode not even a file
to map; and which kind of error it is that the store is broken, in use, or not to be opened.
"""

import itertools
import os
import signal
import sqlite3
import sys
import unittest

import sqlite_backend
from subject_test import HERE, SubjectTest, base64_of, every_operation, listing, read, write

ALL = [
    {"journal": journal, "synchronous": synchronous}
    for journal, synchronous in itertools.product(sqlite_backend.JOURNALS, sqlite_backend.SYNCHRONOUS)
]


class Sqlite(SubjectTest):
    def start_sqlite(self, root=None, options={}):
        subject = self.start(HERE / "sqlite_backend.py")
        self.open(subject, root, options)
        return subject

    def root_for(self, options):
        root = self.home / "-".join(["of", *options.values()])
        root.mkdir()
        return root

    def test_the_six_operations_in_every_mode(self):
        subject = self.start(HERE / "sqlite_backend.py")
        for options in [{}, *ALL]:
            with self.subTest(options):
                root = self.root_for(options)
                self.open(subject, root, options)
                self.check_the_six_operations(subject)
                self.assertIsNone(self.ok(subject, {"op": "recover"}))
                left = set(os.listdir(root)) - {"store.sqlite", "store.sqlite-journal", "store.sqlite-wal"}
                self.assertEqual(set(), left)

    def test_the_modes_are_those_that_were_asked_for(self):
        for options in ALL:
            backend = sqlite_backend.SqliteBackend(str(self.root_for(options)), **options)
            active = [backend._execute(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "mmap_size")]
            backend.close()
            level = 3 - sqlite_backend.SYNCHRONOUS.index(options["synchronous"])
            self.assertEqual([options["journal"], level, 0], active)

    def test_what_was_acknowledged_is_there_when_the_process_was_killed(self):
        for options in ALL:
            with self.subTest(options):
                root = self.root_for(options)
                subject = self.start_sqlite(root, options)
                self.ok(subject, write("d/a", b"value"))
                subject.send_signal(signal.SIGKILL)
                subject.wait()
                self.assertEqual(base64_of(b"value"), self.ok(self.start_sqlite(root, options), read("d/a")))

    def test_files_and_directories_are_not_each_other(self):
        subject = self.start_sqlite()
        self.ok(subject, write("d/file", b"x"))
        for request in (
            write("d", b"x"), write("d/file/under", b"x"), read("d"), listing("d/file"), listing("d/file/under"),
            {"op": "createDirectory", "path": "d/file"}, {"op": "createDirectory", "path": "d/file/under"},
            {"op": "deleteFile", "path": "d"},
        ):
            self.assertEqual("Io", self.kind(subject, request), request)
        self.assertEqual("NotFound", self.kind(subject, read("d/file/under")))
        self.assertIs(False, self.ok(subject, {"op": "exists", "path": "d/file/under"}))
        self.assertIsNone(self.ok(subject, {"op": "deleteFile", "path": "d/file/under"}))
        self.assertEqual(["file"], self.ok(subject, listing("d")))
        self.assertEqual(base64_of(b"x"), self.ok(subject, read("d/file")))
        self.assertEqual([], self.ok(subject, listing("d/nowhere")))

    def test_three_megabytes_of_every_byte_and_names_of_every_kind(self):
        subject = self.start_sqlite()
        large = bytes(range(256)) * (3 << 12)
        paths = ("каналы/日本 語/é e\u0301 🌊.bin", "a'b\"c", "store.sqlite", "store.sqlite-journal", ".tmp/a", "A", "a",
                 "b" * 255, "e\u0301", "é", "%", "_")
        for path in paths:
            self.ok(subject, write(path, path.encode() + large))
        for path in paths:
            self.assertEqual(base64_of(path.encode() + large), self.ok(subject, read(path)))

    def test_a_path_is_refused_by_its_text(self):
        subject = self.start_sqlite()
        for path in ("", "/", "/etc", "..", "a/../../secret", "a/..", ".", "./a", "a/.", "a//b", "a/", "a\0b", "x" * 256,
                     "\u00e9" * 128, "a/" * 2048 + "a", "\ud800", "\udcff"):
            for request in every_operation(path):
                self.assertEqual("InvalidPath", self.kind(subject, request), (request["op"], path[:40]))

    def test_a_thousand_opens_and_operations_leave_no_descriptor_open(self):
        subject = self.start(HERE / "sqlite_backend.py")
        for turn in range(102):
            self.open(subject, options=ALL[turn % 8])
            for request in (write("a/b", b"x"), write("a", b"x"), read("a/c"), listing("a"), listing("a/b"),
                            {"op": "deleteFile", "path": "a"}, {"op": "recover"}, read("../x")):
                self.ask(subject, request)
            count = len(os.listdir(f"/proc/{subject.pid}/fd")) if sys.platform == "linux" else 0
            if turn == 1:
                settled = count
        self.assertEqual(settled, count)

    def test_options_and_roots_that_are_refused(self):
        subject = self.start(HERE / "sqlite_backend.py")
        for options in ({"journal": "DELETE; --"}, {"journal": 1}, {"synchronous": "full"}):
            request = {"op": "open", "root": str(self.root), "options": options}
            self.assertEqual("Unsupported", self.kind(subject, request), options)
        missing = self.home / "missing"
        self.assertEqual("Io", self.kind(subject, {"op": "open", "root": str(missing), "options": {}}))
        self.assertFalse(missing.exists())
        outside = self.home / "outside.sqlite"
        (self.root / "store.sqlite").symlink_to(outside)
        self.assertEqual("InvalidPath", self.kind(subject, {"op": "open", "root": str(self.root), "options": {}}))
        self.assertFalse(outside.exists())

    @unittest.skipIf(sys.version_info < (3, 11), "Python before 3.11 does not tell one error of SQLite from another")
    def test_a_store_that_is_in_use_or_broken_says_so(self):
        subject = self.start_sqlite()
        self.ok(subject, write("a", b"x" * 20_000))
        other = sqlite3.connect(self.root / "store.sqlite", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        self.assertEqual("Conflict", self.kind(subject, read("a")))
        self.assertEqual("Conflict", self.kind(subject, write("a", b"y")))
        other.close()
        self.ok(subject, write("a", b"y" * 20_000))
        # The page of the index, without which rows cannot be found.
        data = bytearray((self.root / "store.sqlite").read_bytes())
        data[2 * 4096 : 3 * 4096] = bytes(4096)
        (self.root / "store.sqlite").write_bytes(data)
        self.open(subject)
        self.assertEqual("Corrupt", self.kind(subject, {"op": "recover"}))
        (self.root / "store.sqlite").write_bytes(b"no database, whatever its name says" * 200)
        self.assertEqual("Corrupt", self.kind(subject, {"op": "open", "root": str(self.root), "options": {}}))

    def test_a_failed_operation_changes_nothing_and_the_next_one_works(self):
        backend = sqlite_backend.SqliteBackend(str(self.root))
        self.addCleanup(backend.close)
        backend.write_file("d/a", b"old")
        backend._execute("PRAGMA max_page_count = 5")
        with self.assertRaises(sqlite3.Error) as caught:
            backend.write_file("e/f/a", bytes(100_000))
        if hasattr(caught.exception, "sqlite_errorcode"):
            self.assertEqual("NoSpace", caught.exception.kind)
        self.assertFalse(backend.exists("e"))
        backend.write_file("d/a", b"new")
        self.assertEqual(b"new", backend.read_file("d/a"))


if __name__ == "__main__":
    unittest.main()
