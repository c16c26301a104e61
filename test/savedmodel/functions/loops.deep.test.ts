/** All programs with loops: these are found, and do the same. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { type Layer, layers, modelOf, programs } from './looping.js';
import { rolled } from './rolled.js';

const SEQUENCES = [3, 4, 6].map(length => [[2, length, 3]]);
/** The other recordings show which numbers follow the batch. */
const BATCHES = [...SEQUENCES, [[5, 3, 3]]];

it.each(layers)('%s', (_, count, make) => {
  const model = modelOf(make());
  const { loops, difference } = rolled(x => model.apply(x) as tf.Tensor, BATCHES);
  expect(loops).toHaveLength(count);
  expect(difference).toBeLessThan(1e-6);
});

it.each([
  ['2 and 3 steps', [2, 3]],
  ['3 and 2 steps', [3, 2]],
  ['steps that are as many as other things', [16, 4, 3]],
])('%s', (_, lengths) => {
  const model = modelOf(tf.layers.lstm({ units: 4, returnSequences: true }));
  const { loops, difference } = rolled(
    x => model.apply(x) as tf.Tensor,
    lengths.map(length => [[2, length, 3]]),
  );
  expect(loops).toHaveLength(1);
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

it('many steps', () => {
  const layer = (first: boolean): Layer =>
    tf.layers.simpleRNN({ units: 2, returnSequences: true, ...(first && { inputShape: [null as never, 3] }) });
  const model = tf.sequential({ layers: [layer(true), layer(false), layer(false)] });
  const { loops, difference } = rolled(x => model.apply(x) as tf.Tensor, [[[1, 120, 3]], [[1, 121, 3]]]);
  expect(loops).toHaveLength(3);
  expect(difference).toBeLessThan(1e-5);
});
