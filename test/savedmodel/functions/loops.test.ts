/** Loops that a program ran, found in what it executed. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { type Layer, layers, programs } from './looping.js';
import { rolled } from './rolled.js';

const SEQUENCES = [3, 4, 6].map(length => [[2, length, 3]]);
/** The other recordings show which numbers follow the batch. */
const BATCHES = [...SEQUENCES, [[5, 3, 3]]];

it.each(layers)('%s', (_, count, make) => {
  const made = [make()].flat();
  const input = tf.input({ shape: [null, 3] });
  const output = made.reduce<tf.SymbolicTensor | tf.SymbolicTensor[]>(
    (value, layer) => layer.apply(value) as tf.SymbolicTensor,
    input,
  );
  const model = tf.model({ inputs: input, outputs: output });
  const { loops, difference } = rolled(x => model.apply(x) as tf.Tensor, BATCHES);
  expect(loops).toHaveLength(count);
  expect(difference).toBeLessThan(1e-6);
});

it('images over time', () => {
  const frames = [3, 4].map(length => [[1, length, 4, 4, 1]]);
  for (const make of [
    () => tf.layers.timeDistributed({ layer: tf.layers.conv2d({ filters: 2, kernelSize: 2 }) }),
    () => tf.layers.convLstm2d({ filters: 2, kernelSize: 2, returnSequences: true }),
  ]) {
    const input = tf.input({ shape: [null as never, 4, 4, 1] });
    const model = tf.model({ inputs: input, outputs: (make() as Layer).apply(input) as tf.SymbolicTensor });
    const { loops, difference } = rolled(x => model.apply(x) as tf.Tensor, frames);
    expect(loops).toHaveLength(1);
    expect(difference).toBeLessThan(1e-6);
  }
});

it.each(programs)('%s', (_, count, fn) => {
  const { loops, difference } = rolled(fn, SEQUENCES);
  expect(loops).toHaveLength(count);
  expect(difference).toBeLessThan(1e-6);
});
