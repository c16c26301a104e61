/** Trainings of small models with given gradients, which Python computes in the same way (ownership.py). */

import { engine } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import * as exact from '../../../src/optimizers.js';

/** Every optimizer there is, with options that make a difference. */
export const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.01, 0.95),
  adam: () => tf.train.adam(0.01, 0.9, 0.999),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.999, undefined, 0.1),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9),
  'rmsprop momentum': () => tf.train.rmsprop(0.01, 0.9, 0.8),
  // tfjs subtracts epsilon within the root: a negative one keeps it positive.
  'rmsprop centered': () => tf.train.rmsprop(0.01, 0.9, 0.8, -1e-3, true),
  'exact SGD': () => new exact.SGD({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
  'exact Adagrad': () => new exact.Adagrad({ learningRate: 0.1 }),
  'exact Adadelta': () => new exact.Adadelta({ learningRate: 1 }),
  'exact Adam': () => new exact.Adam({ learningRate: 0.01, amsgrad: true }),
  'exact AdamW': () => new exact.AdamW({ learningRate: 0.01 }),
  'exact Adamax': () => new exact.Adamax({ learningRate: 0.01 }),
  'exact Nadam': () => new exact.Nadam({ learningRate: 0.01 }),
  'exact RMSprop': () => new exact.RMSprop({ learningRate: 0.01, momentum: 0.8, centered: true }),
};

export interface Training {
  readonly optimizer: tf.Optimizer;
  /** In the order of the gradients. */
  readonly variables: readonly tf.Variable[];
}

export function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map(weight => weight.read() as tf.Variable);
}

/** A layer before, one within, and one after a model in the model; all kernels have one shape. */
export function nested(): tf.LayersModel {
  const dense = (name: string) => tf.layers.dense({ units: 3, inputShape: [3], name });
  const inner = tf.sequential({ layers: [dense('b'), dense('c')], name: 'inner' });
  return start(tf.sequential({ layers: [dense('a'), inner, dense('d')], name: 'outer' }));
}

/** Weights that no initializer draws. */
export function start<M extends tf.LayersModel>(model: M): M {
  tf.tidy(() => {
    model.setWeights(model.getWeights().map((old, i) => tf.linspace(-1, 1 + i, old.size).reshape(old.shape)));
  });
  return model;
}

/** Steps FIRST to LAST, without the last, with gradients of several sizes. */
export function train({ optimizer, variables }: Training, first: number, last: number): void {
  for (let step = first; step < last; step++) {
    tf.tidy(() => {
      const gradients = variables.map((variable, i) => {
        const values = Float32Array.from({ length: variable.size }, (_, j) =>
          Math.fround(Math.sin(j + step * 3 + i) * 10 ** -(step % 4)),
        );
        return { name: variable.name, tensor: tf.tensor(values, variable.shape) };
      });
      optimizer.applyGradients(gradients);
    });
  }
}

/** Fails unless both have, bit for bit, the same values. */
export function expectSame(found: readonly tf.Variable[], expected: readonly tf.Variable[]): void {
  expect(found.map(bits)).toEqual(expected.map(bits));
  for (const variable of found) expect(variable.dataSync().every(Number.isFinite)).toBe(true);
}

function bits(variable: tf.Variable): string {
  const { buffer, byteOffset, byteLength } = variable.dataSync();
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
}

/** Tensors that a function leaves behind. */
export function tensorsLeft(run: () => void): number {
  const before = engine().memory().numTensors;
  run();
  return engine().memory().numTensors - before;
}
