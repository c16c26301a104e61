/**
 * Optimizers with Keras's formulas as optimizers of TensorFlow.js: in fit, without leaks, as weights. Their numbers:
 * test/training.
 */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import * as exact from '../../src/optimizers.js';

const CLASSES = Object.values(exact).filter(
  (one): one is typeof exact.Adam =>
    one !== (exact.KerasOptimizer as unknown) && one !== (exact.LossScaleOptimizer as unknown),
);

function begin(optimizer: tf.Optimizer): tf.LayersModel {
  const kernelInitializer = tf.initializers.constant({ value: -0.5 });
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], kernelInitializer })] });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];

async function learn(model: tf.LayersModel, epochs: number): Promise<number[]> {
  await model.fit(x, y, { epochs, verbose: 0, shuffle: false });
  return model.getWeights().flatMap(weight => [...weight.dataSync()]);
}

describe.each(CLASSES.map(one => [one.className, one] as const))('%s', (_name, Class) => {
  it('learns in fit, and keeps no tensor but its slots', async () => {
    const optimizer = new Class({ learningRate: 0.01 });
    const model = begin(optimizer);
    const first = await learn(model, 1);
    const before = tf.memory().numTensors;
    expect(await learn(model, 5)).not.toEqual(first);
    expect(tf.memory().numTensors).toBe(before);
    expect(optimizer.iterations).toBe(6);
    const slots = optimizer.variableNames().flatMap(name => optimizer.slotsOf(name));
    expect(slots).toHaveLength(2 * optimizer.slotLists.length);
    optimizer.dispose();
    expect(slots.every(slot => slot.isDisposed)).toBe(true);
  });

  it('goes on from its weights', async () => {
    const [one, other] = [new Class({ learningRate: 0.01 }), new Class({ learningRate: 0.01 })];
    const [model, copy] = [begin(one), begin(other)];
    await learn(model, 3);
    copy.setWeights(model.getWeights());
    const names = new Map(model.weights.map((weight, i) => [weight.name, copy.weights[i]!.name]));
    const weights = (await one.getWeights()) as { name: string; tensor: tf.Tensor }[];
    await other.setWeights(
      weights.map(({ name, tensor }) => {
        const [variable] = [...names.keys()].filter(key => name.startsWith(`${key}/`));
        return { name: variable === undefined ? name : names.get(variable) + name.slice(variable.length), tensor };
      }),
    );
    expect(await learn(copy, 2)).toEqual(await learn(model, 2));
  });

  it('is made again from its configuration, as tfjs saves it', () => {
    const optimizer = new Class({ learningRate: 0.25, clipvalue: 3 });
    const again = Class.fromConfig(Class, optimizer.getConfig() as exact.OptimizerOptions);
    expect(again.getConfig()).toEqual(optimizer.getConfig());
    expect(again.getClassName()).toBe(Class.className);
  });
});

it('refuses what cannot be meant', () => {
  const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
  expect(() => new exact.Adam({ clipnorm: 1, globalClipnorm: 1 })).toThrow(refused);
  const optimizer = new exact.Adam();
  expect(() => optimizer.applyGradients([{ name: 'nobody', tensor: tf.ones([1]) }])).toThrow(refused);
  expect(() => optimizer.setSlots('a', [tf.ones([1])])).toThrow(refused);
});
