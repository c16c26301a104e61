/** Random tensors are random operations, with what they were scaled and rounded by. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import type { Graph, Operation } from '../../../src/training/savedmodel/graphs/graph.js';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';

const X = { name: 'x', dtype: 'float32', shape: [2, 3] };

function opsOf({ nodes }: Graph): string[] {
  return nodes.map(node => (node.kind === 'operation' ? node.op : node.kind));
}

function operation(graph: Graph, op: string): Operation {
  return graph.nodes.find((node): node is Operation => node.kind === 'operation' && node.op === op)!;
}

function scalarsOf({ nodes }: Graph): number[] {
  return nodes.flatMap(node =>
    node.kind === 'constant' && node.shape.length === 0
      ? [new Float32Array((node.data as Uint8Array).slice().buffer)[0]!]
      : [],
  );
}

const plain = (name: string): string[] => ['constant', name];
const scaled = (name: string): string[] => ['constant', name, 'constant', 'Mul', 'constant', 'Add'];

it.each<[string, () => tf.Tensor, string[], number[]]>([
  ['uniform', () => tf.randomUniform([2, 3]), plain('RandomUniform'), []],
  ['uniform, scaled', () => tf.randomUniform([2, 3], -2, 6), scaled('RandomUniform'), [8, -2]],
  ['one element', () => tf.randomUniform([1], 5, 6), ['constant', 'RandomUniform', 'constant', 'Add'], [5]],
  ['a scalar', () => tf.randomUniform([], 5, 5), scaled('RandomUniform'), [0, 5]],
  [
    'int32',
    () => tf.randomUniform([4], 0, 10, 'int32'),
    ['constant', 'RandomUniform', 'constant', 'Mul', 'Cast'],
    [10],
  ],
  ['randomUniformInt', () => tf.randomUniformInt([1], 3, 10), [...scaled('RandomUniform'), 'Cast'], [7, 3]],
  [
    'bool',
    () => tf.randomUniform([9], 0, 2, 'bool'),
    ['constant', 'RandomUniform', 'constant', 'Mul', 'Cast', 'Cast'],
    [2],
  ],
  ['normal', () => tf.randomNormal([2, 3]), plain('RandomStandardNormal'), []],
  ['normal, scaled', () => tf.randomNormal([1], 4, 3), scaled('RandomStandardNormal'), [3, 4]],
  [
    'normal, int32',
    () => tf.randomNormal([5], 4, 3, 'int32'),
    [...scaled('RandomStandardNormal'), 'Round', 'Cast'],
    [3, 4],
  ],
  ['standard normal', () => tf.randomStandardNormal([2]), plain('RandomStandardNormal'), []],
  ['truncated normal', () => tf.truncatedNormal([7], 0, 2), ['constant', 'TruncatedNormal', 'constant', 'Mul'], [2]],
])('%s', (_, make, ops, scalars) => {
  const random = Math.random;
  const { graph } = record(() => make(), []);
  expect(opsOf(graph)).toEqual(ops);
  expect(scalarsOf(graph)).toEqual(scalars);
  const { outputs } = graph.outputs[0]!.node;
  const made = make();
  expect(outputs[0]).toEqual({ dtype: { float32: 1, int32: 3, bool: 10 }[made.dtype as 'bool'], shape: made.shape });
  made.dispose();
  expect(Math.random).toBe(random);
});

it('the shape is an int32 constant, and the seed 0', () => {
  const { graph } = record(x => tf.dropout(x, 0.5), [X]);
  const node = operation(graph, 'RandomUniform');
  expect(node.inputs[0]!.node).toMatchObject({ kind: 'constant', dtype: 3, shape: [2] });
  expect(node.attributes.get('seed')).toEqual({ kind: 'int', value: 0 });
  expect(node.place!.stack[0]).toContain('randomness.test.ts');
});

it('two random tensors of one call', () => {
  const { graph } = record(x => x.mul(tf.randomUniform([3])).add(tf.randomNormal([3])), [X]);
  expect(opsOf(graph).filter(op => op.startsWith('Random'))).toEqual(['RandomUniform', 'RandomStandardNormal']);
});

it('a seed of the program makes a constant, or a random operation if it was given or is that of a layer', () => {
  const fn = (): tf.Tensor => tf.randomUniform([3], 0, 1, 'float32', 7);
  expect(opsOf(record(fn, []).graph)).toEqual(['constant']);
  const { graph } = record(fn, [], { seeds: [3, 7] });
  expect(operation(graph, 'RandomUniform').attributes.get('seed')).toEqual({ kind: 'int', value: 7 });
  expect(opsOf(record(fn, [], { seeds: [8] }).graph)).toEqual(['constant']);

  const layer = tf.layers.dropout({ rate: 0.5, seed: 11 });
  const traced = record(x => layer.apply(x, { training: true }), [X]).graph;
  expect(operation(traced, 'RandomUniform').attributes.get('seed')).toEqual({ kind: 'int', value: 11 });
});

it('samples of tf.multinomial have other numbers in every run', () => {
  const logits = { name: 'x', dtype: 'float32', shape: [2, 5] };
  const { graph } = record(x => tf.multinomial(x as tf.Tensor2D, 3), [logits]);
  const seeds = ['seed', 'seed2'].map(name => operation(graph, 'Multinomial').attributes.get(name)!.value);
  expect(seeds).toEqual([0, 0]);
  const given = record(x => tf.multinomial(x as tf.Tensor2D, 3, 5), [logits]).graph;
  expect(operation(given, 'Multinomial').attributes.get('seed')!.value).toBe(5);
});

it.each<[string, () => tf.layers.Layer, string]>([
  ['Dropout', () => tf.layers.dropout({ rate: 0.3 }), 'RandomUniform'],
  ['GaussianNoise', () => tf.layers.gaussianNoise({ stddev: 0.3 }), 'RandomStandardNormal'],
  ['GaussianDropout', () => tf.layers.gaussianDropout({ rate: 0.3 }), 'RandomStandardNormal'],
  ['AlphaDropout', () => tf.layers.alphaDropout({ rate: 0.3 }), 'RandomUniform'],
  ['SpatialDropout1D', () => tf.layers.spatialDropout1d({ rate: 0.3 }), 'RandomUniform'],
  ['LSTM', () => tf.layers.lstm({ units: 2, dropout: 0.3, recurrentDropout: 0.3 }), 'RandomUniform'],
])('%s in training', (_, make, op) => {
  const layer = make();
  const { graph } = record(x => layer.apply(x, { training: true }), [{ ...X, shape: [2, 4, 3] }]);
  expect(opsOf(graph)).toContain(op);
  layer.dispose();
});

it('other random numbers are refused', () => {
  const { random } = Math;
  expect(() => record(x => x.mul(Math.random()), [X])).toThrow(/calls Math\.random \(.*randomness\.test\.ts/);
  expect(() => record(x => x.mul(tf.rand([3], () => Math.random())), [X])).toThrow(/calls Math\.random/);
  expect(() => record(x => x.mul(tf.randomGamma([3], 2)), [X])).toThrow(/randomGamma/);
  const shuffled = (x: tf.Tensor): tf.Tensor => {
    tf.util.shuffle([1, 2]);
    return x;
  };
  expect(() => record(shuffled, [X])).toThrow(/calls Math\.random/);
  expect(() => record(() => tf.randomUniform([1]).dataSync() && tf.scalar(1), [])).toThrow(/reads the values/);
  expect(Math.random).toBe(random);
});

it('a layer whose size is random', () => {
  const layer = tf.layers.randomWidth({ factor: 0.5 });
  const images = { name: 'x', dtype: 'float32', shape: [1, 4, 4, 1] };
  expect(() => record(x => layer.apply(x), [images])).toThrow(/reads the values.*RandomWidth/);
});

it('a program that has another copy of tfjs-core than this package', () => {
  const load = createRequire(import.meta.url);
  const path = load.resolve('@tensorflow/tfjs-core');
  const before = load.cache[path];
  delete load.cache[path];
  const core = load(path) as typeof tf;
  if (before) load.cache[path] = before;
  expect(core.randomNormal).not.toBe(tf.randomNormal);
  for (let i = 0; i < 2; i++) {
    const { graph } = record(x => core.dropout(x, 0.5).add(core.randomNormal([2, 3], 1)), [X]);
    expect(opsOf(graph)).toEqual(expect.arrayContaining(['RandomUniform', 'RandomStandardNormal']));
    expect('random' in {}).toBe(false);
  }
  expect(() => record(x => x.mul(Math.random()), [X])).toThrow(/calls Math\.random/);
  expect('random' in {}).toBe(false);
});

it('a clock', () => {
  const { now } = Date;
  expect(() => record(x => x.mul(Date.now()), [X])).toThrow(/calls Date\.now \(at .*randomness\.test\.ts/);
  expect(() => record(x => x.mul(performance.now()), [X])).toThrow(/calls performance\.now \(at .*randomness/);
  expect(Date.now).toBe(now);
  expect(Object.hasOwn(performance, 'now')).toBe(false);
  const timed = (x: tf.Tensor): tf.Tensor => {
    tf.util.now();
    return x.mul(2);
  };
  expect(() => record(timed, [X])).not.toThrow();
});
