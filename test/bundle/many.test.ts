/** What 100,000 small tensors may cost: not in time, but in promises and native calls, and in what a save holds. */
import { createHook } from 'node:async_hooks';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { CheckpointReader } from '../../src/bundle/reader.js';
import { CheckpointWriter } from '../../src/bundle/writer.js';

const COUNT = 20_000;
const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
const prefix = join(directory, 'many');
const saved = join(directory, 'saved');
const nameOf = (i: number): string => `layer-${i}/kernel`;

/** How many promises were made while the action ran. */
async function promisesOf(action: () => Promise<unknown>): Promise<number> {
  let promises = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') promises++;
    },
  });
  hook.enable();
  try {
    await action();
  } finally {
    hook.disable();
  }
  return promises;
}

/** How often each function of the addon was called while the action ran. */
async function callsOf(action: () => Promise<unknown>): Promise<Record<string, number>> {
  const names = Object.keys(native).filter(name => typeof native[name as keyof typeof native] === 'function');
  const spies = names.map(name => vi.spyOn(native, name as keyof typeof native));
  try {
    await action();
    return Object.fromEntries(names.map((name, i) => [name, spies[i]!.mock.calls.length]));
  } finally {
    vi.restoreAllMocks();
  }
}

const arrays = Array.from({ length: COUNT }, (_, i) => new Float32Array(16).fill(i));

function written(path: string): CheckpointWriter {
  const writer = new CheckpointWriter(path, { durable: false });
  for (let i = 0; i < COUNT; i++) writer.add(nameOf(i), { dtype: 'float32', shape: [16], data: arrays[i]! });
  return writer;
}

beforeAll(async () => {
  await written(prefix).finish();
});

afterAll(() => rmSync(directory, { recursive: true }));

test('a save makes no promise and no native call per tensor', async () => {
  expect(await promisesOf(() => written(saved).finish())).toBeLessThan(COUNT / 20);
  const { crc32c, crc32cCombine, copyBytes, appendShard, ...rest } = await callsOf(() => written(saved).finish());
  expect([crc32cCombine, copyBytes]).toEqual([0, 0]);
  // Blocks of the index have 256 KiB; a call of data has up to 2 MiB or 16,384 tensors.
  expect(crc32c).toBeLessThan(20);
  expect(appendShard).toBeLessThan(8);
  expect(Object.values(rest).reduce((sum, calls) => sum + calls!, 0)).toBeLessThan(120);
});

test('opening, listing and reading all make none either', async () => {
  const action = async (): Promise<void> => {
    await using reader = await CheckpointReader.open(prefix);
    const names = reader.names();
    for (const name of names) expect(reader.entry(name).shape.length).toBe(1);
    const values = await reader.readAll(names);
    expect(values.length).toBe(COUNT);
  };
  expect(await promisesOf(action)).toBeLessThan(COUNT / 20);
  const { crc32c, crc32cCombine, readRanges, checksumRanges } = await callsOf(action);
  expect([crc32cCombine, checksumRanges]).toEqual([0, 0]);
  expect(crc32c).toBeLessThan(20);
  expect(readRanges).toBeLessThan(8);
});

test('reads of single tensors at once are joined, and every value has memory of its own', async () => {
  await using reader = await CheckpointReader.open(prefix);
  const values: { data: Float32Array }[] = [];
  const { readRanges } = await callsOf(async () => {
    const reads = Array.from({ length: COUNT }, (_, i) => reader.read(nameOf(i)));
    values.push(...((await Promise.all(reads)) as { data: Float32Array }[]));
  });
  expect(readRanges).toBeLessThan(8);
  expect(values.every(({ data }, i) => data.length === 16 && data[0] === i && data[15] === i)).toBe(true);
  const all = (await reader.readAll([nameOf(1), nameOf(2), nameOf(1)])) as { data: Float32Array }[];
  for (const { data } of [...values.slice(0, 3), ...all]) expect(data.buffer.byteLength).toBe(64);
  expect(all[0]!.data).not.toBe(all[2]!.data);
});

test('an array whose properties lie is saved as what it really holds', async () => {
  const path = join(directory, 'lies');
  const writer = new CheckpointWriter(path, { durable: false });
  writer.add('first', { dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) });
  const odd = Float32Array.of(1, 2);
  writer.add('odd', { dtype: 'float32', shape: [2], data: odd });
  const liar = Int32Array.of(7, 8, 9);
  Object.defineProperty(liar, 'length', { value: 2 });
  writer.add('liar', { dtype: 'int32', shape: [2], data: liar });
  Object.defineProperty(odd, 'length', { value: 1 });
  Object.defineProperty(odd, 'buffer', { value: new ArrayBuffer(8) });
  expect(await writer.finish().catch(error => error.code)).toBe('ERR_SHAPE');
});

test('names are found in any order, and those that are not there are not', async () => {
  await using reader = await CheckpointReader.open(prefix);
  expect(reader.has('layer-19999/kernel')).toBe(true);
  expect(['', 'layer-20000/kernel', 'layer-7/kerne', '\ud800'].map(name => reader.has(name))).toEqual(
    Array(4).fill(false),
  );
  for (let i = COUNT - 1; i >= 0; i -= 7) expect(reader.entry(nameOf(i)).offset).toBe(64 * i);
  for (const name of reader.names()) expect(reader.has(name)).toBe(true);
  expect(reader.has('layer-x')).toBe(false);
});
