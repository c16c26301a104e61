/** With tfjs-node, TensorFlow takes large loaded values without a copy. Then nothing may ever write into them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { native } from '../../src/binding.js';
import { loadWeights, saveWeights } from '../../src/tfjs.js';

const UNITS = 256;

let directory: string;
let prefix: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-taken-'));
  prefix = join(directory, 'model');
  const saved = model();
  await saveWeights(saved, prefix, { durable: false });
  saved.dispose();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function model(): tf.LayersModel {
  const kernelInitializer = 'randomUniform';
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: UNITS, inputShape: [UNITS], kernelInitializer }),
      tf.layers.dense({ units: UNITS, kernelInitializer }),
    ],
  });
}

/** A loaded model, and the very arrays of its kernels, which the backend gives until an operation has used them. */
async function loaded(): Promise<{ live: tf.LayersModel; kernels: Float32Array[] }> {
  const live = model();
  (await loadWeights(live, prefix)).assertConsumed();
  const kernels = live.weights.filter(({ shape }) => shape.length === 2).map(weight => weight.read().dataSync());
  return { live, kernels: kernels as Float32Array[] };
}

const first = (tensor: tf.Tensor): number => tf.tidy(() => tf.slice(tensor, [0, 0], [1, 1]).dataSync()[0]!);

it('large values begin where TensorFlow takes them without a copy', async () => {
  for (let round = 0; round < 3; round++) {
    const { live, kernels } = await loaded();
    expect(kernels.map(kernel => native.misalignment(kernel, 64))).toEqual([0, 0]);
    const kernel = live.weights[0]!.read();
    first(kernel);
    // The tensor is the array.
    kernels[0]![0] = 42 + round;
    expect(first(kernel)).toBe(42 + round);
    live.dispose();
  }
});

it('no operation writes into them', async () => {
  const { live, kernels } = await loaded();
  const before = kernels.map(kernel => kernel.slice());
  const kernel = live.weights[0]!.read();
  tf.tidy(() => {
    const other = tf.ones([UNITS, UNITS]);
    for (const result of [
      kernel.add(1),
      kernel.sub(other),
      kernel.mul(2),
      kernel.neg(),
      kernel.relu(),
      kernel.square(),
      kernel.exp(),
      kernel.softmax(),
      kernel.reshape([-1]).add(1),
      kernel.transpose().mul(3),
      kernel.clipByValue(0, 0.1),
      kernel.cumsum(),
      kernel.clone().add(1),
      kernel.matMul(other),
      tf.addN([kernel, other]),
      tf.where(kernel.greater(0), kernel, other),
    ])
      result.dataSync();
  });
  const variable = tf.variable(kernel as tf.Tensor2D);
  for (let i = 0; i < 3; i++) tf.tidy(() => variable.assign(variable.add(1)));
  variable.dispose();
  expect(kernels).toEqual(before);
  live.dispose();
});

it.each(['sgd', 'momentum', 'adagrad', 'adadelta', 'adam', 'adamax', 'rmsprop'])(
  'nor does training with %s',
  async name => {
    const { live, kernels } = await loaded();
    const before = kernels.map(kernel => kernel.slice());
    const optimizer = name === 'momentum' ? tf.train.momentum(0.1, 0.9) : name;
    live.compile({ optimizer, loss: 'meanSquaredError' });
    const x = tf.ones([4, UNITS]);
    const y = tf.zeros([4, UNITS]);
    await live.fit(x, y, { epochs: 2, verbose: 0 });
    expect(kernels).toEqual(before);
    tf.dispose([x, y]);
    live.dispose();
  },
);
