/** Loops that a program ran, found in what it executed. All programs with loops: loops.deep.test.ts. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { roll } from '../../../src/training/savedmodel/dynamic/loops/roll.js';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';
import { layers, modelOf, parts, programs, w } from './looping.js';
import { rolled } from './rolled.js';

const SEQUENCES = [3, 4].map(length => [[2, length, 3]]);
/** Those that differ most from each other. */
const SOME = new Set([
  'parts from the last to the first',
  'collected in reverse, concatenated, and added up',
  'the first is another',
  'slices',
  'split',
  'the number of the step counts',
  'two steps back',
  'something grows',
  'a loop of fixed length in it, and one before',
  'a loop in a loop',
]);

it.each(programs.filter(([name]) => SOME.has(name)))('%s', (_, count, fn) => {
  const { loops, difference } = rolled(fn, SEQUENCES);
  expect(loops).toHaveLength(count);
  expect(difference).toBeLessThan(1e-6);
});

it('of a layer', () => {
  const [, count, make] = layers.find(([name]) => name === 'masking, gru')!;
  const model = modelOf(make());
  const { loops, difference } = rolled(x => model.apply(x) as tf.Tensor, [...SEQUENCES, [[5, 3, 3]]]);
  expect(loops).toHaveLength(count);
  expect(difference).toBeLessThan(1e-6);
  // Counter, greatest number of iterations, state, list of results, then what stays.
  const [loop] = loops;
  expect(loop!.inputs.slice(0, 2).map(({ node }) => node)).toMatchObject([
    { kind: 'constant', data: Uint8Array.of(0, 0, 0, 0) },
    { kind: 'constant', data: Uint8Array.of(255, 255, 255, 255) },
  ]);
  const unchanged = loop!.body.outputs.filter(({ node }, i) => node === loop!.body.inputs[i]);
  expect(unchanged.length).toBeGreaterThan(2);
});

it('nothing is changed that is the same at all sizes', () => {
  const three = (x: tf.Tensor): tf.Tensor => [1, 2, 3].reduce(h => tf.tanh(h.matMul(w as unknown as tf.Tensor2D)), x);
  const graphs = [2, 4].map(size => record(three as never, [{ name: 'x', dtype: 'float32', shape: [size, 3] }]).graph);
  const operations = roll(graphs).map(({ nodes }) => nodes.flatMap(node => (node.kind === 'operation' ? node.op : [])));
  expect(operations).toEqual(Array(2).fill(Array(3).fill(['BatchMatMulV2', 'Tanh']).flat()));
});

it('steps that use all steps before them are not a loop', () => {
  const all = (x: tf.Tensor): tf.Tensor =>
    parts(x)
      .map((_, t) => tf.stack(parts(x).slice(0, t + 1)).sum(0))
      .reduce((a, b) => a.mul(b));
  expect(() => trace(all as never, [{ name: 'x', dtype: 'float32', shape: [2, null, 3] }])).toThrow(
    expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }),
  );
});
