"""A backend as the harness has it, for tests: a process, its pipes, and what is asked of it."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

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
