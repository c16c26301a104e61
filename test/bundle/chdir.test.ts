/** A relative path means what it means at the call, wherever the process goes meanwhile. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  latestCheckpoint,
  mergeCheckpoints,
} from '../../src/index.js';

const before = process.cwd();
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'chdir-'));
  for (const name of ['here', 'there']) mkdirSync(join(directory, name));
});
afterEach(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true });
});

/** Both directories have checkpoints of these names, with other values. */
async function write(): Promise<void> {
  for (const [value, place] of ['here', 'there'].entries())
    for (const name of ['a', 'b']) {
      const writer = new CheckpointWriter(join(directory, place, 'run', name), { durable: false });
      await writer.add(name, { dtype: 'int32', shape: [], data: new Int32Array([value]) }).finish();
    }
}

async function valuesOf(prefix: string, names: readonly string[]): Promise<unknown[]> {
  await using reader = await CheckpointReader.open(join(directory, prefix));
  return await Promise.all(names.map(async name => (await reader.read(name)).data));
}

/** Goes away as soon as `begin` has been called. */
async function leaving<T>(begin: () => Promise<T>): Promise<T> {
  process.chdir(join(directory, 'here'));
  const work = begin();
  process.chdir(join(directory, 'there'));
  return await work;
}

const ZERO = new Int32Array([0]);

it('of copies and merges, and of inputs that are removed', async () => {
  await write();
  await leaving(() => copyCheckpoint('run/a', 'run/copy', { durable: false }));
  expect(await valuesOf('here/run/copy', ['a'])).toEqual([ZERO]);
  await leaving(() => mergeCheckpoints(['run/a', 'run/b'], 'run/all', { deleteInputs: true }));
  expect(await valuesOf('here/run/all', ['a', 'b'])).toEqual([ZERO, ZERO]);
  expect(readdirSync(join(directory, 'here/run')).filter(name => /^[ab]\./.test(name))).toEqual([]);
  expect(readdirSync(join(directory, 'there/run')).filter(name => /^[ab]\./.test(name))).toHaveLength(4);
});

it('of reading and finding', async () => {
  await write();
  const reader = await leaving(() => CheckpointReader.open('run/a'));
  expect((await reader.read('a')).data).toEqual(ZERO);
  await reader.close();
  expect(await leaving(() => latestCheckpoint('run'))).toBeNull();
});
