// A file-system backend that does all that Node allows to survive kills, power loss and hostile paths.
// This is the one to copy from. POSIX only.
//
// Contract: one write is a new file in the reserved directory, all bytes, fsync, rename, fsync of the
// parent; directories on the way are made durable from the root down before anything in them is
// acknowledged. A symbolic link anywhere below the root is refused, for every operation.
//
// Concurrency: any number of processes may work under one root. Each write has a temporary file of its own, one
// rename or unlink is the moment at which an operation takes effect, and nobody waits for anybody.
//
// Confinement has a gap that Node cannot close: it has no openat, so a path is checked (realpath of the
// parent) and then used, and whoever swaps a directory for a link between the two calls gets through.
// Links that are there beforehand never do. Where an attacker runs at the same time, use a backend that
// walks by descriptor, as the Python one does.
//
// There is no `recover`. To remove an orphan is to know that its writer is dead, and Node has no flock
// to ask with; a process id in the name means nothing in another container, and age means nothing to a
// writer that was stopped. An orphan stays in the reserved directory, where no operation can see it.

import { randomUUID } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { join } from 'node:path';
import { StorageError, serve } from './serve.mjs';

const COMPONENT_BYTES_MAX = 255; // NAME_MAX of Linux file systems
const PATH_BYTES_MAX = 4095; // PATH_MAX of Linux less its terminating NUL
/** Holds the files being written; directly below the root, where no path that we accept can name it. */
const RESERVED = '.tmp';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

class HardenedBackend {
  #root;
  /**
   * The directories whose entries this instance has synced. Seeing a directory is not enough: the
   * process that made it may have been killed before its own sync. One string per directory in use.
   */
  #settled = new Set();

  /** @param {string} root the real path of an existing directory */
  constructor(root) {
    this.#root = root;
  }

  async writeFile(path, data) {
    const { directories, name } = split(path);
    const parent = await this.#ensureDirectory(directories);
    const target = join(parent, name);
    await entryAt(target); // Refuses a link. Rename would only replace it, but the rule is one for all.
    const temporary = join(await this.#ensureDirectory([RESERVED]), randomUUID());
    try {
      const file = await fs.open(temporary, 'wx');
      try {
        await file.writeFile(data); // Goes on after a short write.
        await file.sync(); // Before the rename: a name must never point at bytes that may be lost.
      } finally {
        await file.close();
      }
      await fs.rename(temporary, target);
    } catch (error) {
      await fs.unlink(temporary).catch(() => {}); // The first error is the one to tell.
      throw error;
    }
    await syncDirectory(parent); // Until then a power loss may take the new name back.
  }

  async readFile(path) {
    const { directories, name } = split(path);
    const parent = await this.#directory(directories);
    // Without O_NONBLOCK, a pipe that somebody left in the store would hang its reader.
    const file = await fs.open(join(parent, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error) => {
      throw error.code === 'ELOOP' ? linkRefused(path) : error;
    });
    try {
      if (!(await file.stat()).isFile()) throw new StorageError('Io', `${JSON.stringify(path)} is not a file`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async listFiles(directory) {
    const { components } = split(directory);
    try {
      const real = await this.#directory(components);
      const entries = await fs.readdir(real, { withFileTypes: true, encoding: 'buffer' });
      // A name that is not UTF-8 did not come through this interface, and no path could name it.
      return entries.filter((entry) => entry.isFile()).map(({ name }) => decode(name)).filter(Boolean);
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
  }

  async createDirectory(path) {
    await this.#ensureDirectory(split(path).components);
  }

  async exists(path) {
    const { directories, name } = split(path);
    try {
      return (await entryAt(join(await this.#directory(directories), name))) !== null;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async deleteFile(path) {
    const { directories, name } = split(path);
    try {
      const parent = await this.#directory(directories);
      const target = join(parent, name);
      if ((await entryAt(target)) !== null) {
        await fs.unlink(target).catch((error) => {
          if (error.code !== 'ENOENT') throw error; // Another process deleted it first.
        });
      }
      // Also where the file was gone already: the delete that removed it may never have been synced.
      await syncDirectory(parent);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** The path of an existing directory below the root that no symbolic link leads to. */
  async #directory(components) {
    const expected = join(this.#root, ...components);
    let real;
    try {
      real = await fs.realpath(expected);
    } catch (error) {
      // A link to nothing or to itself is a link all the same, and not a directory that is missing.
      for (let depth = 1; depth <= components.length; depth += 1) {
        if ((await entryAt(join(this.#root, ...components.slice(0, depth)))) === null) break;
      }
      throw error;
    }
    // Equal, not merely inside: a link within the root would give one file two names.
    if (real !== expected) throw linkRefused(components.join('/'));
    return expected;
  }

  /** As #directory, but makes what is missing and makes sure that all of it survives a power loss. */
  async #ensureDirectory(components) {
    const wanted = join(this.#root, ...components);
    if (this.#settled.has(wanted)) {
      try {
        return await this.#directory(components);
      } catch (error) {
        if (error.code !== 'ENOENT') throw error; // Removed behind our back: make it again.
      }
    }
    let parent = this.#root;
    for (let depth = 1; depth <= components.length; depth += 1) {
      const child = join(this.#root, ...components.slice(0, depth));
      const created = await makeDirectory(child);
      // Again, for disks that take `A` for `a`: an alias exists, and is no link.
      await this.#directory(components.slice(0, depth));
      if (created || !this.#settled.has(child)) await syncDirectory(parent);
      this.#settled.add(child);
      parent = child;
    }
    return parent;
  }
}

/** Whether this call made the directory; false where it was there. */
async function makeDirectory(path) {
  try {
    await fs.mkdir(path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const entry = await entryAt(path);
  if (entry !== null && !entry.isDirectory()) {
    throw new StorageError('Io', `${JSON.stringify(path)} is in the way: it is not a directory`);
  }
  return false;
}

/** What is at `path`, or null; a symbolic link is refused. */
async function entryAt(path) {
  let entry;
  try {
    entry = await fs.lstat(path);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
  if (entry.isSymbolicLink()) throw linkRefused(path);
  return entry;
}

async function syncDirectory(path) {
  const directory = await fs.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Nothing there, also where a file stands in the place of a directory on the way. */
function isMissing(error) {
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

function linkRefused(path) {
  return new StorageError('InvalidPath', `${JSON.stringify(path)} is or leads through a symbolic link`);
}

/** Checks `path` by its text alone, the same on every machine, and takes it apart. */
function split(path) {
  const refuse = (reason) => {
    throw new StorageError('InvalidPath', `the path ${JSON.stringify(path)} ${reason}`);
  };
  if (path === '') refuse('is empty; name a file or directory below the root');
  if (path.includes('\0')) refuse('holds a NUL byte, which no file system can store');
  if (path.startsWith('/')) refuse('is absolute; paths are relative to the root');
  // Half a surrogate pair is written to disk as U+FFFD, and two paths would name one file.
  if (/\p{Surrogate}/u.test(path)) refuse('is not Unicode text');
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) refuse(`is longer than ${PATH_BYTES_MAX} bytes`);
  const components = path.split('/');
  for (const component of components) {
    if (component === '..') refuse('has a `..` component, which could leave the root');
    if (component === '' || component === '.') refuse('has an empty or `.` component');
    if (Buffer.byteLength(component) > COMPONENT_BYTES_MAX) {
      refuse(`has a component longer than ${COMPONENT_BYTES_MAX} bytes`);
    }
  }
  // In any case of letters, for disks that do not tell `.TMP` from `.tmp`.
  if (components[0].toLowerCase() === RESERVED) refuse(`begins with ${RESERVED}, which the backend reserves`);
  return { components, directories: components.slice(0, -1), name: components[components.length - 1] };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(name) {
  try {
    return utf8.decode(name);
  } catch {
    return null;
  }
}

serve({
  name: 'node-hardened',
  version: '1.0.0',
  // The root has to exist: making it would hide a disk that is not mounted or a name mistyped.
  open: async (root) => new HardenedBackend(await fs.realpath(root)),
});
