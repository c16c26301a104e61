/** Which value a tensor of a recording is: variables and what shares their data, other backends, types. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import type { Constant, Graph } from '../../../src/training/savedmodel/graphs/graph.js';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';

const X = { name: 'x', dtype: 'float32', shape: [2, 3] };

function kindsOf({ nodes }: Graph): string[] {
  return nodes.map(node => (node.kind === 'operation' ? node.op : node.kind));
}

function constants({ nodes }: Graph): Constant[] {
  return nodes.filter((node): node is Constant => node.kind === 'constant');
}

it('a clone of a variable from before is a constant', () => {
  const weight = tf.variable(tf.tensor1d([1, 2, 3]));
  const clone = weight.clone();
  const { graph } = record(x => x.mul(clone).add(weight), [X]);
  expect(kindsOf(graph)).toEqual(['constant', 'Mul', 'variable', 'Add']);
  tf.dispose([weight, clone]);
});

it('a variable after its assignment, and its clone from before it', () => {
  const weight = tf.variable(tf.scalar(1));
  const { graph } = record(
    x => {
      const old = weight.clone();
      weight.assign(weight.mul(2));
      return [x.mul(old), x.mul(weight)];
    },
    [X],
  );
  expect(kindsOf(graph)).toEqual(['variable', 'constant', 'Mul', 'Mul', 'Mul']);
  const [first, second] = graph.outputs.map(({ node }) => node.kind === 'operation' && node.inputs[1]!.node);
  expect(first).toBe(graph.nodes[0]);
  expect(second).toBe(graph.assignments[0]!.value.node);
  weight.dispose();
});

it('a variable that gets its old value back is not assigned', () => {
  const weight = tf.variable(tf.scalar(1));
  const { graph } = record(
    x => {
      const old = weight.clone();
      weight.assign(weight.mul(2));
      const y = x.mul(weight);
      weight.assign(old);
      return y;
    },
    [X],
  );
  expect(graph.assignments).toEqual([]);
  weight.dispose();
});

it('tensors and variables of another backend', async () => {
  await tf.setBackend('cpu');
  const three = tf.tensor1d([1, 2, 3]).add(1) as tf.Tensor1D;
  const weight = tf.variable(tf.tensor1d([4, 5, 6]));
  expect(() => record(x => x, [X])).toThrow(/the backend is 'cpu'/);
  await tf.setBackend('tensorflow');
  const { graph } = record(x => x.mul(three).add(weight), [X]);
  expect(kindsOf(graph)).toEqual(['constant', 'Mul', 'variable', 'Add']);
  expect(new Float32Array((constants(graph)[0]!.data as Uint8Array).slice().buffer)).toEqual(
    new Float32Array([2, 3, 4]),
  );
  expect(weight.dataSync()).toEqual(new Float32Array([4, 5, 6]));
  tf.dispose([three, weight]);
});

it('tensors from outside are read once for all recordings of a function', () => {
  const table = tf.range(0, 1000).square();
  const shared = { constants: new WeakMap<object, Uint8Array>() };
  const [first, second] = [1, 2].map(size => record(x => x.add(table), [{ ...X, shape: [size, 1000] }], shared).graph);
  expect(constants(first!)[0]!.data).toBe(constants(second!)[0]!.data);
  table.dispose();
});

it('constants are in the order of the inputs, whether TensorFlow has their values already or not', () => {
  const table = tf.tensor1d([1, 2, 3]);
  const fn = (x: tf.Tensor): tf.Tensor => tf.broadcastTo(table, [x.shape[0], 3]);
  const [first, second] = [0, 1].map(() => constants(record(fn, [X]).graph).map(({ dtype }) => dtype));
  expect(first).toEqual([1, 3, 3]);
  expect(second).toEqual(first);
  table.dispose();
});

it('strings, complex numbers and booleans', () => {
  const words = tf.tensor1d(['a', 'é']);
  const shaped = tf.tensor1d(['b', 'c']).reshape([1, 2]);
  const strings = record(
    x => [x.reshape([2, 1]), words.reshape([2, 1]), shaped.reshape([2])],
    [{ name: 'x', dtype: 'string', shape: [2] }],
  ).graph;
  expect(strings.outputs.map(({ node }) => node.outputs[0]!.dtype)).toEqual([7, 7, 7]);
  const texts = constants(strings)
    .filter(({ dtype }) => dtype === 7)
    .map(({ data }) => data);
  expect(texts).toEqual([
    [Uint8Array.of(97), Uint8Array.of(195, 169)],
    [Uint8Array.of(98), Uint8Array.of(99)],
  ]);
  const one = tf.complex([1], [2]);
  const complex = record(x => tf.real(tf.mul(x, one)), [{ name: 'x', dtype: 'complex64', shape: [2] }]).graph;
  expect(complex.inputs[0]!.outputs[0]!.dtype).toBe(8);
  expect(new Float32Array((constants(complex)[0]!.data as Uint8Array).slice().buffer)).toEqual(
    new Float32Array([1, 2]),
  );
  const flags = record(x => x.logicalNot(), [{ name: 'x', dtype: 'bool', shape: [2] }]).graph;
  expect(flags.outputs[0]!.node.outputs[0]).toEqual({ dtype: 10, shape: [2] });
  expect(() => record(x => x, [{ name: 'x', dtype: 'float64', shape: [] }])).toThrow(/dtype must be/);
  tf.dispose([words, shaped, one]);
});

it('types that TensorFlow.js calls int32', () => {
  const backend = tf.backend() as unknown as { decodePng(bytes: Uint8Array, channels: number): tf.Tensor };
  const png = new Uint8Array(
    Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVQIHWM4wSXH8D8KAAe5AkpnesNqAAAAAElFTkSuQmCC',
      'base64',
    ),
  );
  const decoded = record(() => backend.decodePng(png, 3), []).graph;
  expect(kindsOf(decoded)).toEqual(['constant', 'DecodePng', 'Cast']);
  const { graph } = record(
    x => [backend.decodePng(png, 3).add(x), backend.decodePng(png, 3).reshape([6])],
    [{ ...X, shape: [1] }],
  );
  const casts = graph.nodes.filter(node => node.kind === 'operation' && node.op === 'Cast');
  expect(casts.map(node => (node.kind === 'operation' ? node.attributes.get('SrcT')!.value : 0))).toEqual([4, 1, 4]);
  expect(graph.outputs.map(({ node }) => node.outputs[0]!.dtype)).toEqual([1, 3]);
});

it('integers as divisors', () => {
  const counts = { name: 'n', dtype: 'int32', shape: [2] };
  expect(kindsOf(record(n => tf.floorDiv(tf.tensor1d([4, 6], 'int32'), n), [counts]).graph)).toEqual([
    'constant',
    'FloorDiv',
  ]);
  expect(() => record(n => tf.floorDiv(n, tf.zeros([2], 'int32')), [counts])).toThrow(/division by zero/);
});

it.each<[string, (rate: number) => tf.Optimizer]>([
  ['sgd', tf.train.sgd],
  ['momentum', rate => tf.train.momentum(rate, 0.9)],
  ['adam', tf.train.adam],
  ['adamax', tf.train.adamax],
  ['rmsprop', tf.train.rmsprop],
])('a step of %s', (_, make) => {
  const weight = tf.variable(tf.tensor1d([1, 2, 3]));
  const optimizer = make(0.1) as tf.Optimizer & { iterations: number };
  const step = (x: tf.Tensor): tf.Tensor => optimizer.minimize(() => weight.mul(x).square().sum() as tf.Scalar, true)!;
  const { graph } = record(step, [X]);
  expect(optimizer.iterations).toBe(0);
  expect(weight.dataSync()).toEqual(new Float32Array([1, 2, 3]));
  expect(graph.assignments.map(({ variable }) => variable)).toContain(weight);
  // It trains as it would have, had nobody recorded it.
  const x = tf.ones([2, 3]);
  const other = make(0.1);
  const twin = tf.variable(tf.tensor1d([1, 2, 3]));
  for (let i = 0; i < 3; i++) {
    tf.tidy(() => void step(x));
    tf.tidy(() => void other.minimize(() => twin.mul(x).square().sum() as tf.Scalar));
  }
  expect(weight.dataSync()).toEqual(twin.dataSync());
  tf.dispose([weight, twin, x]);
});
