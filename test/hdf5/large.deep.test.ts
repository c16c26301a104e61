/** A file of a gibibyte: written and read again in little memory, durably, and h5py finds in it what it should. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, expect, test } from 'vitest';
import { addonPath } from '../native/fault-binding.js';
import { runPython } from '../oracle/python.js';

// Not in memory, where other tests have their files.
const folder = mkdtempSync(join(tmpdir(), 'large-hdf5-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GIBIBYTES = 1;
const MOST_MEBIBYTES = 64;

test('1 GiB is written within 64 MiB, and read in pieces', { timeout: 300_000 }, async () => {
  const entry = fileURLToPath(new URL('large-child.ts', import.meta.url));
  const build = await rolldown({ input: entry, platform: 'node', logLevel: 'silent', transform: { target: 'node20' } });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  const script = join(folder, 'child.mjs');
  await writeFile(script, output[0].code);
  const path = join(folder, 'large.h5');
  const env = { ...process.env, TENSORBUNDLE_BINDING: addonPath };
  const run = await promisify(execFile)(process.execPath, [script, path, `${GIBIBYTES}`, 'durable'], { env });
  console.log(run.stdout.trim());
  const { bytes, writing, both } = JSON.parse(run.stdout) as Record<'bytes' | 'writing' | 'both', number>;
  expect(bytes).toBeGreaterThan(GIBIBYTES * 2 ** 30);
  expect(writing).toBeLessThan(MOST_MEBIBYTES);
  // The pieces that were read wait for the garbage collector.
  expect(both).toBeLessThan(3 * MOST_MEBIBYTES);
  const code = [
    'import h5py, json, sys',
    'with h5py.File(sys.argv[1]) as f:',
    '    firsts = {k: [float(x) for x in (d[0, 0], d[-1, 0], d[-1, 1])] for k, d in f["vars"].items()}',
    '    print(json.dumps([f["vars/0"].shape, firsts]))',
  ].join('\n');
  const [shape, firsts] = JSON.parse(await runPython({ code }, [path]));
  const rows = (GIBIBYTES * 1024) / 2;
  expect(shape).toEqual([rows, 2 ** 18]);
  expect(firsts['0']).toEqual([0, rows - 1, 0]);
  for (let i = 1; i < 9; i++) expect(firsts[i]).toEqual([10_000 * i, 10_000 * i + rows / 8 - 1, 0]);
});
