"""Makes a storage backend written in Python a subject: a process that Crashworthy can put to the test.

Copy this one file next to your backend; it needs Python 3.9 or later and nothing else.

Contract: newline-delimited JSON, requests on stdin and answers on stdout, one request at a time; end of
input means exit 0. stdout belongs to the protocol, so `print` goes to stderr. An answer is handed to the
kernel before the next request is looked at: the harness kills the process on purpose, and an
acknowledgement that sits in a buffer of ours would be a lie about what was acknowledged.

The harness starts a process per trial, so every import here is paid for thousands of times: keep them few.
"""

import binascii
import errno
import json
import os
import sys

PROTOCOL = 1
PIPE_BYTES = 65_536  # what a pipe holds on Linux
METHODS = ("write_file", "read_file", "list_files", "create_directory", "exists", "delete_file")
KINDS = ("NotFound", "InvalidPath", "NoSpace", "Corrupt", "Conflict", "Unsupported", "Io")

_KIND_OF_ERRNO = {
    errno.ENOENT: "NotFound",
    errno.ENAMETOOLONG: "InvalidPath",
    errno.ENOSPC: "NoSpace",
    errno.EDQUOT: "NoSpace",
}


class StorageError(Exception):
    """An error whose kind, one of `KINDS`, the backend knows better than errno says."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class _Fault(Exception):
    """What stands between the adapter and the backend: no answer of a storage, so that nobody takes it for one."""


def serve(name, version, open, capabilities=()):
    """Answers requests until the input ends, then exits the process with 0.

    `name` and `version` (text) are what certificates call the backend. `capabilities` holds "recover" if the
    backend has a `recover()`.

    `open(root, options)` makes a backend on the directory `root` (text), with the methods
    `write_file(path, data: bytes)`, `read_file(path) -> bytes`, `list_files(directory) -> list of str`,
    `create_directory(path)`, `exists(path) -> bool` and `delete_file(path)`. It is called for every `open`
    request and must remember nothing from the last one. A `close()`, where there is one, ends the
    instance before.
    """
    sys.stdout = sys.stderr
    subject = _Subject(name, version, open, tuple(capabilities))
    # Unlike sys.stdin, with room for a whole pipe: a line may be megabytes.
    for line in os.fdopen(0, "rb", PIPE_BYTES, closefd=False):
        if not line.endswith(b"\n"):
            break  # The input ended inside a request: nobody has asked for anything yet.
        _send(_answer(subject, line))
    sys.exit(0)


class _Subject:
    def __init__(self, name, version, open, capabilities):
        self.name = name
        self.version = version
        self.open = open
        self.capabilities = capabilities
        self.backend = None

    def perform(self, request):
        op = request.get("op")
        if op == "hello":
            if request.get("protocol") != PROTOCOL:
                message = f"protocol {request.get('protocol')}; this subject speaks {PROTOCOL}"
                raise StorageError("Unsupported", message)
            return {
                "protocol": PROTOCOL,
                "name": self.name,
                "version": self.version,
                "capabilities": self.capabilities,
            }
        if op == "open":
            last, self.backend = self.backend, None
            if hasattr(last, "close"):
                last.close()
            opened = self.open(_text(request, "root"), request.get("options") or {})
            self.backend = _complete(opened, self.capabilities)
            return None
        operation = _OPERATIONS.get(op) if isinstance(op, str) else None
        if operation is None or (op == "recover" and op not in self.capabilities):
            raise StorageError("Unsupported", f"this subject has no operation {op!r}")
        if self.backend is None:
            raise StorageError("Unsupported", f"{op} before open; send open with a root first")
        return operation(self.backend, request)


def _answer(subject, line):
    """The answer to one line, as a dictionary."""
    request_id = None
    try:
        request = _parse(line)
        request_id = request.get("id")
        return {"id": request_id, "ok": subject.perform(request)}
    except _Fault as fault:
        return {"id": request_id, "fault": str(fault)}
    except Exception as error:  # Whatever a backend raises is its answer, not the end of the process.
        return {"id": request_id, "error": {"kind": _kind_of(error), "message": str(error) or repr(error)}}


def _complete(backend, capabilities):
    """The backend, which has all methods that it will be asked for."""
    wanted = METHODS + (("recover",) if "recover" in capabilities else ())
    missing = [name for name in wanted if not callable(getattr(backend, name, None))]
    if missing:
        raise _Fault(
            f"{type(backend).__name__}, which open returned, has no method {' and no method '.join(missing)}; "
            f"the methods are {', '.join(wanted)}"
        )
    return backend


def _takes(method, arguments):
    import inspect  # Large, and needed only where something is wrong.

    try:
        inspect.signature(method).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # What is written in C may have no signature.
        pass
    return True


def _call(backend, name, *arguments):
    method = getattr(backend, name)
    try:
        result = method(*arguments)
    except TypeError as error:
        if not _takes(method, arguments):
            raise _Fault(f"{name} cannot be called with {len(arguments)} arguments: {error}") from error
        raise
    if hasattr(result, "__await__"):
        if hasattr(result, "close"):
            result.close()  # Or Python warns that nobody has awaited it.
        raise _Fault(f"{name} is asynchronous; make it wait for its result, for example with asyncio.run")
    return result


def _write_file(backend, request):
    _call(backend, "write_file", _text(request, "path"), _bytes(request, "data"))


def _read_file(backend, request):
    data = _call(backend, "read_file", _text(request, "path"))
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _Fault(
            f"read_file returned {_type(data)}; make it return bytes, and raise an error where there is no such file"
        )
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _list_files(backend, request):
    names = _call(backend, "list_files", _text(request, "directory"))
    if isinstance(names, (str, bytes)) or not hasattr(names, "__iter__"):
        raise _Fault(f"list_files returned {_type(names)}; make it return a list of names, each a str")
    names = list(names)
    for name in names:
        if not isinstance(name, str):
            raise _Fault(f"list_files returned {_type(name)} among the names; make each a str")
    return names


def _create_directory(backend, request):
    _call(backend, "create_directory", _text(request, "path"))


def _exists(backend, request):
    answer = _call(backend, "exists", _text(request, "path"))
    if not isinstance(answer, bool):
        raise _Fault(f"exists returned {_type(answer)}; make it return True or False")
    return answer


def _delete_file(backend, request):
    _call(backend, "delete_file", _text(request, "path"))


def _recover(backend, _request):
    _call(backend, "recover")


def _type(value):
    return "None" if value is None else type(value).__name__


_OPERATIONS = {
    "writeFile": _write_file,
    "readFile": _read_file,
    "listFiles": _list_files,
    "createDirectory": _create_directory,
    "exists": _exists,
    "deleteFile": _delete_file,
    "recover": _recover,
}


def _parse(line):
    try:
        request = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise StorageError("Unsupported", f"not a request in JSON: {error}") from error
    if not isinstance(request, dict):
        raise StorageError("Unsupported", "a request is a JSON object")
    return request


def _text(request, field):
    value = request.get(field)
    if isinstance(value, str):
        return value
    raise StorageError("Unsupported", f"{request['op']} needs a string in the field {field!r}")


def _bytes(request, field):
    base64 = _text(request, field)
    try:
        data = binascii.a2b_base64(base64)
    except ValueError:
        data = None
    # binascii skips what it cannot read; a value that is shorter than announced would be our fault.
    announced = len(base64) // 4 * 3 - base64[-2:].count("=")
    if len(base64) % 4 != 0 or data is None or len(data) != announced:
        raise StorageError("Unsupported", f"the field {field!r} is not base64")
    return data


def _kind_of(error):
    kind = getattr(error, "kind", None)
    if kind in KINDS:
        return kind
    if isinstance(error, OSError):
        return _KIND_OF_ERRNO.get(error.errno, "Io")
    if isinstance(error, UnicodeEncodeError) or (
        isinstance(error, ValueError) and "embedded null" in str(error)
    ):
        return "InvalidPath"
    return "Io"


def _send(answer):
    data = memoryview(json.dumps(answer).encode("ascii") + b"\n")
    while data:
        try:
            data = data[os.write(1, data) :]
        except BlockingIOError:
            _wait_for_reader()


def _wait_for_reader():
    import select  # Here and not above: few runs have a pipe that does not block.

    select.select([], [1], [])
