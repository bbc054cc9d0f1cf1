// Tests of the Node adapter and its two backends, each spoken to as the harness does: a process, and
// lines on its pipes. Run with `node --test` in this folder.
//
// Contract tested: the protocol of README.md; that an answer is out before the next request is handled;
// and, of the hardened backend, that nothing outside the root is reached and no temporary file stays.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ANSWER_MS_MAX = 20_000; // A subject that says nothing fails its test, and does not hang it.
const base64 = (value) => Buffer.from(value).toString('base64');

/** A subject in a process, in a fresh directory that goes away with the test. */
class Subject {
  #answers = [];
  #waiting = [];
  #rest = [];
  log = '';

  constructor(t, file, options = []) {
    this.home = fs.mkdtempSync(join(tmpdir(), 'crashworthy-node-'));
    this.root = join(this.home, 'root');
    fs.mkdirSync(this.root);
    this.process = spawn(process.execPath, [...options, file], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.exit = once(this.process, 'close');
    this.process.stderr.on('data', (chunk) => (this.log += chunk));
    this.process.stdout.on('data', (chunk) => this.#receive(chunk));
    t.after(() => {
      this.process.kill('SIGKILL');
      fs.rmSync(this.home, { recursive: true, force: true });
    });
  }

  #receive(chunk) {
    let start = 0;
    for (let end; (end = chunk.indexOf(10, start)) !== -1; start = end + 1) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(start, end)]).toString();
      this.#rest = [];
      const answer = JSON.parse(line);
      const waiting = this.#waiting.shift();
      if (waiting) waiting(answer);
      else this.#answers.push(answer);
    }
    this.#rest.push(chunk.subarray(start));
  }

  answer() {
    if (this.#answers.length > 0) return Promise.resolve(this.#answers.shift());
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer; log: ${this.log}`)), ANSWER_MS_MAX);
      this.#waiting.push((answer) => {
        clearTimeout(late);
        resolve(answer);
      });
    });
  }

  send(bytes) {
    this.process.stdin.write(bytes);
  }

  ask(request) {
    this.send(`${JSON.stringify({ id: 7, ...request })}\n`);
    return this.answer();
  }

  async ok(request) {
    const answer = await this.ask(request);
    assert.deepEqual(Object.keys(answer), ['id', 'ok'], JSON.stringify(answer));
    return answer.ok;
  }

  async kind(request) {
    const answer = await this.ask(request);
    assert.deepEqual(Object.keys(answer), ['id', 'error'], JSON.stringify(answer));
    assert.equal(answer.id, 7);
    assert.equal(typeof answer.error.message, 'string');
    return answer.error.kind;
  }

  open(root = this.root) {
    return this.ok({ op: 'open', root, options: {} });
  }
}

const write = (path, data) => ({ op: 'writeFile', path, data: base64(data) });
const read = (path) => ({ op: 'readFile', path });
const list = (directory) => ({ op: 'listFiles', directory });

/** A subject of a few lines, to test `serve` itself with. */
function custom(t, body) {
  const home = fs.mkdtempSync(join(tmpdir(), 'crashworthy-node-'));
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  fs.copyFileSync(join(HERE, 'serve.mjs'), join(home, 'serve.mjs'));
  fs.writeFileSync(join(home, 'subject.mjs'), body);
  return new Subject(t, join(home, 'subject.mjs'));
}

/** What every backend does, whatever else it does. */
async function theSixOperations(subject) {
  await subject.open();
  assert.equal(await subject.ok(write('blocks/a.bin', 'one')), null);
  assert.equal(await subject.ok(read('blocks/a.bin')), base64('one'));
  assert.equal(await subject.ok(write('blocks/a.bin', '')), null);
  assert.equal(await subject.ok(read('blocks/a.bin')), '');
  assert.equal(await subject.ok({ op: 'createDirectory', path: 'blocks/deep/er' }), null);
  assert.equal(await subject.ok({ op: 'createDirectory', path: 'blocks/deep/er' }), null);
  assert.deepEqual(await subject.ok(list('blocks')), ['a.bin']);
  assert.deepEqual(await subject.ok(list('nowhere')), []);
  assert.equal(await subject.ok({ op: 'exists', path: 'blocks/a.bin' }), true);
  assert.equal(await subject.ok({ op: 'exists', path: 'blocks/deep' }), true);
  assert.equal(await subject.ok({ op: 'exists', path: 'blocks/b.bin' }), false);
  assert.equal(await subject.ok({ op: 'deleteFile', path: 'blocks/a.bin' }), null);
  assert.equal(await subject.ok({ op: 'deleteFile', path: 'blocks/a.bin' }), null);
  assert.equal(await subject.ok({ op: 'exists', path: 'blocks/a.bin' }), false);
  assert.equal(await subject.kind({ op: 'deleteFile', path: 'blocks/deep' }), 'Io');
  assert.ok(fs.statSync(join(subject.root, 'blocks/deep/er')).isDirectory());
  assert.equal(await subject.kind(read('blocks/a.bin')), 'NotFound');
  assert.equal(await subject.kind({ op: 'recover' }), 'Unsupported');
}

for (const file of ['fs_backend.mjs', 'hardened_backend.mjs']) {
  const subjectOf = (t) => new Subject(t, join(HERE, file));

  test(`${file}: hello, then exit 0 at the end of the input`, async (t) => {
    const subject = subjectOf(t);
    const hello = await subject.ok({ op: 'hello', protocol: 1 });
    assert.equal(hello.protocol, 1);
    assert.deepEqual(hello.capabilities, []);
    assert.equal(await subject.kind({ op: 'hello', protocol: 2 }), 'Unsupported');
    subject.process.stdin.end('{"id":1,"op":"hello","proto'); // A torn request is nobody's request.
    assert.deepEqual(await subject.exit, [0, null]);
    assert.equal(subject.log, '');
  });

  test(`${file}: the six operations`, (t) => theSixOperations(subjectOf(t)));

  test(`${file}: three megabytes of every byte, and names that are not ASCII`, async (t) => {
    const subject = subjectOf(t);
    await subject.open();
    const large = Buffer.from({ length: 3 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    const path = 'каналы/日本 語/é e\u0301 🌊.bin';
    await subject.ok(write(path, large));
    assert.equal(await subject.ok(read(path)), large.toString('base64'));
    assert.deepEqual(fs.readFileSync(join(subject.root, path)), large);
    assert.deepEqual(await subject.ok(list('каналы/日本 語')), ['é e\u0301 🌊.bin']);
  });

  test(`${file}: a character split over two chunks, and two requests in one`, async (t) => {
    const subject = subjectOf(t);
    await subject.open();
    const request = Buffer.from(`${JSON.stringify({ id: 8, ...write('🌊\u2028x', 'y') })}\n`);
    const middle = request.indexOf(Buffer.from('🌊')) + 2;
    subject.send(request.subarray(0, middle));
    await new Promise((resolve) => setTimeout(resolve, 100)); // So that it arrives in a chunk of its own.
    subject.send(Buffer.concat([request.subarray(middle), Buffer.from('{"id":9,"op":"exists","path":"🌊\u2028x"}\n')]));
    assert.deepEqual(await subject.answer(), { id: 8, ok: null });
    assert.deepEqual(await subject.answer(), { id: 9, ok: true });
    assert.deepEqual(fs.readdirSync(subject.root).filter((name) => name !== '.tmp'), ['🌊\u2028x']);
  });

  test(`${file}: two opens, and nothing remembered`, async (t) => {
    const subject = subjectOf(t);
    const other = join(subject.home, 'other');
    fs.mkdirSync(other);
    await subject.open();
    await subject.ok(write('d/a', 'first'));
    await subject.open(other);
    assert.equal(await subject.kind(read('d/a')), 'NotFound');
    await subject.ok(write('d/a', 'second'));
    fs.rmSync(subject.root, { recursive: true });
    fs.mkdirSync(subject.root);
    await subject.open();
    assert.equal(await subject.ok({ op: 'exists', path: 'd' }), false);
    await subject.ok(write('d/a', 'third'));
    assert.equal(fs.readFileSync(join(other, 'd/a'), 'utf8'), 'second');
    assert.equal(fs.readFileSync(join(subject.root, 'd/a'), 'utf8'), 'third');
  });

  test(`${file}: paths that cannot be stored`, async (t) => {
    const subject = subjectOf(t);
    await subject.open();
    assert.equal(await subject.kind(write('a\0b', 'x')), 'InvalidPath');
    assert.equal(await subject.kind(write('n'.repeat(256), 'x')), 'InvalidPath');
  });
}

test('serve: malformed requests get an answer and the next one is handled', async (t) => {
  const subject = new Subject(t, join(HERE, 'fs_backend.mjs'));
  const before = await subject.ask(write('a', 'x'));
  assert.equal(before.error.kind, 'Unsupported');
  assert.match(before.error.message, /before open/);
  for (const line of ['', '{', '[]', 'null', '7', '{"id":7,"op":"hello","protocol":1,"x":"\xff"}']) {
    subject.send(Buffer.from(`${line}\n`, 'latin1'));
    const answer = await subject.answer();
    assert.equal(answer.id, null, line);
    assert.equal(answer.error.kind, 'Unsupported', line);
  }
  assert.equal(await subject.kind({ op: 'open' }), 'Unsupported');
  await subject.open();
  for (const request of [
    {},
    { op: 'toString' },
    { op: 'writefile', path: 'a', data: '' },
    { op: 'writeFile', path: 'a' },
    { op: 'writeFile', path: 7, data: '' },
    { op: 'writeFile', path: 'a', data: 'YQ' },
    { op: 'writeFile', path: 'a', data: '!!!!' },
    { op: 'writeFile', path: 'a', data: 'YWJj\n' },
    { op: 'listFiles', path: 'a' },
  ]) {
    assert.equal(await subject.kind(request), 'Unsupported', JSON.stringify(request));
  }
  assert.deepEqual(fs.readdirSync(subject.root), []);
  await theSixOperations(subject);
});

test('serve: kinds, a close before the next open, a recover, and a console that is not the protocol', async (t) => {
  const subject = custom(t, `
    import { serve, StorageError } from './serve.mjs';
    const fail = (properties) => { throw Object.assign(new Error('no'), properties); };
    serve({ name: 'n', version: 'v', capabilities: ['recover'], open: async (root) => {
      if (root === 'refuse') throw new StorageError('Conflict', 'refused');
      console.log('opened ' + root);
      return {
        readFile: async (path) => fail(JSON.parse(path)),
        writeFile() {}, listFiles() {}, createDirectory() {}, exists() {}, deleteFile() {},
        recover: async () => console.log('recovered'),
        close: async () => console.log('closed ' + root),
      };
    } });`);
  await subject.open('one');
  for (const [properties, kind] of [
    [{ code: 'ENOENT' }, 'NotFound'],
    [{ code: 'ENAMETOOLONG' }, 'InvalidPath'],
    [{ code: 'ENOSPC' }, 'NoSpace'],
    [{ code: 'EDQUOT' }, 'NoSpace'],
    [{ code: 'EIO' }, 'Io'],
    [{ kind: 'Corrupt', code: 'ENOENT' }, 'Corrupt'],
    [{ kind: 'Nonsense', code: 'ENOENT' }, 'NotFound'],
    [{}, 'Io'],
  ]) {
    assert.equal(await subject.kind(read(JSON.stringify(properties))), kind);
  }
  assert.equal(await subject.ok({ op: 'recover' }), null);
  assert.equal(await subject.kind({ op: 'open', root: 'refuse' }), 'Conflict');
  assert.equal(await subject.kind({ op: 'recover' }), 'Unsupported'); // The last instance is gone.
  subject.process.stdin.end();
  await subject.exit;
  assert.equal(subject.log, 'opened one\nrecovered\nclosed one\n');
});

test('serve: what is no backend is a fault, and no error of a storage', async (t) => {
  const subject = custom(t, `
    import { serve } from './serve.mjs';
    const lists = { none: undefined, text: 'text', odd: ['a', 7], good: ['a'] };
    class Backend {
      async writeFile() {}
      async readFile(path) { return path === 'text' ? 'text' : path === 'inside' ? path.nothing() : undefined; }
      async listFiles(directory) { return lists[directory]; }
      async createDirectory() {}
      async exists() { return 1; }
      async deleteFile() {}
    }
    class Misspelt extends Backend { deleteFile = undefined; deleteFiles() {} }
    const open = async (root) => ({ whole: new Backend(), misspelt: new Misspelt() })[root];
    serve({ name: 'n', version: 'v', open });`);
  await subject.open('whole');
  for (const [request, words] of [
    [read('text'), 'readFile returned String; make it return a Uint8Array'],
    [read('none'), 'readFile returned undefined; make it return a Uint8Array'],
    [list('none'), 'listFiles returned undefined'],
    [list('text'), 'listFiles returned String'],
    [list('odd'), 'listFiles returned Number among the names'],
    [{ op: 'exists', path: 'a' }, 'exists returned Number'],
    [{ op: 'open', root: 'misspelt' }, 'Misspelt, which open returned, has no method deleteFile; the methods are'],
    [{ op: 'open', root: 'nothing' }, 'undefined, which open returned, has no method writeFile and no method'],
  ]) {
    const answer = await subject.ask(request);
    assert.deepEqual(Object.keys(answer), ['id', 'fault'], JSON.stringify(answer));
    assert.ok(answer.fault.includes(words), answer.fault);
  }
  assert.equal(await subject.kind(read('text')), 'Unsupported'); // What is incomplete is not open.
  await subject.open('whole');
  assert.deepEqual(await subject.ok(list('good')), ['a']);
  assert.equal(await subject.kind(read('inside')), 'Io'); // Its own mistake, and its own error.
});

test('serve: an answer is out before the next request is handled', async (t) => {
  const subject = custom(t, `
    import { serve } from './serve.mjs';
    serve({ name: 'n', version: 'v', open: async () => ({
      readFile: async (path) => new Uint8Array(Number(path)),
      exists: async () => process.kill(process.pid, 'SIGKILL'),
      writeFile() {}, listFiles() {}, createDirectory() {}, deleteFile() {},
    }) });`);
  const requests = [{ op: 'open', root: 'r' }, read(`${2 << 20}`), read('3'), { op: 'exists', path: 'a' }];
  subject.send(requests.map((request) => `${JSON.stringify({ id: 7, ...request })}\n`).join(''));
  assert.deepEqual(await subject.answer(), { id: 7, ok: null });
  assert.equal((await subject.answer()).ok.length, Math.ceil((2 << 20) / 3) * 4);
  assert.equal((await subject.answer()).ok, 'AAAA');
  assert.deepEqual(await subject.exit, [null, 'SIGKILL']);
});

test('hardened: a path is refused by its text', async (t) => {
  const subject = new Subject(t, join(HERE, 'hardened_backend.mjs'));
  await subject.open();
  fs.writeFileSync(join(subject.home, 'secret'), 'secret');
  const paths = ['', '/', '/etc', '..', '../secret', 'a/../../secret', 'a/..', '.', './a', 'a/.', 'a//b', 'a/', 'a\0b',
    'x'.repeat(256), '\u00e9'.repeat(128), 'a/'.repeat(2048) + 'a', '\ud800', '.tmp', '.tmp/a', '.TMP/a'];
  for (const path of paths) {
    for (const request of [write(path, 'x'), read(path), list(path), { op: 'createDirectory', path },
      { op: 'exists', path }, { op: 'deleteFile', path }]) {
      assert.equal(await subject.kind(request), 'InvalidPath', `${request.op} ${JSON.stringify(path).slice(0, 40)}`);
    }
  }
  assert.deepEqual(fs.readdirSync(subject.home).sort(), ['root', 'secret']);
  assert.deepEqual(fs.readdirSync(subject.root), []);
  for (const path of ['a.tmp', 'x/.tmp', '...', 'b'.repeat(255), '\u00e9'.repeat(127), '\ufffd']) {
    await subject.ok(write(path, path));
    assert.equal(await subject.ok(read(path)), base64(path));
  }
});

test('hardened: a symbolic link in the root leads nowhere', async (t) => {
  const subject = new Subject(t, join(HERE, 'hardened_backend.mjs'));
  const outside = join(subject.home, 'outside');
  fs.mkdirSync(outside);
  fs.writeFileSync(join(outside, 'secret'), 'secret');
  await subject.open();
  await subject.ok(write('real/kept', 'kept'));
  const refused = async (path) => {
    for (const request of [write(path, 'x'), read(path), list(path), { op: 'createDirectory', path },
      { op: 'exists', path }, { op: 'deleteFile', path }]) {
      assert.equal(await subject.kind(request), 'InvalidPath', `${request.op} ${path}`);
    }
  };
  fs.symlinkSync(outside, join(subject.root, 'dir'));
  fs.symlinkSync(join(outside, 'secret'), join(subject.root, 'file'));
  fs.symlinkSync(join(outside, 'new'), join(subject.root, 'dangling'));
  fs.symlinkSync('real', join(subject.root, 'within'));
  fs.symlinkSync('loop', join(subject.root, 'loop'));
  for (const path of ['dir', 'dir/secret', 'file', 'dangling', 'dangling/x', 'within/kept', 'loop', 'loop/x']) {
    await refused(path);
  }
  for (const path of ['dir/new/deep', 'dir/new']) assert.equal(await subject.kind(write(path, 'x')), 'InvalidPath');
  assert.equal(await subject.kind({ op: 'createDirectory', path: 'dir/new/deep' }), 'InvalidPath');
  // A directory that was used before, and is a link now.
  fs.renameSync(join(subject.root, 'real'), join(subject.home, 'moved'));
  fs.symlinkSync(outside, join(subject.root, 'real'));
  await refused('real/secret');
  assert.equal(await subject.kind(write('real/new/deep', 'x')), 'InvalidPath');
  assert.deepEqual(fs.readdirSync(outside), ['secret']);
  assert.equal(fs.readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
  assert.ok(fs.lstatSync(join(subject.root, 'file')).isSymbolicLink());
});

test('hardened: the reserved directory may not be a link either', async (t) => {
  const subject = new Subject(t, join(HERE, 'hardened_backend.mjs'));
  fs.symlinkSync(subject.home, join(subject.root, '.tmp'));
  await subject.open();
  assert.equal(await subject.kind(write('a', 'x')), 'InvalidPath');
  assert.deepEqual(fs.readdirSync(subject.home), ['root']);
});

test('hardened: failed writes leave nothing, removed directories come back, pipes do not hang', async (t) => {
  const subject = new Subject(t, join(HERE, 'hardened_backend.mjs'));
  await subject.open();
  await subject.ok(write('d/file', 'x'));
  assert.equal(await subject.kind(write('d', 'x')), 'Io');
  assert.equal(await subject.kind(write('d/file/under', 'x')), 'Io');
  assert.equal(await subject.kind(read('d')), 'Io');
  assert.equal(await subject.ok({ op: 'exists', path: 'd/file/under' }), false);
  assert.deepEqual(fs.readdirSync(join(subject.root, '.tmp')), []);
  fs.writeFileSync(join(subject.root, '.tmp', 'orphan'), 'x');
  assert.deepEqual(await subject.ok(list('d')), ['file']);
  for (const name of fs.readdirSync(subject.root)) fs.rmSync(join(subject.root, name), { recursive: true });
  await subject.ok(write('d/file', 'again'));
  assert.equal(await subject.ok(read('d/file')), base64('again'));
  const pipe = spawn('mkfifo', [join(subject.root, 'pipe')]);
  await once(pipe, 'close');
  assert.equal(await subject.kind(read('pipe')), 'Io');
  await subject.kind({ op: 'open', root: join(subject.home, 'missing') });
  assert.equal(fs.existsSync(join(subject.home, 'missing')), false);
});

/** A hardened backend that tells on stderr what it does to the disk, and fails syncs as `FAIL` says. */
function recorded(t, fail = '() => false') {
  const preload = join(fs.mkdtempSync(join(tmpdir(), 'crashworthy-node-')), 'record.cjs');
  t.after(() => fs.rmSync(dirname(preload), { recursive: true }));
  // The backend shares the object that is changed here.
  fs.writeFileSync(preload, `
    const { promises } = require('node:fs');
    const { sep } = require('node:path');
    const fails = ${fail};
    let syncs = 0;
    const say = (what, path) => process.stderr.write(what + ' ' + path.split(sep + 'root').pop().replace(/[0-9a-f-]{36}/, 'UUID') + '\\n');
    for (const name of ['mkdir', 'rename', 'unlink']) {
      const real = promises[name];
      promises[name] = (...args) => real(...args).then((done) => (say(name, args[0]), done));
    }
    const { open } = promises;
    promises.open = async (...args) => {
      const file = await open(...args);
      for (const name of ['sync', 'writeFile']) {
        const real = file[name];
        file[name] = (...data) => {
          say(name, args[0]);
          const failed = name === 'sync' && fails(args[0], syncs++);
          return failed ? Promise.reject(Object.assign(new Error('lost'), { code: 'EIO' })) : real.apply(file, data);
        };
      }
      return file;
    };`);
  const subject = new Subject(t, join(HERE, 'hardened_backend.mjs'), ['--require', preload]);
  const told = async (ask) => {
    subject.log = '';
    await ask();
    await subject.ok({ op: 'exists', path: 'x' }); // The log has its own pipe: give it time to arrive.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return subject.log.trim().split('\n');
  };
  const done = (request) => told(() => subject.ok(request));
  const failed = (request) => told(async () => assert.equal(await subject.kind(request), 'Io'));
  return { subject, done, failed };
}

test('hardened: what is synced, and in which order', async (t) => {
  const { subject, done } = recorded(t);
  await subject.open();
  fs.mkdirSync(join(subject.root, 'old')); // Made by somebody who may not have synced it.
  assert.deepEqual(await done(write('old/new/a', 'x')), [
    'sync ', 'mkdir /old/new', 'sync /old', 'mkdir /.tmp', 'sync ',
    'writeFile /.tmp/UUID', 'sync /.tmp/UUID', 'rename /.tmp/UUID', 'sync /old/new',
  ]);
  assert.deepEqual(await done(write('old/new/a', 'y')), [
    'writeFile /.tmp/UUID', 'sync /.tmp/UUID', 'rename /.tmp/UUID', 'sync /old/new',
  ]);
  assert.deepEqual(await done({ op: 'deleteFile', path: 'old/new/a' }), ['unlink /old/new/a', 'sync /old/new']);
  assert.deepEqual(await done({ op: 'deleteFile', path: 'old/new/a' }), ['sync /old/new']);
  assert.deepEqual(await done({ op: 'createDirectory', path: 'old/d' }), ['mkdir /old/d', 'sync /old']);
  await subject.open(); // A fresh instance does not know who made what.
  assert.deepEqual(await done({ op: 'createDirectory', path: 'old/d' }), ['sync ', 'sync /old']);
});

test('hardened: a failed sync is an error, and the retry syncs a new file', async (t) => {
  // The third sync is that of the first file: the root's two come before it.
  const { subject, done, failed } = recorded(t, "(path, count) => count === 2");
  await subject.open();
  assert.deepEqual(await failed(write('d/a', 'x')), [
    'mkdir /d', 'sync ', 'mkdir /.tmp', 'sync ', 'writeFile /.tmp/UUID', 'sync /.tmp/UUID', 'unlink /.tmp/UUID',
  ]);
  assert.deepEqual(fs.readdirSync(join(subject.root, '.tmp')), []);
  assert.equal(await subject.kind(read('d/a')), 'NotFound');
  assert.deepEqual(await done(write('d/a', 'x')), [
    'writeFile /.tmp/UUID', 'sync /.tmp/UUID', 'rename /.tmp/UUID', 'sync /d',
  ]);
});

test('hardened: a failed sync of a directory is an error of every operation that needs it', async (t) => {
  const { subject, failed } = recorded(t, "(path) => !path.includes('.tmp')");
  fs.mkdirSync(join(subject.root, 'd'));
  fs.writeFileSync(join(subject.root, 'd', 'a'), 'old');
  await subject.open();
  const remove = { op: 'deleteFile', path: 'd/a' };
  const make = { op: 'createDirectory', path: 'e' };
  // Twice: what the first attempt has changed is still there, but not for good.
  for (const request of [remove, remove, make, make, write('d/b', 'x'), write('d/b', 'x')]) await failed(request);
});

test('the subject in README.md runs', async (t) => {
  const [, example] = /```js\n(.*?)```/s.exec(fs.readFileSync(join(HERE, 'README.md'), 'utf8'));
  await theSixOperations(custom(t, example));
});
