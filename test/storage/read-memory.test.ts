/** The arrays of large reads: whole buffers for callers, placed ones for tensors, and what V8 is told of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { native } from '../../src/binding.js';
import { dtypeInfo } from '../../src/format/dtypes.js';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { ReadMemory, readingWith } from '../../src/storage/read-memory.js';

const MIB = 1024 * 1024;
const FLOAT = dtypeInfo('float32');
const BYTES = 48 * MIB;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-memory-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const told = (): number => native.adjustExternalMemory(0);
/** Before it, the arrays of earlier tests are collected: they would disturb the count when that happens later. */
const toldBefore = async (): Promise<number> => {
  for (let i = 0; i < 3; i++) {
    collect();
    // V8 frees the memory of arrays on another thread.
    await delay(20);
  }
  return told();
};

describe('V8', () => {
  it('is told of the arrays of a read when the read is over', async () => {
    const memory = new ReadMemory(true);
    const before = await toldBefore();
    const array = memory.array('a', FLOAT, [BYTES / 4]);
    expect(Math.abs(told() - before)).toBeLessThan(BYTES / 4);
    memory.tell();
    expect(told() - before).toBeGreaterThan((BYTES * 3) / 4);
    memory.tell();
    expect(told() - before).toBeLessThan((BYTES * 5) / 4);
    expect(array[0]).toBe(0);
  });

  it('is told if the read fails, too', async () => {
    const before = await toldBefore();
    let array: unknown;
    const failing = readingWith(new ReadMemory(false), async memory => {
      array = memory.array('a', FLOAT, [BYTES / 4]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(told() - before).toBeGreaterThan((BYTES * 3) / 4);
    // Asked for last, so that the array is not collected before it was counted.
    expect(array).toHaveLength(BYTES / 4);
  });
});

it.each([64, 1024, 16_384, 16_385, 300_001])('%i floats for a tensor begin at a multiple of 64 bytes', length => {
  const array = new ReadMemory(true).array('a', FLOAT, [length]);
  expect(array).toHaveLength(length);
  if (array.byteLength >= 64 * 1024) expect(native.misalignment(array, 64)).toBe(0);
  else expect(array.byteLength).toBe(array.buffer.byteLength);
});

it('copies for callers have buffers of their own, which can be moved', async () => {
  const prefix = join(directory, 'm');
  const data = Float32Array.from({ length: 3 * MIB }, (_, i) => i % 4099);
  const writer = new CheckpointWriter(prefix, { durable: false });
  writer.add('a', { dtype: 'float32', shape: [data.length], data });
  await writer.finish();
  await using reader = await CheckpointReader.open(prefix);
  const [one] = await reader.readAll(['a'], { copy: true });
  const array = one!.data as Float32Array;
  expect(array.buffer.byteLength).toBe(array.byteLength);
  const moved = structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
  expect(array.byteLength).toBe(0);
  expect(moved.every((value, i) => value === i % 4099)).toBe(true);
});
