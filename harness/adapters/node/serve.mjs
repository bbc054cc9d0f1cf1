// Makes a storage backend written in JavaScript a subject: a process that Crashworthy can put to the
// test. Copy this one file next to your backend; it has no dependencies and needs Node 18 or later.
//
// Contract: newline-delimited JSON, requests on stdin and answers on stdout, one request at a time; end
// of input means exit 0. stdout belongs to the protocol, so the console goes to stderr. An answer is
// handed to the kernel before the next request is looked at: the harness kills the process on purpose,
// and an acknowledgement that sits in a buffer of ours would be a lie about what was acknowledged.

import { writeSync } from 'node:fs';

const PROTOCOL = 1;
const KINDS = ['NotFound', 'InvalidPath', 'NoSpace', 'Corrupt', 'Conflict', 'Unsupported', 'Io'];
/** How long to wait for a reader whose pipe is full, before the next try. */
const FULL_PIPE_WAIT_MS = 1;

/** An error whose kind the backend knows better than the system's error code says. */
export class StorageError extends Error {
  /** @param {string} kind one of the seven kinds of the protocol */
  constructor(kind, message) {
    super(message);
    this.name = 'StorageError';
    this.kind = kind;
  }
}

/** What stands between the adapter and the backend: no answer of a storage, so that nobody takes it for one. */
class Fault extends Error {}

/**
 * Answers requests until the input ends, then exits the process.
 *
 * @param {object} subject
 * @param {string} subject.name what certificates call the backend
 * @param {string} subject.version
 * @param {string[]} [subject.capabilities] 'recover' if the backend has a `recover()`
 * @param {(root: string, options: object) => Promise<object>} subject.open makes a backend on the
 *   directory `root`: `writeFile(path, data: Uint8Array)`, `readFile(path)`, `listFiles(directory)`,
 *   `createDirectory(path)`, `exists(path)`, `deleteFile(path)`. It is called for every `open`, and must
 *   remember nothing from the last one. A `close()`, where there is one, ends the instance before.
 */
export async function serve({ name, version, capabilities = [], open }) {
  console.log = console.info = console.debug = console.error;
  let backend;

  async function perform(request) {
    const { op } = request;
    if (op === 'hello') {
      if (request.protocol !== PROTOCOL) {
        throw new StorageError('Unsupported', `protocol ${request.protocol}; this subject speaks ${PROTOCOL}`);
      }
      return { protocol: PROTOCOL, name, version, capabilities };
    }
    if (op === 'open') {
      const last = backend;
      backend = undefined;
      await last?.close?.();
      backend = complete(await open(text(request, 'root'), request.options ?? {}), capabilities);
      return null;
    }
    if (!Object.hasOwn(OPERATIONS, op) || (op === 'recover' && !capabilities.includes('recover'))) {
      throw new StorageError('Unsupported', `this subject has no operation ${JSON.stringify(op)}`);
    }
    if (backend === undefined) {
      throw new StorageError('Unsupported', `${op} before open; send open with a root first`);
    }
    return OPERATIONS[op](backend, request);
  }

  for await (const line of lines(process.stdin)) {
    let id = null;
    let answer;
    try {
      const request = parse(line);
      id = request.id ?? null;
      answer = { id, ok: await perform(request) };
    } catch (error) {
      answer =
        error instanceof Fault
          ? { id, fault: error.message }
          : { id, error: { kind: kindOf(error), message: String(error?.message ?? error) } };
    }
    send(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0); // Also where the backend keeps a socket or a timer alive.
}

const OPERATIONS = {
  async writeFile(backend, request) {
    await backend.writeFile(text(request, 'path'), bytes(request, 'data'));
    return null;
  },
  async readFile(backend, request) {
    const data = await backend.readFile(text(request, 'path'));
    if (!(data instanceof Uint8Array)) {
      throw new Fault(
        `readFile returned ${typeOf(data)}; make it return a Uint8Array, and throw where there is no such file`,
      );
    }
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  },
  async listFiles(backend, request) {
    const names = await backend.listFiles(text(request, 'directory'));
    if (!Array.isArray(names)) {
      throw new Fault(`listFiles returned ${typeOf(names)}; make it return an array of names, each a string`);
    }
    const odd = names.findIndex((name) => typeof name !== 'string');
    if (odd !== -1) throw new Fault(`listFiles returned ${typeOf(names[odd])} among the names; make each a string`);
    return names;
  },
  async createDirectory(backend, request) {
    await backend.createDirectory(text(request, 'path'));
    return null;
  },
  async exists(backend, request) {
    const answer = await backend.exists(text(request, 'path'));
    if (typeof answer !== 'boolean') {
      throw new Fault(`exists returned ${typeOf(answer)}; make it return true or false`);
    }
    return answer;
  },
  async deleteFile(backend, request) {
    await backend.deleteFile(text(request, 'path'));
    return null;
  },
  async recover(backend) {
    await backend.recover();
    return null;
  },
};

const METHODS = ['writeFile', 'readFile', 'listFiles', 'createDirectory', 'exists', 'deleteFile'];

/** The backend, which has all methods that it will be asked for. */
function complete(backend, capabilities) {
  const wanted = capabilities.includes('recover') ? [...METHODS, 'recover'] : METHODS;
  const missing = wanted.filter((name) => typeof backend?.[name] !== 'function');
  if (missing.length > 0) {
    throw new Fault(
      `${typeOf(backend)}, which open returned, has no method ${missing.join(' and no method ')}; ` +
        `the methods are ${wanted.join(', ')}`,
    );
  }
  return backend;
}

function typeOf(value) {
  return value?.constructor?.name ?? String(value);
}

/** The lines of a stream, as bytes: a chunk may end inside a character, and only '\n' ends a line. */
async function* lines(input) {
  let parts = []; // Joined once per line: a line of megabytes arrives in many chunks.
  for await (const chunk of input) {
    let start = 0;
    for (let end; (end = chunk.indexOf(0x0a, start)) !== -1; start = end + 1) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts);
      parts = [];
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}

// Fatal, because a replacement character in a path would quietly name another file.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parse(line) {
  let request;
  try {
    request = JSON.parse(utf8.decode(line));
  } catch (error) {
    throw new StorageError('Unsupported', `not a request in JSON: ${error.message}`);
  }
  if (request === null || typeof request !== 'object' || Array.isArray(request)) {
    throw new StorageError('Unsupported', 'a request is a JSON object');
  }
  return request;
}

function text(request, field) {
  if (typeof request[field] === 'string') return request[field];
  throw new StorageError('Unsupported', `${request.op} needs a string in the field "${field}"`);
}

function bytes(request, field) {
  const base64 = text(request, field);
  const data = Buffer.from(base64, 'base64');
  // Buffer.from skips what it cannot read; a value that is shorter than announced would be our fault.
  if (base64.length % 4 !== 0 || data.length !== Buffer.byteLength(base64, 'base64')) {
    throw new StorageError('Unsupported', `the field "${field}" is not base64`);
  }
  return data;
}

function kindOf(error) {
  if (KINDS.includes(error?.kind)) return error.kind;
  switch (error?.code) {
    case 'ENOENT':
      return 'NotFound';
    case 'ENAMETOOLONG':
    case 'ERR_INVALID_ARG_VALUE': // Node's word for a NUL byte in a path.
      return 'InvalidPath';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'NoSpace';
    default:
      return 'Io';
  }
}

function send(line) {
  const data = Buffer.from(line);
  let sent = 0;
  while (sent < data.length) {
    try {
      sent += writeSync(1, data, sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error; // The harness is gone; there is nobody to tell.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}
