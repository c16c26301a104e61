/** Models of gigabytes, saved as Keras's files and loaded: within 64 MiB beside the model and its largest tensor. */
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

// Not in memory, where other tests have their files; below the checkout, so that packages are found.
const folder = mkdtempSync(fileURLToPath(new URL('../../build/large-keras-', import.meta.url)));
const files = mkdtempSync(join(tmpdir(), 'large-keras-'));
afterAll(() => {
  for (const path of [folder, files]) rmSync(path, { recursive: true, force: true });
});

interface Answer {
  saved: { mebibytes: number };
  asKeras: { mebibytes: number };
  loaded: { mebibytes: number };
  loadedOverArrays: { mebibytes: number };
  before: number;
  between: number;
  after: number;
  TABLE_MIB: number;
  TABLES: number;
}

test.each([
  [3, 192],
  [1.5, 8],
])('%d GiB of weights in tensors of %d MiB', { timeout: 300_000 }, async (gibibytes, tableMib) => {
  const build = await rolldown({
    input: fileURLToPath(new URL('large-child.ts', import.meta.url)),
    platform: 'node',
    logLevel: 'silent',
    transform: { target: 'node20' },
    external: id => /^(@tensorflow|h5wasm)/.test(id),
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  const script = join(folder, 'child.mjs');
  await writeFile(script, output[0].code);
  const env = { ...process.env, TENSORBUNDLE_BINDING: addonPath, TF_CPP_MIN_LOG_LEVEL: '3' };
  const { stdout } = await promisify(execFile)(process.execPath, [script, files, `${gibibytes}`, `${tableMib}`], {
    env,
  });
  console.log(stdout.trim());
  const found = JSON.parse(stdout.trim().split('\n').at(-1)!) as Answer;
  expect(found.between).not.toBe(found.before);
  expect(found.after).toBe(found.before);
  expect(found.saved.mebibytes).toBeLessThan(64);
  expect(found.asKeras.mebibytes).toBeLessThan(64);
  expect(found.loaded.mebibytes).toBeLessThan(64 + found.TABLE_MIB);
  expect(found.loadedOverArrays.mebibytes).toBeLessThan(64 + found.TABLE_MIB);
  const code = [
    'import h5py, json, sys, zipfile',
    'def firsts(f):',
    '    layers = f["layers"]',
    '    vars = [layers[k]["vars/0"] for k in layers if "vars/0" in layers[k]]',
    '    return sorted(float(v[0, 0]) for v in vars), sorted(float(v[-1, -1]) for v in vars)',
    'with h5py.File(sys.argv[1]) as f: a = firsts(f)',
    'with zipfile.ZipFile(sys.argv[2]) as z, z.open("model.weights.h5") as raw, h5py.File(raw) as f: b = firsts(f)',
    'print(json.dumps([a, b]))',
  ].join('\n');
  const paths = [join(files, 'm.weights.h5'), join(files, 'm.keras')];
  const values = Array.from({ length: found.TABLES }, (_, i) => 1 + i);
  expect(JSON.parse(await runPython({ code }, paths))).toEqual([
    [values, values],
    [values, values],
  ]);
});
