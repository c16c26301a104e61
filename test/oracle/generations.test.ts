/**
 * Overwrites under one name next to real TensorFlow: it restores every generation, and it may write, merge, sweep and
 * remove on top of them; afterwards this library overwrites what TensorFlow wrote and leaves nothing behind.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, removeCheckpoint, type WriterOptions } from '../../src/index.js';
import { differences } from './files.js';
import { type Oracle, type OracleTensor, oracle } from './oracle.js';

const folder = mkdtempSync(join(tmpdir(), 'generations-'));
let o: Oracle;
let made = 0;

beforeAll(async () => {
  o = await oracle();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshPrefix(): string {
  const directory = join(folder, String(++made));
  mkdirSync(directory);
  return join(directory, 'model');
}

const nameOf = (i: number): string => `variable_${i}`;

/** `entries` vectors whose values tell the generation. */
async function save(prefix: string, generation: number, entries: number, options: WriterOptions = {}): Promise<void> {
  const writer = new CheckpointWriter(prefix, options);
  for (let i = 0; i < entries; i++) {
    writer.add(nameOf(i), { dtype: 'float32', shape: [3], data: Float32Array.of(generation, i, 0.5) });
  }
  await writer.finish();
}

const firstOf = (value: OracleTensor): number => value.bytes.readFloatLE(0);

/** TensorFlow restores exactly this generation, and so does this library. */
async function expectGeneration(prefix: string, generation: number, entries: number): Promise<void> {
  expect(await o.call('exists', { path: prefix })).toBe(true);
  const found = await o.restoreAll(prefix);
  expect([...found.keys()].sort()).toEqual(Array.from({ length: entries }, (_, i) => nameOf(i)).sort());
  for (let i = 0; i < entries; i++) {
    const { bytes } = found.get(nameOf(i))!;
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([generation, i]);
  }
  await using reader = await CheckpointReader.open(prefix);
  for (let i = 0; i < entries; i++)
    expect((await reader.read(nameOf(i))).data).toEqual(Float32Array.of(generation, i, 0.5));
  expect((await reader.verify()).problems).toEqual([]);
}

/** One index and as many data files as its header says: nothing of other generations. */
async function expectClean(prefix: string): Promise<void> {
  await using reader = await CheckpointReader.open(prefix);
  const names = readdirSync(join(prefix, '..')).filter(name => name.startsWith('model'));
  expect(names).toHaveLength(1 + reader.numShards);
  const holders = new Set(reader.names().map(name => reader.entry(name).shard));
  expect(holders.size).toBe(Math.min(reader.numShards, reader.names().length));
}

describe.each([
  { shards: 1, entries: 6 },
  { shards: 2, entries: 6 },
  { shards: 3, entries: 6 },
  { shards: 3, entries: 3 },
  { shards: 1, entries: 2 },
  { shards: 1, entries: 1 },
])('$shards shards, $entries entries', ({ shards, entries }) => {
  test('TensorFlow restores every generation up to the tenth', async () => {
    const prefix = freshPrefix();
    const totals: number[] = [];
    for (let generation = 1; generation <= 10; generation++) {
      await save(prefix, generation, entries, { shards });
      await expectGeneration(prefix, generation, entries);
      await expectClean(prefix);
      await using reader = await CheckpointReader.open(prefix);
      totals.push(reader.numShards);
    }
    expect(totals[0]).toBe(shards);
    // Where entries suffice, a reader that sleeps through two overwrites does not meet its own file names again. With
    // fewer two totals alternate (it meets a wrong checksum then), since a third would leave a data file empty.
    const distinct = entries >= 3 ? 3 : 2;
    for (let i = 2; i < totals.length; i++) expect(new Set(totals.slice(i - 2, i + 1)).size).toBe(distinct);
  });

  test('the same history gives the same bytes', async () => {
    const [a, b] = [freshPrefix(), freshPrefix()];
    for (let generation = 1; generation <= 3; generation++) {
      for (const prefix of [a, b]) await save(prefix, generation, entries, { shards });
      expect(differences(a, b)).toEqual([]);
    }
  });

  test.each([2, 3, 10])('TensorFlow writes over generation %i, and we over what it wrote', async last => {
    const variables = Array.from({ length: entries }, (_, i) => ({
      name: nameOf(i),
      value: { dtype: 'float32', shape: [3], data: Float32Array.of(99, i, 0.5) },
    }));
    const writers: Record<string, (prefix: string) => Promise<unknown>> = {
      saveV2: prefix =>
        o.saveV2(
          prefix,
          variables.map(({ name, value }) => ({ name, ...value, dtype: 'float32' as const })),
        ),
      saver: prefix => o.run('saver', { op: 'save', prefix, tensors: variables }),
      merge: async prefix => {
        const part = join(prefix, '..', 'part', 'x');
        mkdirSync(join(part, '..'));
        await o.saveV2(
          part,
          variables.map(({ name, value }) => ({ name, ...value, dtype: 'float32' as const })),
        );
        await o.merge([part], prefix, { deleteOldDirs: true });
      },
    };
    for (const [kind, write] of Object.entries(writers)) {
      const prefix = freshPrefix();
      for (let generation = 1; generation <= last; generation++)
        await save(prefix, generation, entries, { shards, durable: false });
      await write(prefix);
      await expectGeneration(prefix, 99, entries);
      await save(prefix, 7, entries, { shards });
      await expectGeneration(prefix, 7, entries);
      await expectClean(prefix);
      expect(
        readdirSync(join(prefix, '..')).filter(name => !name.startsWith('model')),
        kind,
      ).toEqual([]);
    }
  });

  test.each([2, 3, 10])('TensorFlow merges generation %i with another', async last => {
    const [prefix, other] = [freshPrefix(), freshPrefix()];
    for (let generation = 1; generation <= last; generation++) await save(prefix, generation, entries, { shards });
    await new CheckpointWriter(other).add('other', { dtype: 'int32', shape: [], data: Int32Array.of(5) }).finish();
    const merged = freshPrefix();
    await using before = await CheckpointReader.open(prefix);
    // FORMAT.md: with too few entries for any free total shards stay empty, and TensorFlow must not merge those.
    if (before.numShards > before.names().length) return;
    await o.merge([prefix, other], merged);
    const found = await o.restoreAll(merged);
    expect(found.size).toBe(entries + 1);
    expect(firstOf(found.get(nameOf(entries - 1))!)).toBe(last);
  });
});

describe('TensorFlow as the owner of a directory with our generations', () => {
  test('remove_checkpoint removes all of one', async () => {
    for (const generations of [1, 2, 3, 10]) {
      const prefix = freshPrefix();
      for (let generation = 1; generation <= generations; generation++)
        await save(prefix, generation, 5, { shards: 2 });
      await o.call('remove', { path: prefix });
      expect(readdirSync(join(prefix, '..'))).toEqual([]);
    }
  });

  test('removeCheckpoint removes all of TensorFlow’s, and absence is no error', async () => {
    const prefix = freshPrefix();
    await o.saveV2(prefix, [{ name: 'a', dtype: 'int32', shape: [], data: Int32Array.of(1) }]);
    await removeCheckpoint(prefix);
    await removeCheckpoint(prefix);
    expect(readdirSync(join(prefix, '..'))).toEqual([]);
    expect(await o.call('exists', { path: prefix })).toBe(false);
  });

  test('Checkpoint.write over a generation, read by us, overwritten by us, read by Checkpoint.read', async () => {
    const prefix = freshPrefix();
    const value = (first: number): object => ({ dtype: 'float32', shape: [2], data: Float32Array.of(first, 1) });
    for (let generation = 1; generation <= 3; generation++) await save(prefix, generation, 4, { shards: 2 });
    await o.run('checkpoint', { op: 'write', prefix, variables: [{ name: 'v', value: value(4) }] });
    const key = 'v/.ATTRIBUTES/VARIABLE_VALUE';
    const graph = '_CHECKPOINTABLE_OBJECT_GRAPH';
    const before = await CheckpointReader.open(prefix);
    expect(before.names()).toEqual([graph, key]);
    const graphValue = await before.read(graph);
    await before.close();
    for (let generation = 5; generation <= 8; generation++) {
      const writer = new CheckpointWriter(prefix);
      writer.add(key, { dtype: 'float32', shape: [2], data: Float32Array.of(generation, 1) });
      await writer.add(graph, graphValue).finish();
      const args = { op: 'read', path: prefix, assert: 'consumed', variables: [{ name: 'v', value: value(0) }] };
      const [restored] = (await o.run('checkpoint', args)) as { value: OracleTensor }[];
      expect(firstOf(restored!.value)).toBe(generation);
      await expectClean(prefix);
    }
  });

  test('CheckpointManager sweeps a checkpoint that we overwrote', async () => {
    const directory = join(folder, String(++made));
    const value = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };
    const manage = { op: 'manager', dir: directory, variables: [{ name: 'v', value }], saves: 1, maxToKeep: 2 };
    await o.run('checkpoint', { ...manage, saves: 2 });
    const first = join(directory, 'ckpt-1');
    const reader = await CheckpointReader.open(first);
    const tensors = await Promise.all(
      reader.names().map(async name => ({ name, ...(await reader.read(name, { copy: true })) })),
    );
    await reader.close();
    for (let generation = 0; generation < 2; generation++) {
      const writer = new CheckpointWriter(first, { shards: 2 });
      for (const tensor of tensors) writer.add(tensor.name, tensor);
      await writer.finish();
    }
    const swept = await o.run('checkpoint', { ...manage, saves: 3 });
    expect(swept).toMatchObject({ checkpoints: [expect.anything(), expect.anything()] });
    expect(readdirSync(directory).filter(name => name.startsWith('ckpt-1.'))).toEqual([]);
  });
});

describe('options of an overwrite', () => {
  test('keepPrevious keeps one generation, for a lazy reader', async () => {
    const prefix = freshPrefix();
    await save(prefix, 1, 4, { shards: 2 });
    const names = (): string[] => readdirSync(join(prefix, '..')).filter(name => name.includes('.data-'));
    const first = names();
    await save(prefix, 2, 4, { shards: 2, keepPrevious: true });
    expect(names()).toEqual(expect.arrayContaining(first));
    await expectGeneration(prefix, 2, 4);
    const kept = names().filter(name => !first.includes(name));
    await save(prefix, 3, 4, { shards: 2, keepPrevious: true });
    expect(names()).toEqual(expect.arrayContaining(kept));
    expect(names().filter(name => first.includes(name))).toEqual([]);
    await save(prefix, 4, 4, { shards: 2 });
    await expectGeneration(prefix, 4, 4);
    await expectClean(prefix);
  });

  test('durable: false keeps the last durable generation until the next durable save', async () => {
    const prefix = freshPrefix();
    await save(prefix, 1, 4);
    const durable = readdirSync(join(prefix, '..')).filter(name => name.includes('.data-'));
    for (let generation = 2; generation <= 6; generation++) {
      await save(prefix, generation, 4, { durable: false });
      await expectGeneration(prefix, generation, 4);
      for (const name of durable) expect(existsSync(join(prefix, '..', name))).toBe(true);
      expect(readdirSync(join(prefix, '..')).length).toBeLessThanOrEqual(2 + 1 + 4);
    }
    await save(prefix, 7, 4);
    await expectGeneration(prefix, 7, 4);
    await expectClean(prefix);
  });

  test('in-place keeps the names and TensorFlow’s bytes', async () => {
    const [prefix, fresh] = [freshPrefix(), freshPrefix()];
    for (let generation = 1; generation <= 3; generation++)
      await save(prefix, generation, 4, { overwrite: 'in-place' });
    await save(fresh, 3, 4);
    expect(differences(prefix, fresh)).toEqual([]);
    await save(prefix, 4, 4);
    await save(prefix, 5, 4, { overwrite: 'in-place', shards: 1 });
    await expectGeneration(prefix, 5, 4);
    await expectClean(prefix);
  });

  test("'error' leaves what is there as it is", async () => {
    const [prefix, fresh] = [freshPrefix(), freshPrefix()];
    await save(fresh, 1, 4);
    await save(prefix, 1, 4, { overwrite: 'error' });
    await expect(save(prefix, 2, 4, { overwrite: 'error' })).rejects.toMatchObject({ code: 'ERR_EXISTS' });
    expect(differences(prefix, fresh)).toEqual([]);
  });
});
