"""Tests of the Python file-system backend. Run as `python3 test_hardened.py`.

Contract tested: that nothing outside the root is reached, that no temporary file stays, that nothing is
acknowledged after a failed sync, and that `recover` never takes the file of a living writer. The last two need
exact moments, so those tests call the backend directly and step in between two system calls.
"""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import unittest
from unittest import mock

import hardened_backend
from subject_test import HERE, SubjectTest, base64_of, every_operation, read, write


class Containment(SubjectTest):
    def test_a_path_is_refused_by_its_text(self):
        subject = self.start()
        self.open(subject)
        (self.home / "secret").write_bytes(b"secret")
        for path in ("", "/", "/etc", "..", "../secret", "a/../../secret", "a/..", ".", "./a", "a/.", "a//b", "a/",
                     "a\0b", "x" * 256, "\u00e9" * 128, "a/" * 2048 + "a", "\ud800", "\udcff", ".tmp", ".tmp/a",
                     ".TMP/a"):
            for request in every_operation(path):
                self.assertEqual("InvalidPath", self.kind(subject, request), (request["op"], path[:40]))
        self.assertEqual({"root", "secret"}, set(os.listdir(self.home)))
        self.assertEqual([], os.listdir(self.root))
        for path in ("a.tmp", "x/.tmp", "...", "b" * 255, "\u00e9" * 127, "\ufffd"):
            self.ok(subject, write(path, path.encode()))
            self.assertEqual(base64_of(path.encode()), self.ok(subject, read(path)))

    def test_a_symbolic_link_in_the_root_leads_nowhere(self):
        subject = self.start()
        outside = self.home / "outside"
        outside.mkdir()
        (outside / "secret").write_bytes(b"secret")
        self.open(subject)
        self.ok(subject, write("real/kept", b"kept"))
        for name, to in (("dir", outside), ("file", outside / "secret"), ("dangling", outside / "new"),
                         ("within", "real"), ("loop", "loop")):
            (self.root / name).symlink_to(to)
        for path in ("dir", "dir/secret", "file", "dangling", "dangling/x", "within/kept", "loop", "loop/x"):
            self.check_refused(subject, path)
        # A directory that was used before, and is a link now.
        (self.root / "real").rename(self.home / "moved")
        (self.root / "real").symlink_to(outside)
        for path in ("real/secret", "real/new", "real/new/deep", "dir/new/deep"):
            self.check_refused(subject, path)
        self.assertEqual(["secret"], os.listdir(outside))
        self.assertEqual(b"secret", (outside / "secret").read_bytes())
        self.assertTrue((self.root / "file").is_symlink())

    def check_refused(self, subject, path):
        for request in every_operation(path):
            self.assertEqual("InvalidPath", self.kind(subject, request), (request["op"], path))

    def test_the_reserved_directory_may_not_be_a_link_either(self):
        subject = self.start()
        trap = self.home / "trap"
        trap.mkdir()
        (trap / "victim").write_bytes(b"x")
        (self.root / ".tmp").symlink_to(trap)
        self.open(subject)
        self.assertEqual("InvalidPath", self.kind(subject, write("a", b"x")))
        self.assertEqual("InvalidPath", self.kind(subject, {"op": "recover"}))
        self.assertEqual(["victim"], os.listdir(trap))

    def test_failed_writes_leave_nothing_and_removed_directories_come_back_and_pipes_do_not_hang(self):
        subject = self.start()
        self.open(subject)
        self.ok(subject, write("d/file", b"x"))
        self.assertEqual("Io", self.kind(subject, write("d", b"x")))
        self.assertEqual("Io", self.kind(subject, write("d/file/under", b"x")))
        self.assertEqual("Io", self.kind(subject, read("d")))
        self.assertIs(False, self.ok(subject, {"op": "exists", "path": "d/file/under"}))
        self.assertEqual([], os.listdir(self.root / ".tmp"))
        for name in os.listdir(self.root):
            shutil.rmtree(self.root / name)
        self.ok(subject, write("d/file", b"again"))
        self.assertEqual(base64_of(b"again"), self.ok(subject, read("d/file")))
        os.mkfifo(self.root / "pipe")
        self.assertEqual("Io", self.kind(subject, read("pipe")))
        self.kind(subject, {"op": "open", "root": str(self.home / "missing")})
        self.assertFalse((self.home / "missing").exists())


class Recovery(SubjectTest):
    """Two backends in this process: flock is held by an open file, so they lock each other out."""

    def setUp(self):
        super().setUp()
        self.backend = hardened_backend.FileSystemBackend(str(self.root))
        self.addCleanup(self.backend.close)
        self.other = hardened_backend.FileSystemBackend(str(self.root))
        self.addCleanup(self.other.close)

    def leftovers(self):
        return os.listdir(self.root / ".tmp")

    def test_a_killed_writer_is_swept_up_after_and_a_stopped_one_is_not(self):
        script = (
            "import hardened_backend, os, sys, time\n"
            "hardened_backend.os.fsync = lambda file: (os.write(1, b'.'), time.sleep(60))\n"
            "backend = hardened_backend.FileSystemBackend(sys.argv[1])\n"
            "backend._settled = {b'.tmp'}\n"
            "backend.write_file('a', b'half')\n"
        )
        self.backend.write_file("a", b"old")
        writer = subprocess.Popen([sys.executable, "-c", script, str(self.root)], stdout=subprocess.PIPE, cwd=HERE)
        self.addCleanup(self.stop_writer, writer)
        self.assertEqual(b".", writer.stdout.read(1))
        writer.send_signal(signal.SIGSTOP)
        self.other.recover()
        self.assertEqual(1, len(self.leftovers()))
        writer.kill()
        writer.wait()
        self.other.recover()
        self.assertEqual([], self.leftovers())
        self.assertEqual(b"old", self.backend.read_file("a"))

    def stop_writer(self, writer):
        writer.kill()
        writer.wait()
        writer.stdout.close()

    def test_recover_at_every_moment_of_a_write_harms_nothing(self):
        moments = 0
        for name in ("os.open", "os.write", "os.fsync", "os.rename", "os.fstat", "os.close", "fcntl.flock"):
            for after in (False, True):
                call = 0
                while self.write_with_a_recovery_at(name, call, after):
                    call += 1
                self.assertGreater(call, 0, name)
                moments += call
        self.assertGreater(moments, 20)

    def write_with_a_recovery_at(self, name, call, after):
        """A write during which the other backend recovers, at the call of that number; False if there is none."""
        module, function = name.split(".")
        module = getattr(hardened_backend, module)
        real = getattr(module, function)
        calls = 0
        recovering = False

        def step_in(*arguments, **named):
            nonlocal calls, recovering
            if recovering:
                return real(*arguments, **named)
            mine, calls = calls == call, calls + 1
            result = real(*arguments, **named) if after or not mine else None
            if mine:
                recovering = True
                self.other.recover()
                recovering = False
            return result if after or not mine else real(*arguments, **named)

        value = f"{name} {call} {after}".encode()
        with mock.patch.object(module, function, step_in):
            self.backend.write_file("d/a", value)
        self.assertEqual(value, self.backend.read_file("d/a"))
        self.assertEqual([], self.leftovers())
        return calls > call

    def test_a_recovery_between_creation_and_lock_makes_the_writer_take_another_file(self):
        real = fcntl.flock
        calls = []

        def recover_first(file, how):
            calls.append(file)
            if len(calls) == 1:
                self.other.recover()  # Calls flock itself, and removes the file.
            return real(file, how)

        with mock.patch.object(hardened_backend.fcntl, "flock", recover_first):
            self.backend.write_file("a", b"value")
        self.assertEqual(3, len(calls))
        self.assertEqual(b"value", self.backend.read_file("a"))
        self.assertEqual([], self.leftovers())

    def test_a_recovery_that_holds_the_new_file_makes_the_writer_take_another_file(self):
        real_open = os.open
        held = []

        def hold_first(name, flags, *rest, **named):
            file = real_open(name, flags, *rest, **named)
            if flags & os.O_CREAT and not held:
                held.append(real_open(self.root / ".tmp" / os.fsdecode(name), os.O_RDONLY))
                fcntl.flock(held[0], fcntl.LOCK_EX)
            return file

        with mock.patch.object(hardened_backend.os, "open", hold_first):
            self.backend.write_file("a", b"value")
        os.close(held[0])
        self.assertEqual(b"value", self.backend.read_file("a"))
        self.assertEqual([], self.leftovers())

    def test_a_recovery_that_always_wins_is_an_error_and_not_an_endless_loop(self):
        with mock.patch.object(hardened_backend.fcntl, "flock", side_effect=BlockingIOError):
            before = os.listdir("/dev/fd")
            with self.assertRaises(hardened_backend.StorageError) as caught:
                self.backend.write_file("a", b"value")
        self.assertEqual(before, os.listdir("/dev/fd"))
        self.assertEqual("Conflict", caught.exception.kind)
        self.assertEqual([], self.leftovers())

    def test_a_disk_without_locks_is_an_error_that_leaves_nothing(self):
        with mock.patch.object(hardened_backend.fcntl, "flock", side_effect=OSError(37, "no locks")):
            with self.assertRaises(OSError):
                self.backend.write_file("a", b"value")
        self.assertEqual([], self.leftovers())

    def test_two_writers_at_a_time_have_a_file_each(self):
        real = os.fsync
        inside = []

        def write_meanwhile(file):
            if not inside:
                inside.append(file)
                self.other.write_file("a", b"other")
            real(file)

        self.backend.write_file("a", b"first")  # So that the next sync is that of the file.
        with mock.patch.object(hardened_backend.os, "fsync", write_meanwhile):
            self.backend.write_file("a", b"mine")
        self.assertEqual(b"mine", self.backend.read_file("a"))
        self.assertEqual([], self.leftovers())

    def test_recover_on_an_empty_root_and_beside_what_is_not_a_file(self):
        self.backend.recover()
        self.backend.write_file("a", b"x")
        (self.root / ".tmp" / "directory").mkdir()
        (self.root / ".tmp" / "link").symlink_to(self.root / "a")
        (self.root / ".tmp" / "orphan").write_bytes(b"x")
        self.backend.recover()
        self.assertEqual({"directory", "link"}, set(self.leftovers()))
        self.assertEqual(b"x", self.backend.read_file("a"))


class Durability(SubjectTest):
    def test_short_writes_and_failed_calls(self):
        backend = hardened_backend.FileSystemBackend(str(self.root))
        self.addCleanup(backend.close)
        real_write = os.write
        with mock.patch.object(hardened_backend.os, "write", lambda file, data: real_write(file, data[:3])):
            backend.write_file("a", b"0123456789")
        self.assertEqual(b"0123456789", backend.read_file("a"))
        for name in ("write", "fsync", "rename"):
            with mock.patch.object(hardened_backend.os, name, side_effect=OSError(28, "full")):
                with self.assertRaises(OSError):
                    backend.write_file("a", b"new")
            self.assertEqual(b"0123456789", backend.read_file("a"), name)
            self.assertEqual([], os.listdir(self.root / ".tmp"), name)

    def test_what_is_synced_and_in_which_order(self):
        calls = []

        def record(name, real):
            def call(*arguments, **named):
                if name == "fsync":
                    where = os.readlink(f"/proc/self/fd/{arguments[0]}")
                    calls.append(("fsync", os.path.relpath(where, self.root).split("/.tmp/")[0]))
                else:
                    calls.append((name,))
                return real(*arguments, **named)

            return call

        if sys.platform != "linux":
            self.skipTest("reads the names of descriptors from /proc")
        backend = hardened_backend.FileSystemBackend(str(self.root))
        self.addCleanup(backend.close)
        (self.root / "old").mkdir()  # Made by somebody who may not have synced it.
        with mock.patch.object(hardened_backend.os, "urandom", lambda count: bytes(count)):
            for name in ("fsync", "rename", "unlink", "mkdir", "write"):
                patched = mock.patch.object(hardened_backend.os, name, record(name, getattr(os, name)))
                patched.start()
                self.addCleanup(patched.stop)
            temporary = ".tmp/" + bytes(16).hex()
            backend.write_file("old/new/a", b"x")
            self.assertEqual(
                [("fsync", "."), ("mkdir",), ("fsync", "old"), ("mkdir",), ("fsync", "."), ("write",),
                 ("fsync", temporary), ("rename",), ("fsync", "old/new")],
                calls,
            )
            calls.clear()
            backend.write_file("old/new/a", b"y")
            self.assertEqual([("write",), ("fsync", temporary), ("rename",), ("fsync", "old/new")], calls)
            calls.clear()
            backend.delete_file("old/new/a")
            backend.delete_file("old/new/a")
            self.assertEqual([("unlink",), ("fsync", "old/new")] * 2, calls)
            calls.clear()
            backend.create_directory("old/new/d")
            backend.create_directory("old/new/d")
            self.assertEqual([("mkdir",), ("fsync", "old/new")], calls)

    def test_a_failed_sync_is_an_error_and_the_retry_syncs_a_new_file(self):
        backend = hardened_backend.FileSystemBackend(str(self.root))
        self.addCleanup(backend.close)
        backend.write_file("d/a", b"old")
        real_open, real_sync = os.open, os.fsync
        created = []
        synced = []

        def remember(name, flags, *rest, **named):
            file = real_open(name, flags, *rest, **named)
            if flags & os.O_CREAT:
                created.append(name)
            return file

        def fail_first(file):
            # The file is still open, so its inode is nobody else's.
            synced.append(os.fstat(file).st_ino)
            if len(synced) == 1:
                raise OSError(5, "lost")
            real_sync(file)

        with mock.patch.object(hardened_backend.os, "open", remember):
            with mock.patch.object(hardened_backend.os, "fsync", fail_first):
                with self.assertRaises(OSError):
                    backend.write_file("d/a", b"new")
                self.assertEqual(1, len(synced))
                self.assertEqual([], os.listdir(self.root / ".tmp"))
                self.assertEqual(b"old", backend.read_file("d/a"))
                backend.write_file("d/a", b"new")
        self.assertEqual(2, len(set(created)))
        self.assertEqual(b"new", backend.read_file("d/a"))

    def test_a_failed_sync_of_a_directory_is_an_error_of_every_operation_that_needs_it(self):
        backend = hardened_backend.FileSystemBackend(str(self.root))
        self.addCleanup(backend.close)
        backend.write_file("d/a", b"old")
        real_sync = os.fsync

        def fail_directories(file):
            if stat.S_ISDIR(os.fstat(file).st_mode):
                raise OSError(5, "lost")
            real_sync(file)

        with mock.patch.object(hardened_backend.os, "fsync", fail_directories):
            for operation in (
                lambda: backend.write_file("d/a", b"new"),
                lambda: backend.delete_file("d/a"),
                lambda: backend.delete_file("d/a"),  # The file is gone by now, but not for good.
                lambda: backend.create_directory("d/e"),
                lambda: backend.create_directory("d/e"),
                lambda: backend.write_file("f/a", b"first"),
                lambda: backend.write_file("f/a", b"first"),
            ):
                with self.assertRaises(OSError):
                    operation()


if __name__ == "__main__":
    unittest.main()
