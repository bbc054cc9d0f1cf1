"""Tests of the Python adapter. Run as `python3 test_adapter.py`.

Contract tested: the protocol of README.md, spoken as the harness does, to a process on its pipes; and that an
answer is out before the next request is handled.
"""

import json
import os
import re
import shutil
import signal
import sys
import time
import unittest

from subject_test import HERE, ANSWER_SECONDS_MAX, SubjectTest, base64_of, listing, read, write


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
        if path == "nul":
            open("a\\0b")
        if path == "surrogate":
            "\\ud800".encode()
        raise StorageError(path, "no") if path[0] != "E" else OSError(getattr(errno, path), "no")
    def close(self):
        print("closed", self.root)
    write_file = list_files = create_directory = exists = delete_file = print

serve("n", "v", Backend)
"""
        )
        self.open(subject, "one")
        for path, kind in (("ENOENT", "NotFound"), ("ENAMETOOLONG", "InvalidPath"), ("ENOSPC", "NoSpace"),
                           ("EDQUOT", "NoSpace"), ("EIO", "Io"), ("nul", "InvalidPath"), ("surrogate", "InvalidPath"),
                           ("Corrupt", "Corrupt"), ("Nonsense", "Io")):
            self.assertEqual(kind, self.kind(subject, read(path)), path)
        self.assertEqual("Unsupported", self.kind(subject, {"op": "recover"}))
        self.assertEqual("Conflict", self.kind(subject, {"op": "open", "root": "refuse"}))
        self.assertEqual("Unsupported", self.kind(subject, read("ENOENT")))  # The last instance is gone.
        subject.stdin.close()
        subject.wait(ANSWER_SECONDS_MAX)
        self.assertEqual(b"opened one\nclosed one\n", subject.stderr.read())

    def test_what_is_no_backend_is_a_fault_and_no_error_of_a_storage(self):
        subject = self.start_custom(
            """
from crashworthy_adapter import serve

class Backend:
    def write_file(self, path):
        pass
    def read_file(self, path):
        if path == "inside":
            return path + 1
        return "text" if path == "text" else None
    def list_files(self, directory):
        return {"text": "text", "none": None, "odd": ["a", b"b"]}.get(directory, (name for name in ["a"]))
    def exists(self, path):
        return 1
    async def create_directory(self, path):
        pass
    def delete_file(self, path):
        pass

class Misspelt:
    write_file = read_file = list_files = create_directory = exists = print
    delete_files = print

def open(root, options):
    return {"whole": Backend, "misspelt": Misspelt, "none": print}[root]()

serve("n", "v", open)
"""
        )
        self.open(subject, "whole")
        for request, words in (
            (write("a", b"x"), "write_file cannot be called with 2 arguments"),
            (read("text"), "read_file returned str; make it return bytes"),
            (read("none"), "read_file returned None; make it return bytes"),
            (listing("text"), "list_files returned str"),
            (listing("none"), "list_files returned None"),
            (listing("odd"), "list_files returned bytes among the names"),
            ({"op": "exists", "path": "a"}, "exists returned int"),
            ({"op": "createDirectory", "path": "a"}, "create_directory is asynchronous"),
            ({"op": "open", "root": "misspelt"}, "Misspelt, which open returned, has no method delete_file; the"),
            ({"op": "open", "root": "none"}, "NoneType, which open returned, has no method write_file and no"),
        ):
            answer = self.ask(subject, request)
            self.assertEqual(["id", "fault"], list(answer), (request, answer))
            self.assertIn(words, answer["fault"])
            self.assertNotIn("\n", answer["fault"])
        self.assertEqual("Unsupported", self.kind(subject, read("text")))  # What is incomplete is not open.
        self.open(subject, "whole")
        self.assertEqual(["a"], self.ok(subject, listing("generator")))
        self.assertEqual("Io", self.kind(subject, read("inside")))  # Its own mistake, and its own error.
        subject.stdin.close()
        subject.wait(ANSWER_SECONDS_MAX)
        self.assertEqual(b"\n", subject.stderr.read())

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
    write_file = list_files = create_directory = delete_file = print

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


if __name__ == "__main__":
    unittest.main()
