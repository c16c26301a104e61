/** Errors of traced functions name the line of the program, also when the package is built and bundled. */
import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('a line of a program elsewhere', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tensorbundle places ')));
  try {
    const program = join(folder, 'program.mjs');
    await writeFile(
      program,
      `import { createRequire } from 'node:module';
const tf = createRequire(${JSON.stringify(ROOT)})('@tensorflow/tfjs-node');
const { func, saveModel } = await import(${JSON.stringify(join(ROOT, 'dist', 'savedmodel.js'))});
const inner = x => x.mul(x.max().dataSync()[0]);
const fn = func(x => inner(x).add(1), [{ shape: [2], dtype: 'float32' }]);
await saveModel({ fn }, 'saved').catch(error => console.log(error.found.place));
`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
    expect(stdout).toContain(`program.mjs:4:`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
