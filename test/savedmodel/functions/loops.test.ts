/** Loops that a program ran, found in what it executed. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { rolled } from './rolled.js';

const SEQUENCES = [3, 4, 6].map(length => [[2, length, 3]]);

it('steps over the parts of a tensor', () => {
  const w = tf.randomNormal([3, 3], 0, 1, 'float32', 1);
  const { loops, difference, kinds } = rolled(x => {
    let h = tf.zerosLike(tf.unstack(x, 1)[0]!);
    for (const part of tf.unstack(x, 1)) h = tf.tanh(part.add(h.matMul(w as tf.Tensor2D)));
    return h;
  }, SEQUENCES);
  console.log(kinds);
  expect(loops).toHaveLength(1);
  expect(difference).toBeLessThan(1e-6);
});

it.each([
  ['simpleRNN', () => tf.layers.simpleRNN({ units: 4 })],
  ['lstm', () => tf.layers.lstm({ units: 4, returnSequences: true })],
  ['gru', () => tf.layers.gru({ units: 4, returnSequences: true, goBackwards: true })],
  ['timeDistributed', () => tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) as never })],
  [
    'bidirectional',
    () =>
      tf.layers.bidirectional({
        layer: tf.layers.lstm({ units: 4, returnSequences: true }) as never,
        mergeMode: 'concat',
      }),
  ],
])('%s', (_, make) => {
  const layer = make();
  layer.apply(tf.zeros([1, 2, 3]));
  const { kinds, difference } = rolled(x => layer.apply(x) as tf.Tensor, SEQUENCES);
  console.log(kinds);
  expect(difference).toBeLessThan(1e-6);
});
