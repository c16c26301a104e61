/**
 * The size 1. There a function may do other operations, since what has size 1 is often broadcast: such as no Tile where
 * others are tiled. If the results are the same, nothing is lost.
 */
import { type Tensor, tensor, tidy } from '../../../tfjs-core.js';
import type { Graph } from '../graphs/graph.js';
import { differenceOf } from './alignment.js';
import { evaluateGraph } from './evaluate.js';
import { generalize } from './generalize.js';
import type { Run } from './trial.js';

const TOLERANCE = 1e-4;
const TYPES: Readonly<Record<number, string>> = { 1: 'float32', 3: 'int32', 8: 'complex64', 10: 'bool' };

/** `one`: a run in which a dimension is 1. Undefined if the graph has other results there than the function. */
export function withOne(graph: Graph, runs: readonly Run[], one: Run): Graph | undefined {
  let more: Graph | undefined;
  try {
    more = generalize([...runs, one]);
  } catch {
    return sameResults(graph, one.graph) ? graph : undefined;
  }
  if (differenceOf(graph, more, true) === null || sameResults(graph, one.graph)) return graph;
  return more;
}

function sameResults(graph: Graph, recorded: Graph): boolean {
  // Of random numbers and texts nothing can be said.
  if (graph.nodes.some(node => node.kind === 'operation' && /Random|Multinomial|TruncatedNormal/.test(node.op))) {
    return true;
  }
  return tidy(() => {
    const inputs = recorded.inputs.map(({ outputs: [type] }) => sample(type?.dtype ?? 1, type?.shape as number[]));
    const expected = evaluateGraph(recorded, inputs);
    let found: Tensor[];
    try {
      found = evaluateGraph(graph, inputs);
    } catch {
      return false;
    }
    return expected.every((one, i) => sameTensor(one, found[i] as Tensor));
  });
}

function sample(dtype: number, shape: number[]): Tensor {
  const type = TYPES[dtype];
  const count = shape.reduce((product, size) => product * size, 1);
  if (type === undefined) return tensor(Array(count).fill('a'), shape, 'string');
  if (type !== 'float32')
    return tensor(new Int32Array(type === 'complex64' ? 2 * count : count), shape, type as 'int32');
  return tensor(
    Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1))),
    shape,
  );
}

function sameTensor(left: Tensor, right: Tensor): boolean {
  if (left.shape.join() !== right.shape.join() || left.dtype !== right.dtype) return false;
  const [a, b] = [left.dataSync(), right.dataSync()];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (Object.is(x, y)) continue;
    if (typeof x !== 'number' || typeof y !== 'number') return false;
    if (!(Math.abs(x - y) <= TOLERANCE * Math.max(1, Math.abs(x)))) return false;
  }
  return true;
}
