/**
 * Loss scaling as an optimizer of TensorFlow.js. Its numbers beside Keras's: test/layers/optimizers/wrapped.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { Adam, LossScaleOptimizer, SGD } from '../../src/optimizers.js';
import { loadModel, saveModel } from '../../src/tfjs.js';

function begin(optimizer: tf.Optimizer): tf.LayersModel {
  const kernelInitializer = tf.initializers.constant({ value: -0.5 });
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], kernelInitializer })] });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];
const weightsOf = (model: tf.LayersModel): number[] => model.getWeights().flatMap(one => [...one.dataSync()]);
const learn = async (model: tf.LayersModel, epochs: number): Promise<tf.History> =>
  await model.fit(x, y, { epochs, verbose: 0, shuffle: false });

describe.each([
  ['tf.train.adam', () => tf.train.adam(0.01)],
  ['tf.train.momentum', () => tf.train.momentum(0.01, 0.9)],
  ['Adam', () => new Adam({ learningRate: 0.01 })],
] as const)('around %s', (_name, make) => {
  it('trains as the inner one does, keeps no tensor and reports the loss itself', async () => {
    // A power of two changes no float32.
    const [plain, wrapped] = [begin(make()), begin(new LossScaleOptimizer(make()))];
    const [expected, found] = [await learn(plain, 3), await learn(wrapped, 3)];
    expect(weightsOf(wrapped)).toEqual(weightsOf(plain));
    expect(found.history.loss).toEqual(expected.history.loss);
    const before = tf.memory().numTensors;
    await learn(wrapped, 3);
    expect(tf.memory().numTensors).toBe(before);
    const { iterations, stepCounter, dynamicScale } = wrapped.optimizer as LossScaleOptimizer;
    expect({ iterations, stepCounter, dynamicScale }).toEqual({ iterations: 6, stepCounter: 6, dynamicScale: 32768 });
  });

  it('goes on from its weights and its configuration, as tfjs saves them', async () => {
    const optimizer = new LossScaleOptimizer(make(), { initialScale: 64, dynamicGrowthSteps: 2 });
    const model = begin(optimizer);
    await learn(model, 3);
    const config = JSON.parse(JSON.stringify(optimizer.getConfig())) as tf.serialization.ConfigDict;
    const again = LossScaleOptimizer.fromConfig(
      LossScaleOptimizer as unknown as tf.serialization.SerializableConstructor<LossScaleOptimizer>,
      config,
    );
    expect(again.getConfig()).toEqual(optimizer.getConfig());
    await again.setWeights(await optimizer.getWeights());
    const { iterations, stepCounter, dynamicScale } = again;
    expect({ iterations, stepCounter, dynamicScale }).toEqual({ iterations: 3, stepCounter: 1, dynamicScale: 128 });
  });

  it('sets the rate of the inner one', () => {
    const optimizer = new LossScaleOptimizer(make());
    optimizer.learningRate = 0.5;
    expect(optimizer.learningRate).toBe(0.5);
    const w = tf.variable(tf.scalar(1));
    optimizer.minimize(() => tf.mul(w, 2).asScalar(), false, [w]);
    expect(Math.abs(1 - w.dataSync()[0]!)).toBeGreaterThan(0.1);
  });
});

it('leaves out a step that is not finite, makes the scale smaller, and larger again', () => {
  const optimizer = new LossScaleOptimizer(new SGD({ learningRate: 1 }), { initialScale: 4, dynamicGrowthSteps: 2 });
  const [w, other] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.scalar(3))];
  const step = (...gradients: number[]): void =>
    tf.tidy(() =>
      optimizer.applyGradients([
        { name: w.name, tensor: tf.tensor1d(gradients) },
        { name: other.name, tensor: tf.scalar(0) },
      ]),
    );
  const state = (): unknown => [...w.dataSync(), optimizer.iterations, optimizer.dynamicScale, optimizer.stepCounter];
  step(4, 8);
  expect(state()).toEqual([0, 0, 1, 4, 1]);
  step(Number.POSITIVE_INFINITY, 0);
  expect(state()).toEqual([0, 0, 1, 2, 0]);
  step(0, Number.NaN);
  expect(state()).toEqual([0, 0, 1, 1, 0]);
  step(1, 1);
  step(1, 1);
  expect(state()).toEqual([-2, -2, 3, 2, 0]);
});

it('is used by hand: gradients of the scaled loss, one of them a variable that has none', () => {
  const optimizer = new LossScaleOptimizer(tf.train.sgd(1), { initialScale: 8 });
  const [w, idle] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(5))];
  const { value, grads } = optimizer.computeGradients(() => tf.mul(w, 3).asScalar(), [w]);
  expect([value.dataSync()[0], grads[w.name]!.dataSync()[0]]).toEqual([3, 24]);
  optimizer.applyGradients([
    { name: w.name, tensor: grads[w.name]! },
    { name: idle.name, tensor: undefined as unknown as tf.Tensor },
  ]);
  expect([w.dataSync()[0], idle.dataSync()[0]]).toEqual([-2, 5]);
  expect(optimizer.scaleLoss(tf.scalar(2)).dataSync()[0]).toBe(16);
});

it('comes back with its model', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-loss-scale-'));
  try {
    const scaled = new LossScaleOptimizer(new Adam({ learningRate: 0.25, decay: 0.5 }), { initialScale: 64 });
    for (const optimizer of [scaled, new LossScaleOptimizer(tf.train.momentum(0.25, 0.5), { initialScale: 64 })]) {
      const model = begin(optimizer);
      await learn(model, 3);
      await saveModel(model, join(directory, 'model'));
      const again = await loadModel(join(directory, 'model'));
      const { dynamicScale, stepCounter, iterations, learningRate } = again.optimizer as LossScaleOptimizer;
      expect([dynamicScale, stepCounter, iterations, learningRate]).toEqual([64, 3, 3, 0.25]);
      await Promise.all([learn(model, 3), learn(again, 3)]);
      expect(weightsOf(again)).toEqual(weightsOf(model));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it('refuses what cannot be meant', () => {
  const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
  const inner = new Adam();
  expect(() => new LossScaleOptimizer({} as tf.Optimizer)).toThrow(refused);
  expect(() => new LossScaleOptimizer(new LossScaleOptimizer(inner))).toThrow(refused);
  for (const initialScale of [0, -1, Number.NaN, 1e39])
    expect(() => new LossScaleOptimizer(inner, { initialScale })).toThrow(refused);
  for (const dynamicGrowthSteps of [0, 1.5])
    expect(() => new LossScaleOptimizer(inner, { dynamicGrowthSteps })).toThrow(refused);
});
