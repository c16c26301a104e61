/** Memory of many loads into one model of 256 MiB: what a load replaces is given back, and so is a disposed model. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('reloads.mjs', import.meta.url));
const DIST = new URL('../../dist/tfjs.js', import.meta.url).href;
const MODEL_MIB = 256;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-reloads-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('ten loads of a model hold no more than a few, and a disposed one holds nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM, directory, DIST]);
  const { loaded, kept, arrays, disposed } = JSON.parse(stdout.trim().split('\n').at(-1)!);
  expect(loaded).toHaveLength(10);
  // The model, what is being read, and at most 512 MiB that V8 does not know of.
  expect(Math.max(...loaded)).toBeLessThan(2 * MODEL_MIB + 512 + 128);
  expect(kept).toBeGreaterThan(MODEL_MIB * 0.9);
  // The C library may keep the place of what was replaced, for the next load.
  expect(kept).toBeLessThan(2 * MODEL_MIB + 128);
  expect(arrays).toBeLessThan(64);
  // Whether the C library gives the place of freed arrays back depends on what else lies behind them.
  expect(disposed).toBeLessThan(kept + 64);
});
