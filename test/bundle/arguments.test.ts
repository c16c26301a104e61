/** Wrong arguments of the writer: a typed error for each, and no shape that TensorFlow could not restore. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  type LazyTensor,
  type TensorSource,
  type WriterOptions,
} from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'arguments-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(folder, String(++made), 'model');

const code = (expected: string, tensor?: string): object =>
  expect.objectContaining({ code: expected, name: 'TensorBundleError', ...(tensor === undefined ? {} : { tensor }) });
const floats = (shape: unknown, count = 1): TensorSource =>
  ({ dtype: 'float32', shape, data: new Float32Array(count) }) as TensorSource;

describe('shapes', () => {
  test('at most 254 dimensions', async () => {
    const writer = new CheckpointWriter(fresh());
    for (const rank of [255, 300]) {
      const shape = new Array<number>(rank).fill(1);
      expect(() => writer.add('x', floats(shape))).toThrow(code('ERR_SHAPE', 'x'));
      expect(() => writer.add('x', { dtype: 'string', shape, data: () => [] })).toThrow(code('ERR_SHAPE', 'x'));
      expect(() => writer.addSlice('x', shape, shape, floats([1]))).toThrow(code('ERR_SHAPE', 'x'));
      expect(() => writer.addSlice('x', [1], shape, floats([1]))).toThrow(code('ERR_SHAPE', 'x'));
    }
    await writer.add('x', floats(new Array<number>(254).fill(1))).finish();
    await using reader = await CheckpointReader.open(writer.prefix);
    expect(reader.entry('x').shape).toHaveLength(254);
  });

  test('the product in order stays a safe integer, whatever 0 comes later', async () => {
    const writer = new CheckpointWriter(fresh());
    for (const shape of [
      [2 ** 40, 2 ** 40, 0],
      [2 ** 52, 2, 0],
    ]) {
      expect(() => writer.add('x', floats(shape, 0))).toThrow(code('ERR_SHAPE', 'x'));
      expect(() => writer.addSlice('x', shape, [0, 0, 0], floats([1, 1, 0], 0))).toThrow(code('ERR_SHAPE', 'x'));
    }
    writer.add('x', floats([2 ** 52, 0], 0)).add('y', floats([0, 2 ** 40, 2 ** 40], 0));
    await writer.finish();
    await using reader = await CheckpointReader.open(writer.prefix);
    expect([reader.entry('x').shape, reader.entry('y').shape]).toEqual([
      [2 ** 52, 0],
      [0, 2 ** 40, 2 ** 40],
    ]);
  });

  test('missing, or no arrays', () => {
    const writer = new CheckpointWriter(fresh());
    for (const wrong of [undefined, null, 3, '3', { length: 1 }, Int32Array.of(1)]) {
      expect(() => writer.add('x', floats(wrong))).toThrow(code('ERR_SHAPE', 'x'));
      expect(() => writer.addSlice('x', wrong as number[], [0], floats([1]))).toThrow(code('ERR_SHAPE', 'x'));
      expect(() => writer.addSlice('x', [2], wrong as number[], floats([1]))).toThrow(code('ERR_SHAPE', 'x'));
    }
    expect(() => writer.addSlice('x', [2], new Array<number>(1), floats([1]))).toThrow(code('ERR_SHAPE', 'x'));
  });
});

test('lazy strings and variants that are none', async () => {
  async function* words(): AsyncGenerator<string> {
    yield 'word';
  }
  for (const dtype of ['string', 'variant'] as const) {
    for (const data of [() => undefined, () => null, async () => 3, () => 'text', () => [3], words]) {
      if (data === words && dtype === 'string') continue;
      const lazy = { dtype, shape: [1], data } as unknown as LazyTensor;
      await expect(new CheckpointWriter(fresh()).add('x', lazy).finish()).rejects.toEqual(code('ERR_DTYPE', 'x'));
    }
  }
});

test('options', async () => {
  const bad: object[] = [
    { onProgress: 'loud' },
    { onProgress: null },
    { signal: {} },
    { signal: new AbortController() },
    { signal: null },
    { durable: 'false' },
    { durable: 0 },
    { keepPrevious: 1 },
    { keepPrevious: null },
    { lockTimeoutMs: '5' },
  ];
  for (const options of bad) {
    expect(() => new CheckpointWriter('x', options as WriterOptions)).toThrow(code('ERR_INVALID_ARGUMENT'));
    await expect(copyCheckpoint('x', 'y', options as WriterOptions)).rejects.toEqual(code('ERR_INVALID_ARGUMENT'));
  }
  expect(() => new CheckpointWriter('x', null as unknown as WriterOptions)).toThrow(code('ERR_INVALID_ARGUMENT'));
});
