/** Keras's GRU drops the same at every step of a run, and something else in the next one: so do its functions. */
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, expect, it } from 'vitest';
import { gru, gruCell } from '../../../src/tfjs.js';
import { evaluateGraph } from '../../../src/training/savedmodel/dynamic/evaluate.js';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';

/** Only the candidate depends on the inputs; the state is half kept at each step. */
const OPTIONS = { units: 10, activation: 'linear', recurrentInitializer: 'zeros', dropout: 0.5 } as const;

const LAYERS: readonly (readonly [name: string, make: () => tf.layers.Layer])[] = [
  ['gru', () => gru({ ...OPTIONS, implementation: 1, returnSequences: true })],
  ['rnn of a gruCell', () => tf.layers.rnn({ cell: gruCell(OPTIONS), returnSequences: true })],
];

afterAll(() => tf.disposeVariables());

it.each(LAYERS)('%s', (_, make) => {
  const layer = make();
  const call = (x: tf.Tensor): tf.Tensor => layer.apply(x, { training: true }) as tf.Tensor;
  tf.tidy(() => {
    call(tf.ones([1, 2, 10]));
    layer.setWeights([tf.concat([tf.zeros([10, 20]), tf.eye(10)], 1), ...layer.getWeights().slice(1)]);
  });
  const { numTensors } = tf.memory();
  const { graph } = trace(call as never, [{ name: 'x', dtype: 'float32', shape: [2, null, 10] }]);
  expect(tf.memory().numTensors).toBe(numTensors);
  tf.tidy(() => {
    const [first, second] = [0, 1].map(() => evaluateGraph(graph, [tf.ones([2, 7, 10])])[0]!.arraySync());
    const [one, two, , four] = (first as number[][][])[0]!;
    // Kept inputs are doubled: 0.5 * 2, then half of it stays.
    expect(new Set(one)).toEqual(new Set([0, 1]));
    expect(two).toEqual(one!.map(value => value * 1.5));
    expect(four).toEqual(one!.map(value => value * 1.875));
    expect(second).not.toEqual(first);
  });
});
