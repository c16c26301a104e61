/** What a save does at its call and in each turn of the event loop, counted: kernels, tensors, reads, bytes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CheckpointReader, loadVariable } from '../../../src/index.js';
import { Checkpoint } from '../../../src/tfjs.js';

const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';
const MIB = 2 ** 20;
let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-calm-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(async () => {
  vi.restoreAllMocks();
  await tf.setBackend('tensorflow');
});

const prefix = (): string => join(scratch, String(++runs), 'ckpt');
const BACKGROUND = { background: true, durable: false } as const;

/** A variable that TensorFlow holds. */
function trained(size: number, value = 1): tf.Variable {
  return tf.tidy(() => tf.variable(tf.fill([size], value)));
}

it('the call runs no kernel, makes no data and no tensor, and raises one number for each value', async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [4] }), tf.layers.activation({ activation: 'relu' })],
  });
  const optimizer = tf.train.momentum(0.1, 0.9);
  optimizer.minimize(() => tf.tidy(() => (model.predict(tf.ones([2, 4])) as tf.Tensor).mean()), false);
  const checkpoint = new Checkpoint({ model, optimizer, list: [trained(8), trained(MIB)] });
  const before = tf.memory();
  const kernels = vi.spyOn(tf.engine(), 'runKernel');
  const reads = vi.spyOn(tf.backend(), 'readSync');
  const raised = vi.spyOn(tf.backend(), 'incRef');
  const save = checkpoint.save(prefix(), BACKGROUND);
  expect(kernels).not.toHaveBeenCalled();
  expect(reads).not.toHaveBeenCalled();
  const during = tf.memory();
  expect(during.numDataBuffers).toBe(before.numDataBuffers);
  // Kernel and bias; their slots, as Keras has them and as they are; two variables.
  expect(raised).toHaveBeenCalledTimes(8);
  expect(during.numTensors).toBe(before.numTensors);
  await save.staged;
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  await save.durable;
});

it('a save looks through the fields of a layer twice, and asks none for its configuration', async () => {
  const layer = tf.layers.dense({ units: 3, inputShape: [4] });
  const plain = tf.layers.activation({ activation: 'relu' });
  let looks = 0;
  Object.defineProperty(plain, 'counted', { enumerable: true, get: () => looks++ });
  const model = tf.sequential({ layers: [layer, plain] });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await model.trainOnBatch(tf.ones([2, 4]), tf.ones([2, 3]));
  const configurations = [layer, plain].map(one => vi.spyOn(one, 'getConfig'));
  await new Checkpoint({ model }).save(prefix(), { durable: false });
  expect(looks).toBe(2);
  for (const asked of configurations) expect(asked).not.toHaveBeenCalled();
});

it.each([
  ['1,500 small variables', () => Array.from({ length: 1500 }, () => trained(16)), 1500],
  ['variables of 1 MiB', () => Array.from({ length: 12 }, () => trained(MIB / 4)), 12],
  ['one of 12 MiB', () => [trained(3 * MIB)], 6],
])('a turn of the event loop reads little: %s', async (_what, make, expected) => {
  const list = make();
  const turns = [{ reads: 0, bytes: 0 }];
  let isOver = false;
  const tick = (): void => {
    turns.push({ reads: 0, bytes: 0 });
    if (!isOver) setImmediate(tick);
  };
  const backend = tf.backend();
  const { readSync } = backend;
  vi.spyOn(backend, 'readSync').mockImplementation(dataId => {
    const data = readSync.call(backend, dataId) as Float32Array;
    turns.at(-1)!.reads++;
    turns.at(-1)!.bytes += data.byteLength;
    return data;
  });
  setImmediate(tick);
  await new Checkpoint({ list }).save(prefix(), { ...BACKGROUND, shards: 1 }).durable;
  isOver = true;
  expect(turns.reduce((sum, { reads }) => sum + reads, 0)).toBe(expected);
  // Between two ticks of this test lie parts of two of its turns.
  expect(Math.max(...turns.map(({ reads }) => reads))).toBeLessThanOrEqual(128);
  expect(Math.max(...turns.map(({ bytes }) => bytes))).toBeLessThanOrEqual(4 * MIB);
  tf.dispose(list);
});

describe.each(['tensorflow', 'cpu'])('on the %s backend', backend => {
  it('the values are those of the call, also of arrays that it did not copy', async () => {
    await tf.setBackend(backend);
    const before = tf.memory().numTensors;
    const arrays = Array.from({ length: 6 }, (_, i) => new Float32Array(MIB / 4).fill(i + 1));
    const [disposed, ...others] = arrays.map(array => tf.tidy(() => tf.variable(tf.tensor1d(array))));
    const small = trained(4, 7);
    const optimizer = tf.train.sgd(1);
    const save = new Checkpoint({ list: [disposed!, ...others], small }).save(prefix(), BACKGROUND);
    disposed!.dispose();
    tf.tidy(() => others[0]!.assign(tf.zeros([MIB / 4])));
    for (let i = 0; i < 1; i++) {
      optimizer.minimize(() => tf.tidy(() => tf.addN(others.map(one => one.sum())).add(small.sum()) as tf.Scalar));
      await new Promise(resolve => setImmediate(resolve));
    }
    await save.durable;
    await using reader = await CheckpointReader.open(save.path);
    for (const i of arrays.keys()) {
      const { data } = await reader.read(`list/${i}${VALUE}`);
      expect((data as Float32Array).every(element => element === i + 1)).toBe(true);
    }
    expect((await reader.read(`small${VALUE}`)).data).toEqual(new Float32Array(4).fill(7));
    optimizer.dispose();
    tf.dispose([...others, small]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('arrays beyond 4 MiB are not copied at the call', async () => {
  const list = Array.from({ length: 6 }, () => tf.variable(tf.tensor1d(new Float32Array(MIB / 2))));
  const slices = vi.spyOn(Float32Array.prototype, 'slice');
  const save = new Checkpoint({ list }).save(prefix(), BACKGROUND);
  expect(slices).toHaveBeenCalledTimes(2);
  await save.durable;
  tf.dispose(list);
});

it.each([
  ['is aborted', 'abort'],
  ['fails', 'fail'],
])('no tensor stays when the save %s', async (_what, how) => {
  const list = Array.from({ length: 300 }, () => trained(MIB / 16));
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const options = { ...BACKGROUND, signal: controller.signal };
  const save = new Checkpoint({ list }).save(how === 'fail' ? '/dev/null/run/ckpt' : prefix(), options);
  setImmediate(() => setImmediate(() => how === 'abort' && controller.abort()));
  await expect(save.durable).rejects.toMatchObject({ name: 'TensorBundleError' });
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose(list);
});

it('slots of momentum are multiplied when they are read, those of a restored optimizer too', async () => {
  const variable = trained(530_000, 1);
  const optimizer = tf.train.momentum(0.5, 0.9);
  optimizer.minimize(() => tf.tidy(() => variable.square().sum() as tf.Scalar));
  const path = prefix();
  const saved = await new Checkpoint({ variable, optimizer }).save(path, { durable: false });
  const key = `optimizer/_variables/1${VALUE}`;
  const { data } = await loadVariable(saved, key);
  // The gradient 2, times the negative learning rate.
  expect((data as Float32Array).every(element => element === -1)).toBe(true);
  const restored = tf.train.momentum(0.5, 0.9);
  const both = new Checkpoint({ variable, optimizer: restored });
  await both.restore(saved);
  const { prefix: second } = await both.save(path, BACKGROUND).durable;
  const { data: again } = await loadVariable(second, key);
  expect(again.length).toBe(data.length);
  expect((again as Float32Array).every(element => element === -1)).toBe(true);
});
