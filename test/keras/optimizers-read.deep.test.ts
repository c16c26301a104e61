/** Optimizers that Keras 3, tf_keras and its legacy optimizers saved: further steps give the same weights. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { beforeAll, expect, test } from 'vitest';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  LossScaleOptimizer,
  Nadam,
  RMSprop,
  SGD,
} from '../../src/optimizers.js';
import { loadWeights } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { runPython } from '../oracle/python.js';

const folder = new Scratch('optimizers-read').directory();
const at = (name: string): string => join(folder, name);

/** The same as in weights_read.py. */
const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => new SGD({ learningRate: 0.1 }),
  'sgd-momentum': () => new SGD({ learningRate: 0.1, momentum: 0.9 }),
  adam: () => new Adam({ learningRate: 0.01 }),
  amsgrad: () => new Adam({ learningRate: 0.01, amsgrad: true }),
  rmsprop: () => new RMSprop({ learningRate: 0.01 }),
  'rmsprop-all': () => new RMSprop({ learningRate: 0.01, momentum: 0.9, centered: true }),
  'rmsprop-centered': () => new RMSprop({ learningRate: 0.01, centered: true }),
  adagrad: () => new Adagrad({ learningRate: 0.1 }),
  adadelta: () => new Adadelta({ learningRate: 1 }),
  adamax: () => new Adamax({ learningRate: 0.01 }),
  nadam: () => new Nadam({ learningRate: 0.01 }),
  adamw: () => new AdamW({ learningRate: 0.01, weightDecay: 0.1 }),
  scaled: () => new LossScaleOptimizer(new Adam({ learningRate: 0.01 })),
};

/** Legacy classes with formulas that the later ones do not have, and how far four steps lead apart. */
const WITHIN: Readonly<Record<string, number>> = {
  'legacy-rmsprop': 1e-4,
  'legacy-rmsprop-centered': 1e-4,
  'legacy-nadam': 1e-2,
};

type Weights = readonly (readonly number[])[];
let answers: Readonly<Record<string, Weights>>;

beforeAll(async () => {
  await runPython('test/keras/weights_read.py', [folder, 'optimizers']);
  answers = JSON.parse(readFileSync(at('answers.json'), 'utf8')) as typeof answers;
}, 240_000);

function batch(i: number): [tf.Tensor, tf.Tensor] {
  const inputs = tf.tensor(
    Array.from({ length: 24 }, (_, k) => Math.sin(k * 0.7 + i)),
    [8, 3],
  );
  return [inputs, tf.mul(tf.sum(inputs, 1, true), 0.3)];
}

function made(optimizer: tf.Optimizer): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, inputShape: [3], name: 'a', activation: 'tanh' }),
      tf.layers.dense({ units: 1, name: 'b' }),
    ],
  });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

const FILES = Object.keys(OPTIMIZERS).flatMap(kind => {
  const legacy = kind === 'adamw' || kind === 'scaled' ? [] : [`legacy-${kind}.h5`];
  const others = kind === 'scaled' ? ['keras'] : ['keras', 'tf_keras'];
  return [...others.flatMap(label => ['.weights.h5', '.h5'].map(end => `${label}-${kind}${end}`)), ...legacy];
});

test.each(FILES)('%s', async file => {
  const name = file.replace(/(\.weights)?\.h5$/, '');
  const model = made(OPTIMIZERS[name.slice(name.indexOf('-') + 1)]!());
  (await loadWeights(model, at(file))).assertConsumed();
  for (let i = 3; i < 7; i++) await model.trainOnBatch(...batch(i));
  const weights = model.layers.flatMap(layer => layer.getWeights().map(weight => weight.dataSync()));
  for (const [i, expected] of answers[name]!.entries()) {
    const apart = expected.flat().map((value, j) => Math.abs(value - weights[i]![j]!));
    expect(Math.max(...apart)).toBeLessThan(WITHIN[name] ?? 1e-6);
  }
});

test('of another class, or of a model with other variables, the steps and the rate are taken', async () => {
  const model = made(new Adagrad({ learningRate: 0.5 }));
  const status = await loadWeights(model, at('keras-adam.weights.h5'));
  expect(status.loaded).toContain('optimizer/vars/0');
  expect(status.loaded).toContain('optimizer/vars/1');
  expect(status.unused).toHaveLength(8);
  const { iterations, learningRate } = model.optimizer as Adagrad;
  expect([iterations, learningRate]).toEqual([3, Math.fround(0.01)]);
});

test('with includeOptimizer: false nothing of it is loaded, nor unused', async () => {
  for (const file of ['keras-adam.weights.h5', 'tf_keras-adam.h5', 'keras-scaled.weights.h5']) {
    const model = made(new Adam({ learningRate: 0.5 }));
    (await loadWeights(model, at(file), { includeOptimizer: false })).assertConsumed();
    expect((model.optimizer as Adam).iterations).toBe(0);
  }
});
