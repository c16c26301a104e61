/**
 * `saveModel` and `saveWeights` of Keras's files, killed before each operation that writes: what has the name is the
 * old or the new file for Keras, and the next save leaves nothing else.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writePoints } from '../crash/child.js';
import { Scratch } from '../crash/scratch.js';
import { type Fault, faultAddonPath, type Operation } from '../native/fault-binding.js';
import { runPython } from '../oracle/python.js';
import type { KillJob } from './kill-child.js';

const scratch = new Scratch('keras-kill');
// Below the checkout, so that packages are found.
const folder = mkdtempSync(fileURLToPath(new URL('../../build/keras-kill-', import.meta.url)));
const script = join(folder, 'child.mjs');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [OLD, NEW, NEXT] = [1, 2, 3];
const states: { path: string; next: boolean }[] = [];

beforeAll(async () => {
  const build = await rolldown({
    input: fileURLToPath(new URL('kill-child.ts', import.meta.url)),
    platform: 'node',
    logLevel: 'silent',
    transform: { target: 'node20' },
    external: id => /^(@tensorflow|h5wasm)/.test(id),
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  await writeFile(script, output[0].code);
});

/** Null if it was killed. */
function saveIn(path: string, k: number, faults: readonly Fault[] = []): Promise<Operation[] | null> {
  const env = { ...process.env, TENSORBUNDLE_BINDING: faultAddonPath };
  const job: KillJob = { path, k, faults };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, JSON.stringify(job)], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve(null);
      else if (error) reject(new Error(`the child failed: ${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout.trim().split('\n').at(-1)!) as Operation[]);
    });
  });
}

async function killedAt(old: string, fault: Fault): Promise<void> {
  const path = join(scratch.directory(), old.slice(dirname(old).length + 1));
  copyFileSync(old, path);
  expect(await saveIn(path, NEW, [fault]), JSON.stringify(fault)).toBeNull();
  const copy = join(scratch.directory('copy'), `m${path.endsWith('.weights.h5') ? '.weights.h5' : extname(path)}`);
  copyFileSync(path, copy);
  states.push({ path: copy, next: false });
  // What the next save does is the same for all forms, and each is a process.
  if (!path.endsWith('.keras')) return;
  expect(await saveIn(path, NEXT)).not.toBeNull();
  expect(readdirSync(dirname(path)), JSON.stringify(fault)).toEqual([path.slice(dirname(path).length + 1)]);
  states.push({ path, next: true });
}

test.each(['m.keras', 'm.weights.h5', 'm.h5'])('%s', async name => {
  const old = join(scratch.directory(), name);
  await saveIn(old, OLD);
  const other = join(scratch.directory(), name);
  copyFileSync(old, other);
  const points = writePoints((await saveIn(other, NEW))!, 'kill');
  expect(points.length).toBeGreaterThan(6);
  const run = async (): Promise<void> => {
    for (let fault = points.pop(); fault !== undefined; fault = points.pop()) await killedAt(old, fault);
  };
  await Promise.all([run(), run()]);
});

test('Keras loads each of them, whole', async () => {
  const code = [
    'import json, sys, numpy as np, keras, tf_keras',
    'def number(path):',
    '    if path.endswith(".weights.h5"):',
    '        layers = keras.layers',
    '        model = keras.Sequential([keras.Input((1000,)), layers.Dense(300, use_bias=False),',
    '                                  layers.Dense(1, use_bias=False)])',
    '        model.compile("adam", "mse")',
    '        model.load_weights(path)',
    '    elif path.endswith(".h5"): model = tf_keras.models.load_model(path)',
    '    else: model = keras.models.load_model(path)',
    '    values = {float(v) for w in model.get_weights() for v in np.unique(w)}',
    '    assert len(values) == 1, values',
    '    return values.pop()',
    'print(json.dumps([number(path) for path in json.load(sys.stdin)]))',
  ].join('\n');
  const input = JSON.stringify(states.map(({ path }) => path));
  const numbers = JSON.parse(await runPython({ code }, [], { input })) as number[];
  expect(numbers).toHaveLength(states.length);
  for (const [i, { path, next }] of states.entries()) expect(next ? [NEXT] : [OLD, NEW], path).toContain(numbers[i]);
  expect(new Set(numbers)).toEqual(new Set([OLD, NEW, NEXT]));
  console.log(`killed ${states.filter(({ next }) => !next).length} times; Keras loaded ${states.length} files`);
});
