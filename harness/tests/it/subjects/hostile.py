"""Programs that are no backends, or bad ones: `python3 hostile.py MODE MARKER`.

Not built on the adapter, which would keep them from most of this. What they say on stderr must come back in
the certificate. MARKER only makes the process findable. A mode that answers keeps values in memory.
"""

import json
import os
import sys
import time

mode = sys.argv[1]
values = {}


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def send(text):
    os.write(1, text.encode())


def answer(request, ok):
    send(json.dumps({"id": request["id"], "ok": ok}) + "\n")


def refuse(request, message):
    send(json.dumps({"id": request["id"], "error": {"kind": "NotFound", "message": message}}) + "\n")


def linger():
    """A child in the same session that outlives everything but the end of that session."""
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)


if mode == "exit":
    say("cannot find my configuration")
    sys.exit(7)
if mode == "close-stdin":
    say("deaf")
    os.close(0)
    time.sleep(600)
if mode == "close-stdout":
    say("mute")
    os.close(1)
    time.sleep(600)
if mode == "fork":
    say("leaving a child behind")
    linger()

for line in sys.stdin:
    request = json.loads(line)
    op = request["op"]
    if mode == "garbage":
        say("starting up")
        send("Welcome to my backend!\n")
    elif mode == "hang":
        say("waiting for a lock")
        time.sleep(600)
    elif mode == "wrong-id":
        say("counting from 1000")
        request["id"] += 1000
        answer(request, None)
    elif mode == "grow":
        say("reading the index")
        hoard = []
        while True:
            hoard.append(b"x" * 1_000_000)
    elif mode == "endless-line":
        say("talking")
        while True:
            send("x" * 60_000)
    elif op == "hello":
        answer(request, {"protocol": 2 if mode == "old-protocol" else 1, "name": mode, "capabilities": []})
    elif op == "open":
        if mode == "refuse-open":
            refuse(request, "no schema in <root>: run `mine migrate` first")
        else:
            answer(request, None)
    elif op == "writeFile":
        if mode == "die":
            say("out of luck")
            os._exit(3)
        if mode == "die-with-child":
            linger()
            os._exit(4)
        if mode == "hang-in-write":
            say("stuck on a lock")
            time.sleep(600)
        if mode == "stray":
            send("writing " + request["path"] + "\x1b[0m\n")
        values[request["path"]] = request["data"]
        answer(request, None)
    elif op == "readFile":
        if request["path"] not in values:
            refuse(request, "no such file")
        elif mode == "not-base64":
            answer(request, "?")
        else:
            answer(request, values[request["path"]])
    elif op == "exists":
        answer(request, request["path"] in values)
    elif op == "listFiles":
        prefix = request["directory"] + "/"
        below = [path[len(prefix) :] for path in values if path.startswith(prefix)]
        answer(request, [name for name in below if "/" not in name])
    elif op == "deleteFile" and mode == "fault":
        send(json.dumps({"id": request["id"], "fault": "Mine has no method delete_file; give it one"}) + "\n")
    else:
        answer(request, None)
