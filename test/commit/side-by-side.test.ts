/**
 * Saves that meet each other, or a process that moves: found by review, each once a corrupted or misplaced checkpoint.
 */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  mergeCheckpoints,
  type TensorValue,
  verifyCheckpoint,
  type WriterOptions,
} from '../../src/index.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const floats = (count: number, value: number): TensorValue => ({
  dtype: 'float32',
  shape: [count],
  data: new Float32Array(count).fill(value),
});

const save = (prefix: string, tensors: Record<string, TensorValue>, options: WriterOptions = {}) => {
  const writer = new CheckpointWriter(prefix, options);
  for (const [name, value] of Object.entries(tensors)) writer.add(name, value);
  return writer.finish();
};

const namesOf = (base: string) => readdirSync(folder).filter(name => name.startsWith(`${base}.`));

test('saves in place wait for each other, and for an atomic one that writes the same names', async () => {
  const prefix = join(folder, 'place');
  await save(prefix, { a: floats(1000, 1) });
  for (let round = 0; round < 10; round++) {
    await Promise.all([
      save(prefix, { a: floats(200_000, 2) }, { overwrite: 'in-place', durable: false }),
      save(prefix, { a: floats(1000, 3) }, { overwrite: 'in-place', durable: false }),
      save(prefix, { a: floats(5000, 4) }, { durable: false }),
    ]);
    expect((await verifyCheckpoint(prefix)).problems).toEqual([]);
  }
});

test('a save in place gives up after lockTimeoutMs', async () => {
  const prefix = join(folder, 'busy');
  let go: () => void = () => undefined;
  const gate = new Promise<void>(resolve => {
    go = resolve;
  });
  let pulled: () => void = () => undefined;
  const started = new Promise<void>(resolve => {
    pulled = resolve;
  });
  const slow = new CheckpointWriter(prefix).add('a', {
    dtype: 'float32',
    shape: [1],
    data: async () => {
      pulled();
      await gate;
      return Float32Array.of(1);
    },
  });
  const finishing = slow.finish();
  await started;
  await expect(save(prefix, { a: floats(1, 2) }, { overwrite: 'in-place', lockTimeoutMs: 50 })).rejects.toMatchObject({
    code: 'ERR_LOCKED',
    path: prefix,
  });
  go();
  await finishing;
  expect((await verifyCheckpoint(prefix)).ok).toBe(true);
});

test('no data file is empty while a total with full ones is free', async () => {
  const prefix = join(folder, 'two');
  const totals: number[] = [];
  for (let i = 0; i < 6; i++) totals.push((await save(prefix, { a: floats(1, i), b: floats(2, i) })).shards);
  expect(totals).toEqual([1, 2, 1, 2, 1, 2]);
  expect((await save(prefix, { a: floats(1, 9), b: floats(2, 9) }, { keepPrevious: true })).shards).toBe(1);
  // 1 and 2 are on the disk: only now a third, with an empty file.
  expect((await save(prefix, { a: floats(1, 9), b: floats(2, 9) })).shards).toBe(3);
  expect((await save(prefix, { a: floats(1, 9), b: floats(2, 9) })).shards).toBe(1);
  expect(namesOf('two')).toEqual(['two.data-00000-of-00001', 'two.index']);
});

test('one tensor goes back and forth between one file and two', async () => {
  const prefix = join(folder, 'one');
  const totals: number[] = [];
  for (let i = 0; i < 4; i++) totals.push((await save(prefix, { a: floats(1, i) })).shards);
  expect(totals).toEqual([1, 2, 1, 2]);
});

test('a merge that is not durable does not delete its inputs', async () => {
  const [a, b, to] = ['part-a', 'part-b', 'whole'].map(name => join(folder, name)) as [string, string, string];
  await save(a, { a: floats(1, 1) });
  await save(b, { b: floats(1, 2) });
  await expect(mergeCheckpoints([a, b], to, { durable: false, deleteInputs: true })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
  });
  expect(namesOf('part-a').length).toBe(2);
  expect(namesOf('whole')).toEqual([]);
});

test('a relative prefix means the directory at the time of the call', async () => {
  const start = process.cwd();
  try {
    process.chdir(folder);
    const saving = save('moved', { a: floats(1, 7) });
    process.chdir(start);
    expect((await saving).prefix).toBe('moved');
  } finally {
    process.chdir(start);
  }
  const reader = await CheckpointReader.open(join(folder, 'moved'));
  expect([...((await reader.read('a')).data as Float32Array)]).toEqual([7]);
  await reader.close();
});
