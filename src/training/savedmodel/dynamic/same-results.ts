/**
 * Whether a graph has the results of the function that it was made from, at the sizes of one run: both are evaluated,
 * with values that hide little. Random numbers are the same ones in both.
 */
import type { Variable } from '@tensorflow/tfjs-core';
import { type Tensor, tensor, tidy } from '../../../tfjs-core.js';
import type { Argument, Graph } from '../graphs/graph.js';
import { tensorFor, type Values } from '../traced/recorded-input.js';
import type { Recording } from '../traced/recording.js';
import { evaluateGraph } from './evaluate.js';

/** Of floats: differences are this small, compared with the largest value of the tensor. */
const TOLERANCE = 1e-4;
/** What the inputs are changed by to see how exact the results can be. */
const BLUR = 1e-6;
/** Differences may be this many times those that the blur makes. */
const MOST_BLURS = 30;
/** Variables with more values are compared with those that they have. */
const MOST_MADE_UP = 4_000_000;
const TYPES: Readonly<Record<number, string>> = { 1: 'float32', 3: 'int32', 7: 'string', 8: 'complex64', 10: 'bool' };

/** Values of the inputs. */
type Sample = (input: Argument, recorded: Recording) => Tensor;

/** The next ones are used where the function throws, or gives what is not a number. */
const SAMPLES: readonly Sample[] = [
  (input, recorded) => inputFor(input, recorded, 'varied'),
  (input, recorded) => inputFor(input, recorded),
  (input, recorded) => scaled(inputFor(input, recorded), 20),
];

export function sameResults(graph: Graph, recorded: Recording): boolean {
  const { outputs, assignments } = recorded.graph;
  if (graph.outputs.length !== outputs.length || graph.assignments.length !== assignments.length) return false;
  if (!graph.assignments.every(({ variable }, i) => variable === assignments[i]?.variable)) return false;
  return tidy(() => {
    const variables = madeUpFor(graph, recorded.graph);
    let compared = false;
    for (const sample of SAMPLES) {
      const inputs = recorded.graph.inputs.map(input => sample(input, recorded));
      const expected = evaluated(recorded.graph, inputs, variables);
      if (expected === null) continue;
      const found = evaluated(graph, inputs, variables);
      if (found === null || !sameTensors(expected, found, () => blurred(recorded.graph, inputs, variables)))
        return false;
      compared = true;
      if (!expected.some(hasNoNumbers)) break;
    }
    return compared;
  });
}

/** Null if it throws, as an integer may be a wrong index. */
function evaluated(
  graph: Graph,
  inputs: readonly Tensor[],
  variables: ReadonlyMap<Variable, Tensor>,
): readonly Tensor[] | null {
  try {
    return evaluateGraph(graph, inputs, { variables, isRandom: false });
  } catch {
    return null;
  }
}

function blurred(
  graph: Graph,
  inputs: readonly Tensor[],
  variables: ReadonlyMap<Variable, Tensor>,
): readonly Tensor[] | null {
  const moved = inputs.map(input => scaled(input, 1 + BLUR));
  return evaluated(graph, moved, variables);
}

/** Zeros, and values that are all the same, hide what is done with them. */
function madeUpFor(...graphs: readonly Graph[]): Map<Variable, Tensor> {
  const found = new Map<Variable, Tensor>();
  for (const { nodes } of graphs) {
    for (const node of nodes) {
      if (node.kind !== 'variable' || found.has(node.variable)) continue;
      const { variable } = node;
      if (variable.dtype !== 'float32' || variable.size === 0 || variable.size > MOST_MADE_UP) continue;
      found.set(variable, madeUp(variable));
    }
  }
  return found;
}

/** Near its own values, so that networks stay in their range; and larger, so that a variance stays positive. */
function madeUp(variable: Variable): Tensor {
  const values = variable.dataSync<'float32'>().slice();
  const scale = 0.2 * (largestIn(values) || 1);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + scale * (0.1 + ((i * 0.618) % 0.8));
  return tensor(values, variable.shape);
}

/** Only floats. */
function scaled(input: Tensor, factor: number): Tensor {
  if (input.dtype !== 'float32') return input;
  return tensor(
    input.dataSync<'float32'>().map(value => value * factor),
    input.shape,
  );
}

function inputFor({ name, outputs: [type] }: Argument, { integer }: Recording, values?: Values): Tensor {
  const input = { name, dtype: TYPES[type?.dtype ?? 1] ?? 'float32', shape: type?.shape as number[] };
  return tensorFor(input, integer, values);
}

function hasNoNumbers(result: Tensor): boolean {
  return result.dtype === 'float32' && result.dataSync<'float32'>().some(Number.isNaN);
}

/** `blur`: the expected results with slightly other inputs. Differences like those are rounding. */
function sameTensors(
  expected: readonly Tensor[],
  found: readonly Tensor[],
  blur: () => readonly Tensor[] | null,
): boolean {
  let moved: readonly Tensor[] | null | undefined;
  return expected.every((one, i) => {
    const other = found[i] as Tensor;
    if (one.shape.join() !== other.shape.join() || one.dtype !== other.dtype) return false;
    const [a, b] = [one.dataSync(), other.dataSync()] as [ArrayLike<unknown>, ArrayLike<unknown>];
    const tolerance = one.dtype === 'float32' || one.dtype === 'complex64' ? TOLERANCE * largestIn(a) : 0;
    const far = distance(a, b);
    if (far <= tolerance) return true;
    moved ??= blur();
    const near = moved?.[i];
    if (near === undefined || near.shape.join() !== one.shape.join()) return false;
    return far <= tolerance + MOST_BLURS * distance(a, near.dataSync() as ArrayLike<unknown>);
  });
}

/** Of finite numbers. */
function largestIn(values: ArrayLike<unknown>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] as number);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
}

/** The largest difference; NaN if not numbers, or no numbers, are at other places. */
function distance(left: ArrayLike<unknown>, right: ArrayLike<unknown>): number {
  let far = 0;
  for (let i = 0; i < left.length; i++) {
    const [x, y] = [left[i], right[i]];
    if (Object.is(x, y)) continue;
    if (typeof x !== 'number' || typeof y !== 'number') return Number.NaN;
    const difference = Math.abs(x - y);
    if (!Number.isFinite(difference)) return Number.NaN;
    if (difference > far) far = difference;
  }
  return far;
}
