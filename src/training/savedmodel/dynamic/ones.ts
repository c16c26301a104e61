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

/**
 * The same for a run at any other sizes: its formulas are used only if those that stand give other results. `near`:
 * more runs like it, for formulas that need several.
 */
export function withOther(graph: Graph, runs: readonly Run[], other: Run, near: () => Run[]): Graph | undefined {
  if (!isRandom(graph) && sameResults(graph, other.graph)) return graph;
  for (const more of [() => [], near]) {
    try {
      return generalize([...runs, other, ...more()]);
    } catch {
      // Another formula may need more runs.
    }
  }
  return isRandom(graph) ? graph : undefined;
}

/** Of random numbers nothing can be said. */
function isRandom({ nodes }: Graph): boolean {
  return nodes.some(node => node.kind === 'operation' && /Random|Multinomial|TruncatedNormal/.test(node.op));
}

function sameResults(graph: Graph, recorded: Graph): boolean {
  if (isRandom(graph)) return true;
  const [all, wanted] = [withAssigned(graph), withAssigned(recorded)];
  if (all.outputs.length !== wanted.outputs.length) return false;
  if (!graph.assignments.every(({ variable }, i) => variable === recorded.assignments[i]?.variable)) return false;
  return tidy(() => {
    const inputs = recorded.inputs.map(({ outputs: [type] }) => sample(type?.dtype ?? 1, type?.shape as number[]));
    const expected = evaluateGraph(wanted, inputs);
    let found: Tensor[];
    try {
      found = evaluateGraph(all, inputs);
    } catch {
      return false;
    }
    return expected.every((one, i) => sameTensor(one, found[i] as Tensor));
  });
}

function withAssigned(graph: Graph): Graph {
  return { ...graph, outputs: [...graph.outputs, ...graph.assignments.map(({ value }) => value)] };
}

function sample(dtype: number, shape: number[]): Tensor {
  const type = TYPES[dtype];
  const count = shape.reduce((product, size) => product * size, 1);
  if (type === undefined) return tensor(Array(count).fill('a'), shape, 'string');
  // Integers are often indices, so they are small.
  if (type === 'int32' || type === 'bool') {
    return tensor(
      Int32Array.from({ length: count }, (_, i) => i % 2),
      shape,
      type,
    );
  }
  if (type === 'complex64') return tensor(new Float32Array(2 * count), shape, type);
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
