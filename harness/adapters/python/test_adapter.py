"""Tests of the Python adapter and its file-system backend. Run as `python3 test_adapter.py`.

Contract tested: the protocol of README.md, spoken as the harness does, to a process on its pipes; that an
answer is out before the next request is handled; and of the backend, that nothing outside the root is
reached, that no temporary file stays, that nothing is acknowledged after a failed sync, and that `recover`
never takes the file of a living writer. The last two need exact moments, so those tests call the backend
directly and step in between two system calls.
"""

import base64
import fcntl
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import hardened_backend

HERE = Path(__file__).resolve().parent
ANSWER_SECONDS_MAX = 20  # A subject that says nothing fails its test, and does not hang it.


def base64_of(data):
    return base64.b64encode(data).decode()


def write(path, data):
    return {"op": "writeFile", "path": path, "data": base64_of(data)}


def read(path):
    return {"op": "readFile", "path": path}


def listing(directory):
    return {"op": "listFiles", "directory": directory}


def every_operation(path):
    named = ({"op": op, "path": path} for op in ("createDirectory", "exists", "deleteFile"))
    return [write(path, b"x"), read(path), listing(path), *named]


class SubjectTest(unittest.TestCase):
    def setUp(self):
        self.home = Path(tempfile.mkdtemp(prefix="crashworthy-python-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.root = self.home / "root"
        self.root.mkdir()

    def start(self, script=HERE / "hardened_backend.py"):
        # In a C locale: names on disk must not depend on the environment.
        environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        environment.pop("PYTHONUNBUFFERED", None)  # It would hide an answer that is left in a buffer.
        subject = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment,
        )
        self.addCleanup(self.stop, subject)
        self.received = b""
        return subject

    def start_custom(self, body):
        shutil.copy(HERE / "crashworthy_adapter.py", self.home)
        (self.home / "subject.py").write_text(body, encoding="utf-8")
        return self.start(self.home / "subject.py")

    def stop(self, subject):
        subject.kill()
        subject.wait()
        for stream in (subject.stdin, subject.stdout, subject.stderr):
            stream.close()

    def send(self, subject, data):
        while data:
            data = data[subject.stdin.write(data) :]

    def answer(self, subject):
        parts = [self.received]
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([subject.stdout], [], [], deadline - time.monotonic())
            self.assertTrue(ready, "no answer")
            parts.append(subject.stdout.read(65536))
            self.assertTrue(parts[-1], "the subject has closed its output")
        line, self.received = b"".join(parts).split(b"\n", 1)
        return json.loads(line)

    def ask(self, subject, request):
        self.send(subject, json.dumps({"id": 7, **request}).encode() + b"\n")
        return self.answer(subject)

    def ok(self, subject, request):
        answer = self.ask(subject, request)
        self.assertEqual(["id", "ok"], list(answer), answer)
        self.assertEqual(7, answer["id"])
        return answer["ok"]

    def kind(self, subject, request):
        answer = self.ask(subject, request)
        self.assertEqual(["id", "error"], list(answer), (request, answer))
        self.assertEqual(7, answer["id"])
        self.assertIsInstance(answer["error"]["message"], str)
        return answer["error"]["kind"]

    def open(self, subject, root=None, options={}):
        self.assertIsNone(self.ok(subject, {"op": "open", "root": str(root or self.root), "options": options}))

    def check_the_six_operations(self, subject):
        self.assertIsNone(self.ok(subject, write("blocks/a.bin", b"one")))
        self.assertEqual(base64_of(b"one"), self.ok(subject, read("blocks/a.bin")))
        self.assertIsNone(self.ok(subject, write("blocks/a.bin", b"")))
        self.assertEqual("", self.ok(subject, read("blocks/a.bin")))
        for _ in range(2):
            self.assertIsNone(self.ok(subject, {"op": "createDirectory", "path": "blocks/deep/er"}))
        self.assertEqual(["a.bin"], self.ok(subject, listing("blocks")))
        self.assertEqual([], self.ok(subject, listing("nowhere")))
        for path, there in (("blocks/a.bin", True), ("blocks/deep", True), ("blocks/b.bin", False)):
            self.assertIs(there, self.ok(subject, {"op": "exists", "path": path}))
        for _ in range(2):
            self.assertIsNone(self.ok(subject, {"op": "deleteFile", "path": "blocks/a.bin"}))
        self.assertIs(False, self.ok(subject, {"op": "exists", "path": "blocks/a.bin"}))
        self.assertEqual("Io", self.kind(subject, {"op": "deleteFile", "path": "blocks/deep"}))
        self.assertIs(True, self.ok(subject, {"op": "exists", "path": "blocks/deep/er"}))
        self.assertEqual("NotFound", self.kind(subject, read("blocks/a.bin")))


class Adapter(SubjectTest):
    def test_hello_then_exit_0_at_the_end_of_the_input(self):
        subject = self.start()
        hello = self.ok(subject, {"op": "hello", "protocol": 1})
        self.assertEqual(
            {"protocol": 1, "name": "python-hardened", "version": "1.0.0", "capabilities": ["recover"]}, hello
        )
        self.assertEqual("Unsupported", self.kind(subject, {"op": "hello", "protocol": 2}))
        self.send(subject, b'{"id":1,"op":"hello","proto')  # A torn request is nobody's request.
        subject.stdin.close()
        self.assertEqual(0, subject.wait(ANSWER_SECONDS_MAX))
        self.assertEqual((b"", b""), (subject.stdout.read(), subject.stderr.read()))

    def test_the_six_operations(self):
        subject = self.start()
        self.open(subject)
        self.check_the_six_operations(subject)

    def test_three_megabytes_of_every_byte_and_names_that_are_not_ascii(self):
        subject = self.start()
        self.open(subject)
        large = bytes(range(256)) * (3 << 12)
        path = "каналы/日本 語/é e\u0301 🌊.bin"
        self.ok(subject, write(path, large))
        self.assertEqual(base64_of(large), self.ok(subject, read(path)))
        self.assertEqual(large, (self.root / path).read_bytes())
        self.assertEqual(["é e\u0301 🌊.bin"], self.ok(subject, listing("каналы/日本 語")))

    def test_a_character_split_over_two_chunks_and_two_requests_in_one(self):
        subject = self.start()
        self.open(subject)
        path = "🌊\u2028\x85x"
        request = json.dumps({"id": 8, **write(path, b"y")}, ensure_ascii=False).encode() + b"\n"
        middle = request.index("🌊".encode()) + 2
        self.send(subject, request[:middle])
        time.sleep(0.1)  # So that it arrives in a chunk of its own.
        next_request = json.dumps({"id": 9, "op": "exists", "path": path}, ensure_ascii=False).encode()
        self.send(subject, request[middle:] + next_request + b"\n")
        self.assertEqual({"id": 8, "ok": None}, self.answer(subject))
        self.assertEqual({"id": 9, "ok": True}, self.answer(subject))
        self.assertEqual({b".tmp", path.encode()}, set(os.listdir(os.fsencode(self.root))))

    def test_two_opens_and_nothing_remembered(self):
        subject = self.start()
        other = self.home / "other"
        other.mkdir()
        self.open(subject)
        self.ok(subject, write("d/a", b"first"))
        self.open(subject, other)
        self.assertEqual("NotFound", self.kind(subject, read("d/a")))
        self.ok(subject, write("d/a", b"second"))
        shutil.rmtree(self.root)
        self.root.mkdir()
        self.open(subject)
        self.assertIs(False, self.ok(subject, {"op": "exists", "path": "d"}))
        self.ok(subject, write("d/a", b"third"))
        self.assertEqual(b"second", (other / "d/a").read_bytes())
        self.assertEqual(b"third", (self.root / "d/a").read_bytes())

    def test_a_thousand_opens_and_operations_leave_no_descriptor_open(self):
        subject = self.start()
        (self.root / "link").symlink_to(self.home)
        for turn in range(102):
            self.open(subject)
            for request in (write("a/b", b"x"), write("a", b"x"), write("a/b/c", b"x"), write("link/x", b"x"),
                            read("a/b"), read("a"), read("a/c"), listing("a"), listing("b"),
                            {"op": "deleteFile", "path": "a"}, {"op": "recover"}):
                self.ask(subject, request)
            count = len(os.listdir(f"/proc/{subject.pid}/fd")) if sys.platform == "linux" else 0
            if turn == 1:
                settled = count
        self.assertEqual(settled, count)

    def test_malformed_requests_get_an_answer_and_the_next_one_is_handled(self):
        subject = self.start()
        before = self.ask(subject, write("a", b"x"))
        self.assertEqual("Unsupported", before["error"]["kind"])
        self.assertIn("before open", before["error"]["message"])
        for line in (b"", b"{", b"[]", b"null", b"7", b'{"id":7,"op":"hello","protocol":1,"x":"\xff"}', b"[" * 100_000):
            self.send(subject, line + b"\n")
            answer = self.answer(subject)
            self.assertIsNone(answer["id"])
            self.assertEqual("Unsupported", answer["error"]["kind"], line[:20])
        self.assertEqual("Unsupported", self.kind(subject, {"op": "open"}))
        self.open(subject)
        for request in (
            {},
            {"op": "__class__"},
            {"op": ["recover"]},
            {"op": "writefile", "path": "a", "data": ""},
            {"op": "writeFile", "path": "a"},
            {"op": "writeFile", "path": 7, "data": ""},
            {"op": "writeFile", "path": "a", "data": "YQ"},
            {"op": "writeFile", "path": "a", "data": "!!!!"},
            {"op": "writeFile", "path": "a", "data": "\u00e9==="},
            {"op": "writeFile", "path": "a", "data": "YWJj\n"},
            {"op": "listFiles", "path": "a"},
        ):
            self.assertEqual("Unsupported", self.kind(subject, request), request)
        self.assertEqual([], os.listdir(self.root))
        self.check_the_six_operations(subject)

    def test_kinds_and_a_close_before_the_next_open_and_print_is_not_the_protocol(self):
        subject = self.start_custom(
            """
import errno, os
from crashworthy_adapter import StorageError, serve

class Backend:
    def __init__(self, root, options):
        if root == "refuse":
            raise StorageError("Conflict", "refused")
        self.root = root
        print("opened", root)
    def read_file(self, path):
        if path == "none":
            return None
        if path == "nul":
            open("a\\0b")
        if path == "surrogate":
            "\\ud800".encode()
        raise StorageError(path, "no") if path[0] != "E" else OSError(getattr(errno, path), "no")
    def list_files(self, directory):
        return ["a", b"b"]
    def close(self):
        print("closed", self.root)

serve("n", "v", Backend)
"""
        )
        self.open(subject, "one")
        for path, kind in (("ENOENT", "NotFound"), ("ENAMETOOLONG", "InvalidPath"), ("ENOSPC", "NoSpace"),
                           ("EDQUOT", "NoSpace"), ("EIO", "Io"), ("nul", "InvalidPath"), ("surrogate", "InvalidPath"),
                           ("Corrupt", "Corrupt"), ("Nonsense", "Io"), ("none", "Io")):
            self.assertEqual(kind, self.kind(subject, read(path)), path)
        self.assertEqual("Io", self.kind(subject, listing("a")))  # Not an end of the process.
        self.assertEqual("Unsupported", self.kind(subject, {"op": "recover"}))
        self.assertEqual("Conflict", self.kind(subject, {"op": "open", "root": "refuse"}))
        self.assertEqual("Unsupported", self.kind(subject, read("ENOENT")))  # The last instance is gone.
        subject.stdin.close()
        subject.wait(ANSWER_SECONDS_MAX)
        self.assertEqual(b"opened one\nclosed one\n", subject.stderr.read())

    def test_an_answer_is_out_before_the_next_request_is_handled(self):
        subject = self.start_custom(
            """
import os, signal
from crashworthy_adapter import serve

class Backend:
    def read_file(self, path):
        return bytes(int(path))
    def exists(self, path):
        os.kill(os.getpid(), signal.SIGKILL)

serve("n", "v", lambda root, options: Backend())
"""
        )
        requests = ({"op": "open", "root": "r"}, read(str(2 << 20)), read("3"), {"op": "exists", "path": "a"})
        self.send(subject, b"".join(json.dumps({"id": 7, **request}).encode() + b"\n" for request in requests))
        self.assertEqual({"id": 7, "ok": None}, self.answer(subject))
        self.assertEqual(base64_of(bytes(2 << 20)), self.answer(subject)["ok"])
        self.assertEqual("AAAA", self.answer(subject)["ok"])
        self.assertEqual(-signal.SIGKILL, subject.wait(ANSWER_SECONDS_MAX))

    def test_the_subject_in_the_readme_runs(self):
        readme = (HERE / "README.md").read_text(encoding="utf-8")
        example = re.search(r"```python\n(.*?)```", readme, re.DOTALL).group(1)
        subject = self.start_custom(example)
        self.open(subject)
        self.check_the_six_operations(subject)


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
