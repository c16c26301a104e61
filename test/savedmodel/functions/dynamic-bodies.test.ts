/** Numbers that move inside the body of a loop: computed from values in it, or handed in from outside. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { evaluateGraph } from '../../../src/training/savedmodel/dynamic/evaluate.js';
import { generalize } from '../../../src/training/savedmodel/dynamic/generalize.js';
import type {
  Argument,
  Attribute,
  Constant,
  Graph,
  GraphNode,
  Loop,
  Operation,
  Value,
} from '../../../src/training/savedmodel/graphs/graph.js';

const [FLOAT, INT32, BOOL] = [1, 3, 10];
const at = (node: GraphNode): Value => ({ node, index: 0 });

function argument(name: string, dtype: number, shape: number[]): Argument {
  return { kind: 'argument', name, outputs: [{ dtype, shape }] };
}

function integers(shape: number[], values: number[]): Constant {
  const data = new Uint8Array(Int32Array.from(values).buffer);
  return { kind: 'constant', dtype: INT32, shape, data, outputs: [{ dtype: INT32, shape }] };
}

function operation(op: string, dtype: number, shape: number[], inputs: GraphNode[], of = dtype): Operation {
  const attributes = new Map<string, Attribute>([['T', { kind: 'type', value: of }]]);
  return { kind: 'operation', op, attributes, inputs: inputs.map(at), outputs: [{ dtype, shape }] };
}

/** Three times: sum += number of columns of y · number of rows of the sum, y known only outside. */
function recorded(rows: number, columns: number): Graph {
  const x = argument('x', FLOAT, [rows, 1]);
  const y = argument('y', FLOAT, [1, columns]);
  const start = integers([], [0]);
  const sum = integers([rows], Array(rows).fill(0));
  const [i, s] = [argument('i', INT32, []), argument('sum', INT32, [rows])];
  const limit = integers([], [3]);
  const goesOn = operation('Less', BOOL, [], [i, limit], INT32);
  const [j, t] = [argument('j', INT32, []), argument('sum', INT32, [rows])];
  const one = integers([], [1]);
  const next = operation('AddV2', INT32, [], [j, one]);
  const product = integers([], [rows * columns]);
  const more = operation('AddV2', INT32, [rows], [t, product]);
  const loop: Loop = {
    kind: 'loop',
    inputs: [at(start), at(sum)],
    outputs: [
      { dtype: INT32, shape: [] },
      { dtype: INT32, shape: [rows] },
    ],
    condition: { inputs: [i, s], nodes: [limit, goesOn], outputs: [at(goesOn)], assignments: [] },
    body: { inputs: [j, t], nodes: [one, next, product, more], outputs: [at(next), at(more)], assignments: [] },
  };
  return { inputs: [x, y], nodes: [start, sum, loop], outputs: [{ node: loop, index: 1 }], assignments: [] };
}

it('a product of a dimension in the body and one outside', () => {
  const sizes = [
    [2, 3],
    [3, 2],
    [5, 7],
    [7, 4],
    [4, 9],
  ] as const;
  const graph = generalize(
    sizes.map(([rows, columns]) => ({ sizes: [rows, columns], graph: recorded(rows, columns) })),
  );
  const [result] = evaluateGraph(graph, [tf.ones([6, 1]), tf.ones([1, 11])]) as [tf.Tensor];
  expect(result.shape).toEqual([6]);
  expect([...result.dataSync()]).toEqual(Array(6).fill(3 * 66));
});
