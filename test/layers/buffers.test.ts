/**
 * A Node Buffer is a Uint8Array whose `slice` copies nothing: a save must not take one that it was given for its own,
 * and free it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { captureTensor } from '../../src/bundle/tf-staging.js';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { Checkpoint } from '../../src/tfjs.js';

const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';
const directory = mkdtempSync(join(tmpdir(), 'buffers-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => tf.setBackend('tensorflow'));

async function read(prefix: string, name: string): Promise<unknown> {
  await using reader = await CheckpointReader.open(prefix);
  return (await reader.read(name)).data;
}

/** No `toEqual` of millions of elements, whose difference takes minutes to print. */
const areOnes = (data: unknown, length: number): boolean => Buffer.alloc(length, 1).equals(data as Uint8Array);

describe.each([
  ['small', 100],
  ['above 64 KiB', 200_000],
  ['above 2 MiB', 2_200_000],
])('a bool tensor made of a Buffer, %s', (_size, length) => {
  it('is there after it was written by `add`', async () => {
    const prefix = join(directory, `add-${length}`);
    const buffer = Buffer.alloc(length, 1);
    const tensor = tf.tensor(buffer as Uint8Array, [length], 'bool');
    await new CheckpointWriter(prefix, { durable: false }).add('mask', tensor).finish();
    expect(buffer.length).toBe(length);
    expect(areOnes(await read(prefix, 'mask'), length)).toBe(true);
    expect(tensor.dataSync().length).toBe(length);
    tensor.dispose();
  });

  it('is saved as it is at the call, and is there afterwards', async () => {
    const prefix = join(directory, `write-${length}`);
    const buffer = Buffer.alloc(length, 1);
    const v = tf.variable(tf.tensor(buffer as Uint8Array, [length], 'bool'));
    const saving = new Checkpoint({ v }).write(prefix, { durable: false });
    buffer.fill(0);
    await saving;
    expect(areOnes(await read(prefix, `v${VALUE}`), length)).toBe(true);
    expect(buffer.length).toBe(length);
    v.dispose();
  });
});

it('a value that is read as a Buffer, or has Buffers as elements, is saved as it is at the call', async () => {
  const prefix = join(directory, 'tracked');
  const [numbers, text] = [Buffer.alloc(10, 1), Buffer.from('one')];
  const assign = (): void => undefined;
  const checkpoint = new Checkpoint({
    numbers: { dtype: 'uint8' as const, shape: [10], read: () => numbers, assign },
    text: { dtype: 'string' as const, shape: [], read: () => [text], assign },
  });
  const saving = checkpoint.save(prefix, { background: true, durable: false });
  numbers.fill(0);
  text.fill(0);
  await saving.durable;
  expect(areOnes(await read(saving.path, `numbers${VALUE}`), 10)).toBe(true);
  expect(await read(saving.path, `text${VALUE}`)).toEqual([new Uint8Array(Buffer.from('one'))]);
});

it('the parts of a complex tensor are arrays of the caller on the cpu backend', async () => {
  await tf.setBackend('cpu');
  const [real, imag] = [new Float32Array([1, 2]), new Float32Array([3, 4])];
  const value = tf.complex(real, imag);
  const capture = captureTensor(value);
  real.fill(7);
  imag.fill(7);
  expect(await capture.data()).toEqual(new Float32Array([1, 3, 2, 4]));
  capture.release();
  value.dispose();
});
