// A file in the place of another one, durably: `node unawaited.mjs [STEP]`. The step that is named is begun and not
// waited for, as where an `await` was forgotten: `sync`, `rename` or `directory`.

import { promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { serve } from '../../../adapters/node/serve.mjs';

const forgotten = process.argv[2];

async function step(name, promise) {
  if (name === forgotten) promise.catch(() => {});
  else await promise;
}

async function sync(path) {
  const file = await fs.open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

class Backend {
  constructor(root) {
    this.root = root;
  }

  async writeFile(path, data) {
    const target = join(this.root, path);
    const temporary = `${target}.new`;
    await fs.mkdir(dirname(target), { recursive: true });
    await fs.writeFile(temporary, data);
    await step('sync', sync(temporary));
    await step('rename', fs.rename(temporary, target));
    await step('directory', sync(dirname(target)));
  }

  readFile(path) {
    return fs.readFile(join(this.root, path));
  }

  async exists(path) {
    return (await fs.stat(join(this.root, path)).catch(() => null)) !== null;
  }

  async listFiles(directory) {
    return fs.readdir(join(this.root, directory)).catch(() => []);
  }

  async createDirectory(path) {
    await fs.mkdir(join(this.root, path), { recursive: true });
  }

  async deleteFile(path) {
    await fs.unlink(join(this.root, path));
  }
}

serve({ name: 'unawaited', version: '1', open: async (root) => new Backend(root) });
