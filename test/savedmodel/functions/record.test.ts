/** What is recorded of a function, and that nothing is left of the run. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import type { Graph, GraphNode } from '../../../src/training/savedmodel/graphs/graph.js';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';

const X = { name: 'x', dtype: 'float32', shape: [2, 3] };

function kindsOf(graph: Graph): string[] {
  return graph.nodes.map(node => (node.kind === 'operation' ? node.op : node.kind));
}

it('an operation, its constant and a variable', () => {
  const w = tf.tidy(() => tf.variable(tf.ones([3, 4]), true, 'w'));
  const before = tf.memory();
  const { graph, structure } = record(x => x.matMul(w).add(1), [X]);
  expect(kindsOf(graph)).toEqual(['variable', 'BatchMatMulV2', 'constant', 'Add']);
  expect(structure).toEqual({ kind: 'single' });
  const [read, multiply] = graph.nodes as [GraphNode, GraphNode];
  expect(read).toMatchObject({ kind: 'variable', variable: w, outputs: [{ dtype: 1, shape: [3, 4] }] });
  expect(multiply).toMatchObject({ inputs: [{ node: graph.inputs[0] }, { node: read }] });
  expect(multiply.place!.stack[0]).toContain('record.test.ts');
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  w.dispose();
});

it('assignments are recorded and undone', () => {
  const count = tf.variable(tf.scalar(3), false);
  const { graph } = record(
    x => {
      const old = count.add(0);
      count.assign(count.add(x.sum()));
      return [old, count];
    },
    [X],
  );
  expect(graph.assignments).toHaveLength(1);
  expect(graph.assignments[0]!.variable).toBe(count);
  expect(graph.outputs[1]).toEqual(graph.assignments[0]!.value);
  expect(count.dataSync()[0]).toBe(3);
  count.dispose();
});

it('two variables made of one tensor are two', () => {
  const [a, b] = [0, 1].map(() => tf.variable(tf.ones([2])));
  const shared = tf.tensor1d([1, 2]);
  const [c, d] = [tf.variable(shared), tf.variable(shared)];
  const { graph } = record(() => [c.add(a!), d.add(b!)], []);
  const variables = graph.nodes.flatMap(node => (node.kind === 'variable' ? [node.variable] : []));
  expect(new Set(variables).size).toBe(4);
  expect(d.dataSync()).toEqual(new Float32Array([1, 2]));
  tf.dispose([a!, b!, c, d, shared]);
});

it('an input that is an output, and a constant that is one', () => {
  const { graph, structure } = record(x => ({ same: x, one: tf.scalar(1) }), [X]);
  expect(structure).toEqual({ kind: 'named', names: ['same', 'one'] });
  expect(graph.outputs[0]!.node).toBe(graph.inputs[0]);
  expect(graph.outputs[1]!.node).toMatchObject({ kind: 'constant', shape: [] });
});

it('reading values is refused, with the place', () => {
  expect(() => record(x => (x.sum().dataSync()[0]! > 0 ? x : x.neg()), [X])).toThrow(
    /reads the values.*record\.test\.ts/,
  );
  expect(() => record(async x => x, [X])).toThrow(/asynchronous/);
  expect(() => record(x => tf.variable(x), [X])).toThrow(/makes the variable/);
});

it('a whole model', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, activation: 'relu' }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const before = tf.memory();
  const images = { name: 'x', dtype: 'float32', shape: [2, 8, 8, 3] };
  const { graph } = record(x => model.apply(x, { training: true }), [images]);
  expect(graph.assignments.map(({ variable }) => variable.name)).toEqual(
    model.layers[1]!.nonTrainableWeights.map(weight => (weight.read() as tf.Variable).name),
  );
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  model.dispose();
});
