// A storage backend under test by Crashworthy: put your own in the place of `MyBackend`.
//
// The harness starts this file as a process of its own, kills it, and looks at what is left under `root`. This
// skeleton writes a temporary file and renames it over the old one: enough to survive a kill, not a power loss.

import { promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { serve } from './serve.mjs';

/** Stores each file under its own path below `root`. Remembers nothing: `open` comes again after a crash. */
class MyBackend {
  constructor(root) {
    this.root = root;
  }

  /** Stores `data` (a Uint8Array) as the whole content of `path`, and creates the missing parents. */
  async writeFile(path, data) {
    const target = join(this.root, path);
    await fs.mkdir(dirname(target), { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    await fs.writeFile(temporary, data);
    await fs.rename(temporary, target);
  }

  /** The content of `path`; an error where there is no such file. */
  async readFile(path) {
    return fs.readFile(join(this.root, path));
  }

  /** The names of the files directly in `directory`; none where it is missing. */
  async listFiles(directory) {
    try {
      const entries = await fs.readdir(join(this.root, directory), { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Creates `path` and its missing parents; one that exists is fine. */
  async createDirectory(path) {
    await fs.mkdir(join(this.root, path), { recursive: true });
  }

  /** Whether `path` names a file or a directory. */
  async exists(path) {
    return fs.access(join(this.root, path)).then(() => true, () => false);
  }

  /** Removes the file `path`, never a directory; a missing one is fine. */
  async deleteFile(path) {
    try {
      await fs.unlink(join(this.root, path));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
}

serve({ name: 'my-backend', version: '0.1.0', open: async (root) => new MyBackend(root) });
