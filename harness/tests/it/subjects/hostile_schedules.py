"""Backends that misbehave where several are at work: `python3 hostile_schedules.py MODE MARKER`.

Values are files, each written to a temporary file of its own and renamed, as is right. What a mode does besides
happens in a write. MARKER only makes the processes findable.
"""

import base64
import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time

mode = sys.argv[1]
root = None
journal = None


def send(request, ok, add=0):
    os.write(1, (json.dumps({"id": request["id"] + add, "ok": ok}) + "\n").encode())


def refuse(request, message, kind="NotFound"):
    error = {"kind": kind, "message": message}
    os.write(1, (json.dumps({"id": request["id"], "error": error}) + "\n").encode())


def place(path):
    return os.path.join(root, path)


def publish(path, data, name=None, held=()):
    """Puts the bytes in a file of their own, gives up what is held, and gives the file its name."""
    final = place(path)
    os.makedirs(os.path.dirname(final), exist_ok=True)
    temporary = f"{final}-{name or os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(data)
    for taken in held:
        taken.close()
    os.rename(temporary, final)


def spin_until(path):
    while not os.path.exists(place(path)):
        pass


def lock(name):
    """Waits for a lock that lasts as long as the descriptor."""
    file = os.open(place(name), os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def is_shut_for_a_moment(handle):
    """A lock that is a permission, given up by the next call: whoever looks between the two is out of luck."""
    if not os.stat(handle).st_mode & 0o200:
        return True
    os.chmod(handle, 0o400)
    os.chmod(handle, 0o600)
    return False


class ImpatientLock:
    """A lock file for which nobody waits longer than two short pauses."""

    def __init__(self, name):
        self.path = place(name)
        for _ in range(3):
            try:
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
                return
            except FileExistsError:
                time.sleep(0.1)
        raise TimeoutError("somebody else takes very long")

    def close(self):
        os.unlink(self.path)


def bind_name():
    """A lock that is no file: a name to which one socket at a time can be bound."""
    while True:
        bound = socket.socket(socket.AF_UNIX)
        try:
            bound.bind(f"\0{root}")
            return bound
        except OSError:
            bound.close()


def child(work):
    """A child that outlives the operation, in the session of its parent."""
    if os.fork() == 0:
        work()
        os._exit(0)


def scribble():
    number = 0
    while True:
        number += 1
        with open(place("scribble"), "w") as file:
            file.write(str(number))


def start_threads():
    while True:
        threading.Thread(target=signal.pause, daemon=True).start()


def write(request):
    path, data = request["path"], base64.b64decode(request["data"])
    held = []
    if mode == "spin":
        while True:
            pass
    elif mode == "spin-on-file":
        spin_until("nobody-makes-it")
    elif mode == "wait-for-other":
        open(place(f"here-{os.getpid()}"), "w").close()
        while len([name for name in os.listdir(root) if name.startswith("here-")]) < 2:
            pass
    elif mode in ("late-lock", "short-lock"):
        # Whoever is alone takes no lock, so that nobody knows beforehand that locks are taken.
        open(place(f"here-{os.getpid()}"), "w").close()
        if len([name for name in os.listdir(root) if name.startswith("here-")]) > 1:
            held = [os.fdopen(lock("writer.lock"))]
        if mode == "short-lock":
            publish(path, data, "shared", held)
            send(request, None)
            return
    elif mode == "threads":
        start_threads()
    elif mode == "planted-lock":
        while True:
            try:
                os.close(os.open(place("lock"), os.O_CREAT | os.O_EXCL))
                break
            except FileExistsError:
                pass
    elif mode == "impatient":
        try:
            held = [ImpatientLock("writer.lock")]
        except TimeoutError as error:
            refuse(request, str(error))
            return
    elif mode in ("shut-by-path", "shut-by-descriptor"):
        with open(place("lock")) as file:
            if is_shut_for_a_moment(file.name if mode == "shut-by-path" else file.fileno()):
                refuse(request, "somebody else has shut it", "Conflict")
                return
    elif mode == "socket-lock":
        held = [bind_name()]
    elif mode == "deadlock":
        names = ["one.lock", "two.lock"]
        names = names if path.endswith("a.bin") else names[::-1]
        held = [os.fdopen(lock(name)) for name in names]
    elif mode == "forks":
        while True:
            child(signal.pause)
    elif mode == "child":
        child(signal.pause)
    elif mode == "child-writes":
        child(scribble)
    elif mode == "die":
        sys.stderr.write("out of luck\n")
        sys.stderr.flush()
        publish(path, data)
        os._exit(3)
    elif mode == "shares-elsewhere":
        journal.write(data)
        journal.flush()
    elif mode == "late":
        send(request, None)
        threading.Thread(target=publish, args=(path, data)).start()
        return
    publish(path, data)
    for taken in held:
        taken.close()
    # Who did so from the beginning would never get as far as to work beside another.
    is_judged = not path.startswith("introduction/")
    send(request, None, add=1000 if mode == "wrong-id" and is_judged else 0)
    if mode == "twice" and is_judged:
        send(request, None)


for line in sys.stdin:
    request = json.loads(line)
    op = request["op"]
    if op == "hello":
        send(request, {"protocol": 1, "name": mode, "version": "1", "capabilities": []})
    elif op == "open":
        root = request["root"]
        if mode == "shares-elsewhere":
            # Beside the root: what its processes share there, no call below the root shows.
            journal = open(os.path.join(os.path.dirname(root), "journal"), "ab")
        send(request, None)
    elif op == "writeFile":
        write(request)
    elif op == "readFile":
        try:
            with open(place(request["path"]), "rb") as file:
                send(request, base64.b64encode(file.read()).decode())
        except FileNotFoundError:
            refuse(request, "no such file")
    elif op == "exists":
        send(request, os.path.exists(place(request["path"])))
    elif op == "listFiles":
        try:
            send(request, os.listdir(place(request["directory"])))
        except FileNotFoundError:
            send(request, [])
    elif op == "createDirectory":
        os.makedirs(place(request["path"]), exist_ok=True)
        send(request, None)
    elif op == "deleteFile":
        try:
            os.unlink(place(request["path"]))
        except FileNotFoundError:
            pass
        send(request, None)
