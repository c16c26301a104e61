/** How tensors become bytes: in pieces, right, and without touching what belongs to others. */
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, describe, expect, it } from 'vitest';
import { captureTensor, type HeldTensor } from '../../src/bundle/tf-staging.js';

const COUNT = 1_500_001;
const PIECE = 2 * 1024 * 1024;

afterEach(() => tf.setBackend('tensorflow'));

const NUMBERS = new Float32Array(COUNT).map((_, i) => i * 0.5);
const numbers = (): Float32Array => NUMBERS.slice();

async function piecesOf(tensor: tf.Tensor): Promise<Uint8Array[]> {
  const capture = captureTensor(tensor);
  try {
    return await allOf(capture);
  } finally {
    capture.release();
  }
}

/**
 * Of a tensor that TensorFlow holds in pieces; of one that is an array of JavaScript's at once, since it was copied.
 */
async function allOf(capture: HeldTensor): Promise<Uint8Array[]> {
  const data = capture.data();
  if (!(Symbol.asyncIterator in data)) return [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  const pieces: Uint8Array[] = [];
  for await (const piece of data) pieces.push(piece);
  return pieces;
}

function bytes(array: Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

describe.each(['tensorflow', 'cpu'])('on the %s backend', backend => {
  it.each([
    [
      'a result of an operation',
      () => tf.tidy(() => tf.add(tf.tensor(numbers(), [COUNT, 1]), 0) as tf.Tensor),
      backend === 'tensorflow',
    ],
    ['a tensor made from an array', () => tf.tensor(numbers(), [COUNT, 1]), false],
  ])('%s comes in pieces of at most 2 MiB, or was copied, and no tensor stays', async (_what, make, isCut) => {
    tf.setBackend(backend);
    const tensor = make();
    const before = tf.memory().numTensors;
    const pieces = await piecesOf(tensor);
    expect(tf.memory().numTensors).toBe(before);
    expect(pieces).toHaveLength(isCut ? 3 : 1);
    if (isCut) expect(Math.max(...pieces.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(PIECE);
    expect(Buffer.concat(pieces).equals(bytes(numbers()))).toBe(true);
    tensor.dispose();
  });

  it.each([
    ['large', COUNT],
    ['small', 8],
  ])('never hands out memory of a %s tensor', async (_what, count) => {
    tf.setBackend(backend);
    const array = numbers().slice(0, count);
    const tensor = tf.tensor(array);
    const capture = captureTensor(tensor);
    const data = await capture.data();
    const first = Symbol.asyncIterator in data ? (await data[Symbol.asyncIterator]().next()).value : data;
    expect((first as Uint8Array).buffer).not.toBe(array.buffer);
    capture.release();
    tensor.dispose();
  });

  it('survives assignment and disposal of the variable', async () => {
    tf.setBackend(backend);
    const variable = tf.variable(tf.tensor(numbers()));
    const capture = captureTensor(variable);
    variable.assign(tf.zeros([COUNT]));
    variable.dispose();
    const pieces = await allOf(capture);
    capture.release();
    expect(Buffer.concat(pieces).equals(bytes(numbers()))).toBe(true);
  });

  it('is not disposed by a tidy around the capture', async () => {
    tf.setBackend(backend);
    const captures: HeldTensor[] = [];
    tf.tidy(() => {
      captures.push(captureTensor(tf.tensor([1, 2, 3])));
    });
    for (const capture of captures) {
      expect(await capture.data()).toEqual(Float32Array.of(1, 2, 3));
      capture.release();
    }
  });
});

it('does not upload a tensor that TensorFlow has not seen', async () => {
  const tensor = tf.tensor(numbers());
  await piecesOf(tensor);
  const { tensorMap } = tf.backend() as unknown as { tensorMap: WeakMap<object, { values: unknown }> };
  expect(tensorMap.get(tensor.dataId)?.values).not.toBeNull();
  tensor.dispose();
});

it('gives any range of the bytes, in pieces that share no buffer', async () => {
  const tensors = [tf.tensor(numbers()), tf.tidy(() => tf.add(tf.tensor(numbers()), 0))];
  for (const tensor of tensors) {
    const before = tf.memory().numTensors;
    const capture = captureTensor(tensor);
    for (const [begin, end] of [
      [0, 0],
      [3, 5],
      [1, PIECE + 2],
      [PIECE - 1, 4 * COUNT],
    ] as const) {
      const pieces: Uint8Array[] = [];
      for await (const piece of capture.pieces(begin, end)) pieces.push(piece);
      expect(Buffer.concat(pieces).equals(bytes(numbers()).subarray(begin, end))).toBe(true);
      expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
    }
    capture.release();
    expect(tf.memory().numTensors).toBe(before);
    tensor.dispose();
  }
});

it('leaves a tensor on the backend where it is, though another is in use', async () => {
  await tf.setBackend('cpu');
  const tensor = tf.tensor([1, 2, 3]);
  await tf.setBackend('tensorflow');
  const capture = captureTensor(tensor);
  expect(capture.data()).toEqual(Float32Array.of(1, 2, 3));
  capture.release();
  const { tensorMap } = tf.backend() as unknown as { tensorMap: { has(dataId: object): boolean } };
  expect(tensorMap.has(tensor.dataId)).toBe(false);
  tensor.dispose();
});

it.each([
  ['int32', [1, -2]],
  ['bool', [1, 0]],
] as const)('gives %s as its own bytes', async (dtype, values) => {
  const capture = captureTensor(tf.tensor([...values], [2], dtype));
  const data = (await capture.data()) as Int32Array;
  expect(data.byteLength).toBe(dtype === 'bool' ? 2 : 8);
  expect([...data]).toEqual(values);
  capture.release();
});
