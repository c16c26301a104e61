/** Sizes that depend on values: TensorFlow has them in a graph, but JavaScript may not compute with them. */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';
import type { Traceable } from '../../../src/training/savedmodel/traced/recorder.js';

const boxes = (count: number | null) => [
  { name: 'boxes', dtype: 'float32', shape: [count, 4] },
  { name: 'scores', dtype: 'float32', shape: [count] },
];
const row = (dtype: string) => (count: number | null) => [{ name: 'x', dtype, shape: [count] }];
const chosen = (b: tf.Tensor, s: tf.Tensor): tf.Tensor1D =>
  tf.image.nonMaxSuppression(b as tf.Tensor2D, s as tf.Tensor1D, 10, 0.5, 0.3);
const uniqueIn = (x: tf.Tensor): tf.Tensor => tf.unique(x as tf.Tensor1D).values;

const REFUSED: Readonly<Record<string, [Traceable, ReturnType<typeof row>]>> = {
  'a suppression is padded': [(b, s) => tf.pad(chosen(b!, s!), [[0, 10 - chosen(b!, s!).size]]), boxes],
  'what is left is counted': [(b, s) => chosen(b!, s!).toFloat().div(chosen(b!, s!).size), boxes],
  'unique floats are counted': [x => x!.sum().div(uniqueIn(x!).size), row('float32')],
  'unique integers are counted': [x => tf.zeros([uniqueIn(x!).size + 1]).add(1), row('int32')],
  'unique texts are counted': [x => tf.scalar(uniqueIn(x!).size).add(1), row('string')],
};

describe.each(Object.entries(REFUSED))('%s', (_, [fn, inputs]) => {
  it.each([20, null])('is refused where the size is %s', count => {
    expect(() => trace(fn, inputs(count))).toThrow(/depends on the values of its inputs.*values-that-matter/s);
  });
});

it.each([20, null])('their shapes are open, and the rest of the graph may use them (%s boxes)', count => {
  const { graph } = trace((b, s) => tf.gather(b!, chosen(b!, s!)), boxes(count));
  expect(graph.outputs.map(({ node, index }) => node.outputs[index]!.shape)).toEqual([[null, 4]]);
});

it('a function whose results have the same shapes for all values keeps them', () => {
  const { graph } = trace(x => x!.greater(0).toFloat().cumsum(), row('float32')(5));
  expect(graph.outputs[0]!.node.outputs[0]!.shape).toEqual([5]);
});
