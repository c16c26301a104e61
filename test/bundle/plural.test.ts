/**
 * `check` and `readAll`: many tensors in one call each, what is wrong said as by `read`, and each entry decoded once.
 */

import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { CheckpointReader, CheckpointWriter, type TensorBundleError } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { decodedNames } from './decodes.js';

vi.mock('../../src/format/entry.js', async original => (await import('./decodes.js')).watched(await original()));

const scratch = new Scratch('plural');
afterEach(() => vi.restoreAllMocks());

/** Tensors `t0` to `tN`, of four floats each, over some data files. */
async function saved(count: number, shards = 1): Promise<string> {
  const prefix = join(scratch.directory(), 'model');
  const writer = new CheckpointWriter(prefix, { shards, durable: false });
  for (let i = 0; i < count; i++)
    writer.add(`t${i}`, { dtype: 'float32', shape: [4], data: new Float32Array(4).fill(i) });
  await writer.finish();
  return prefix;
}

/** Of each kind one, and a partitioned tensor. */
async function mixed(): Promise<string> {
  const prefix = join(scratch.directory(), 'mixed');
  const writer = new CheckpointWriter(prefix, { shards: 2, durable: false });
  writer.add('large', { dtype: 'int32', shape: [2048], data: new Int32Array(2048).fill(7) });
  writer.add('text', { dtype: 'string', shape: [2], data: ['a', 'bc'] });
  writer.add('none', { dtype: 'float32', shape: [0, 3], data: new Float32Array() });
  for (const start of [0, 2]) {
    const data = new Float32Array(6).fill(start);
    writer.addSlice('cut', [4, 3], [start, 0], { dtype: 'float32', shape: [2, 3], data });
  }
  await writer.finish();
  return prefix;
}

async function damage(prefix: string, name: string): Promise<{ path: string; offset: number }> {
  const reader = await CheckpointReader.open(prefix);
  const { shard, offset } = reader.entry(name);
  await reader.close();
  const path = `${prefix}.data-0000${shard}-of-0000${reader.numShards}`;
  await write(path, offset!, [0xff, 0xfe]);
  return { path, offset: offset! };
}

async function write(path: string, offset: number, bytes: readonly number[]): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Uint8Array.from(bytes), 0, bytes.length, offset);
  await file.close();
}

/** Where each tensor and slice lies, in the order of the files. */
async function placesOf(prefix: string): Promise<{
  names: readonly string[];
  places: readonly { tensor: string; path: string; offset: number }[];
}> {
  await using reader = await CheckpointReader.open(prefix);
  const names = reader.names();
  const places = names.flatMap(tensor => {
    const entry = reader.entry(tensor);
    const parts = entry.slices.length > 0 ? entry.slices : [{ shard: entry.shard!, offset: entry.offset! }];
    return parts.map(({ shard, offset }) => ({ tensor, path: `${prefix}.data-0000${shard}-of-00002`, offset }));
  });
  return { names, places: places.sort((a, b) => a.path.localeCompare(b.path) || a.offset - b.offset) };
}

const errorOf = (work: Promise<unknown>): Promise<TensorBundleError> =>
  work.then(
    () => expect.fail('it should fail'),
    error => error,
  );

describe('readAll', () => {
  test('gives what read gives, in the order of the names, whatever was asked for', async () => {
    await using reader = await CheckpointReader.open(await mixed());
    const names = ['text', 'cut', 'large', 'none', 'cut', 'large'];
    for (const copy of [false, true]) {
      const values = await reader.readAll(names, { copy });
      expect(values).toEqual(await Promise.all(names.map(name => reader.read(name, { copy }))));
      const [first, second] = [values[2]!.data as Int32Array, values[5]!.data as Int32Array];
      expect(first.buffer === second.buffer).toBe(!copy);
    }
    expect(await reader.readAll([])).toEqual([]);
  });

  test('is one native call, over all files', async () => {
    await using reader = await CheckpointReader.open(await saved(500, 3));
    const reads = vi.spyOn(native, 'readRanges');
    const values = await reader.readAll(reader.names());
    expect(values.map(({ data }) => `t${(data as Float32Array)[3]}`)).toEqual(reader.names());
    expect(reads).toHaveBeenCalledTimes(1);
  });
});

describe('check', () => {
  test('is one native call, and what was checked is not read again', async () => {
    await using reader = await CheckpointReader.open(await saved(500, 3));
    const checks = vi.spyOn(native, 'checksumRanges');
    const progress: number[] = [];
    await reader.check([...reader.names(), 't1'], { onProgress: ({ bytes }) => progress.push(bytes) });
    expect(progress).toEqual([500 * 16]);
    expect(checks).toHaveBeenCalledTimes(1);
    await reader.check(reader.names());
    expect(checks).toHaveBeenCalledTimes(1);
  });

  test('is of strings, variants and slices too, and works where reads do not check', async () => {
    const prefix = await mixed();
    await damage(prefix, 'text');
    await using reader = await CheckpointReader.open(prefix, { verify: 'never' });
    await reader.check(['cut', 'large', 'none']);
    expect(await errorOf(reader.check(['cut', 'text']))).toMatchObject({ tensor: 'text' });
    const gap = join(scratch.directory(), 'gap');
    const part = { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) } as const;
    await new CheckpointWriter(gap).addSlice('cut', [4, 3], [0, 0], part).finish();
    await using parts = await CheckpointReader.open(gap);
    expect(await errorOf(parts.check(['cut']))).toMatchObject({ code: 'ERR_SLICE_GAP', tensor: 'cut' });
  });
});

describe.each(['check', 'readAll'] as const)('%s', what => {
  test('says of several damaged tensors the one that comes first in the files', async () => {
    const prefix = await saved(300, 2);
    await damage(prefix, 't250');
    const { path, offset } = await damage(prefix, 't77');
    await using reader = await CheckpointReader.open(prefix);
    const error = await errorOf(reader[what](reader.names()));
    expect(error).toMatchObject({ code: 'ERR_CHECKSUM', tensor: 't77', path, offset });
  });

  test('says the first in the files, whatever is read how and wherever the name is in the list', async () => {
    // `a` is copied, `b` may be a view, `cut` has slices, and so on again in the second file.
    const prefix = join(scratch.directory(), 'kinds');
    const writer = new CheckpointWriter(prefix, { shards: 2, durable: false });
    for (const half of [1, 2]) {
      writer.add(`a${half}`, { dtype: 'float32', shape: [4], data: new Float32Array(4) });
      for (const start of [0, 1024]) {
        const part = { dtype: 'float32', shape: [1024], data: new Float32Array(1024) } as const;
        writer.addSlice(`cut${half}`, [2048], [start], part);
      }
      writer.add(`b${half}`, { dtype: 'float32', shape: [2048], data: new Float32Array(2048) });
    }
    await writer.finish();
    const { names, places } = await placesOf(prefix);
    for (const [i, first] of places.entries()) {
      const later = places.slice(i);
      for (const { path, offset } of later) await write(path, offset, [0xff, 0xfe]);
      await using reader = await CheckpointReader.open(prefix);
      for (const order of [names, names.toReversed()])
        expect(await errorOf(reader[what](order))).toMatchObject({ code: 'ERR_CHECKSUM', ...first });
      for (const { path, offset } of later) await write(path, offset, [0, 0]);
    }
    // Now each file ends in its first tensor.
    for (const { path } of places) await truncate(path, 1);
    await using reader = await CheckpointReader.open(prefix);
    for (const order of [names, names.toReversed()])
      expect(await errorOf(reader[what](order))).toMatchObject({ code: 'ERR_TRUNCATED', ...places[0]! });
  });

  test('names the tensor where a file was cut after it was opened', async () => {
    const prefix = await saved(10);
    await using reader = await CheckpointReader.open(prefix, { verify: 'never' });
    const path = `${prefix}.data-00000-of-00001`;
    await truncate(path, 7 * 16 + 4);
    const names = reader.names().toReversed();
    expect(await errorOf(reader[what](names))).toMatchObject({ code: 'ERR_TRUNCATED', path, tensor: 't7' });
    expect(await errorOf(reader.read('t8'))).toMatchObject({ code: 'ERR_TRUNCATED', path, tensor: 't8' });
    expect((await reader.verify()).problems.map(({ tensor }) => tensor)).toEqual(['t7', 't8', 't9']);
  });

  test('finds one range that cannot be read by halving', async () => {
    const prefix = await saved(4096);
    await using reader = await CheckpointReader.open(prefix, { verify: 'never' });
    const call = what === 'check' ? 'checksumRanges' : 'readRanges';
    const calls = vi.spyOn(native, call);
    // The file ends in the middle of the last tensor from now on.
    const path = `${prefix}.data-00000-of-00001`;
    await truncate(path, 4096 * 16 - 8);
    expect(await errorOf(reader[what](reader.names()))).toMatchObject({ code: 'ERR_TRUNCATED', path });
    expect(calls.mock.calls.length).toBe(1 + 2 * 12 + (what === 'readAll' ? 1 : 0));
  });

  test('refuses what is not there before it reads, and what is no list of names', async () => {
    await using reader = await CheckpointReader.open(await saved(3));
    const calls = [vi.spyOn(native, 'readRanges'), vi.spyOn(native, 'checksumRanges')];
    expect(await errorOf(reader[what](['t0', 'nothing']))).toMatchObject({ code: 'ERR_NOT_FOUND', tensor: 'nothing' });
    for (const wrong of ['t0', undefined, [1], new Array<string>(2)])
      expect(await errorOf(reader[what](wrong as string[]))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    const signal = AbortSignal.abort();
    expect(await errorOf(reader[what](['t0'], { signal }))).toMatchObject({ code: 'ERR_ABORTED' });
    await reader.close();
    expect(await errorOf(reader[what](['t0']))).toMatchObject({ code: 'ERR_CLOSED' });
    for (const call of calls) expect(call).not.toHaveBeenCalled();
  });
});

test('each entry is decoded once, however often it is asked for', async () => {
  const prefix = await saved(200);
  decodedNames.length = 0;
  await using reader = await CheckpointReader.open(prefix, { verify: 'open' });
  for (const name of reader.names()) reader.entry(name);
  await reader.check(reader.names());
  await reader.readAll(reader.names());
  await Promise.all(reader.names().map(name => reader.read(name)));
  await reader.verify();
  expect(decodedNames.length).toBe(200);
});
