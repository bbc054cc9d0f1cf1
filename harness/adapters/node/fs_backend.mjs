// The file-system backend of the storage-backend specification, as a subject: the documented algorithm
// line by line, in JavaScript, weaknesses included.
//
// Contract: what the specification says and no more (`fs_backend.claims.toml` quotes it): temporary file
// `<path>.tmp`, then rename. Do not improve it. It syncs nothing, trusts every path, and shares one
// temporary name between writers; showing what follows from that is what it is here for. The backend to
// copy is `hardened_backend.mjs`.

import { promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { serve } from './serve.mjs';

class FilesystemStorageBackend {
  constructor(basePath) {
    this.basePath = basePath;
  }

  async writeFile(path, data) {
    const fullPath = join(this.basePath, path);
    await fs.mkdir(dirname(fullPath), { recursive: true });
    const tempPath = `${fullPath}.tmp`;
    await fs.writeFile(tempPath, data);
    await fs.rename(tempPath, fullPath);
  }

  async readFile(path) {
    return fs.readFile(join(this.basePath, path));
  }

  async listFiles(directory) {
    try {
      const entries = await fs.readdir(join(this.basePath, directory), { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    } catch (error) {
      if (error.code === 'ENOENT') {
        return [];
      }
      throw error;
    }
  }

  async createDirectory(path) {
    await fs.mkdir(join(this.basePath, path), { recursive: true });
  }

  async exists(path) {
    try {
      await fs.access(join(this.basePath, path));
      return true;
    } catch {
      return false;
    }
  }

  async deleteFile(path) {
    const fullPath = join(this.basePath, path);
    try {
      await fs.unlink(fullPath);
    } catch (error) {
      if (error.code === 'ENOENT') {
        return; // Idempotent: file doesn't exist is OK
      }
      throw error;
    }
  }
}

serve({
  name: 'node-fs',
  version: '1.0.0',
  open: async (root) => new FilesystemStorageBackend(root),
});
