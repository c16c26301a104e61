/** Tensors and variables of the real TensorFlow.js as sources; the core knows them only by their members. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, type TensorData, type TfTensorLike } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'tfjs-source-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function roundTrip(name: string, tensors: Record<string, TfTensorLike>): Promise<CheckpointReader> {
  const writer = new CheckpointWriter(join(folder, name), { durable: false });
  for (const [key, tensor] of Object.entries(tensors)) writer.add(key, tensor);
  await writer.finish();
  return CheckpointReader.open(join(folder, name), { verify: 'open' });
}

test('every type of tensor, and variables', async () => {
  const variable = tf.variable(tf.tensor2d([[1, 2, 3]]));
  const tensors: Record<string, tf.Tensor> = {
    f: tf.tensor2d([
      [1.5, -2],
      [3, Number.NaN],
    ]),
    i: tf.tensor1d([1, -2, 3], 'int32'),
    b: tf.tensor1d([1, 0, 1], 'bool'),
    c: tf.complex([1, 2], [3, 4]),
    s: tf.tensor2d(['a', 'é', '', '漢'], [2, 2], 'string'),
    scalar: tf.scalar(7),
    empty: tf.zeros([0, 3]),
    v: variable,
    computed: tf.add(variable, 1),
  };
  await using reader = await roundTrip('types', tensors);
  const expected: Record<string, [string, number[], TensorData]> = {
    f: ['float32', [2, 2], Float32Array.of(1.5, -2, 3, Number.NaN)],
    i: ['int32', [3], Int32Array.of(1, -2, 3)],
    b: ['bool', [3], Uint8Array.of(1, 0, 1)],
    c: ['complex64', [2], Float32Array.of(1, 3, 2, 4)],
    scalar: ['float32', [], Float32Array.of(7)],
    empty: ['float32', [0, 3], new Float32Array(0)],
    v: ['float32', [1, 3], Float32Array.of(1, 2, 3)],
    computed: ['float32', [1, 3], Float32Array.of(2, 3, 4)],
  };
  for (const [name, [dtype, shape, data]] of Object.entries(expected)) {
    expect(await reader.read(name), name).toEqual({ dtype, shape, data });
  }
  const { data } = await reader.read('s');
  expect((data as Uint8Array[]).map(element => Buffer.from(element).toString())).toEqual(['a', 'é', '', '漢']);
});

test('strings that are not UTF-8 keep their bytes', async () => {
  const bytes = [Uint8Array.of(0xff, 0, 0xfe), Uint8Array.of(0x80)];
  await using reader = await roundTrip('bytes', { s: tf.tensor(bytes as unknown as string[], [2], 'string') });
  expect(((await reader.read('s')).data as Uint8Array[]).map(element => [...element])).toEqual([[255, 0, 254], [128]]);
});

test('a large one goes in pieces, leaks no tensor, and the loop turns meanwhile', async () => {
  const count = 3 * 2 ** 20 + 7;
  const tensor = tf.range(0, count, 1, 'int32');
  const before = tf.memory().numTensors;
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await using reader = await roundTrip('large', { t: tensor });
  clearInterval(timer);
  expect(tf.memory().numTensors).toBe(before);
  expect(turns).toBeGreaterThan(1);
  const data = (await reader.read('t')).data as Int32Array;
  expect(data.every((value, i) => value === i)).toBe(true);
});

test('a failed save leaks no tensor either', async () => {
  const tensor = tf.zeros([2 ** 21]);
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const writer = new CheckpointWriter(join(folder, 'failed'), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  writer.add('t', tensor).add('u', tensor);
  await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(tf.memory().numTensors).toBe(before);
});
