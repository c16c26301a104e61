/** Whether recordings of a function at different sizes are the same operations, wired alike. */

import { sameValues } from '../graphs/constant-values.js';
import type { Graph, GraphNode, Operation, Value } from '../graphs/graph.js';
import { nameOf } from './problems.js';

/** The first place where two graphs differ in more than numbers. */
interface Difference {
  /** Of the first graph; undefined if it has ended there. */
  readonly node: GraphNode | undefined;
  readonly text: string;
}

/**
 * What counts beside the operations and their wiring. 'numbers': attributes, and the constants. 'everything': also the
 * shapes of all results.
 */
type Depth = 'operations' | 'numbers' | 'everything';

/** Null if they are alike. */
export function differenceOf(first: Graph, second: Graph, depth: Depth = 'operations'): Difference | null {
  const numbered = [first, second].map(numbersIn) as [Map<GraphNode, number>, Map<GraphNode, number>];
  const wired = (left: Value, right: Value) => sameSource(left, right, numbered);
  for (let i = 0; i < Math.max(first.nodes.length, second.nodes.length); i++) {
    const [left, right] = [first.nodes[i], second.nodes[i]];
    if (left === undefined || right === undefined || !sameOperation(left, right)) {
      const [a, b] = [left, right].map(node => (node === undefined ? 'nothing more' : nameOf(node)));
      const counts = `it does ${first.nodes.length} operations at one size and ${second.nodes.length} at another`;
      return { node: left ?? right, text: `${counts}: ${a} or ${b} as number ${i + 1}` };
    }
    const [a, b] = [inputsOf(left), inputsOf(right)];
    if (a.length !== b.length || !a.every((value, k) => wired(value, b[k] as Value))) {
      return { node: left, text: `${nameOf(left)} takes other tensors at another size` };
    }
    if (depth !== 'operations' && !sameDetails(left, right, depth)) {
      return { node: left, text: `${nameOf(left)} has other numbers the second time` };
    }
    if (left.kind !== 'loop' || right.kind !== 'loop') continue;
    const inside = differenceOf(left.condition, right.condition, depth) ?? differenceOf(left.body, right.body, depth);
    if (inside !== null) return inside;
  }
  const outputs = first.outputs.length === second.outputs.length;
  if (!outputs || !first.outputs.every((value, i) => wired(value, second.outputs[i] as Value))) {
    return { node: undefined, text: 'it returns other tensors at another size' };
  }
  const assigned = first.assignments.length === second.assignments.length;
  const alike = first.assignments.every(({ variable, value }, i) => {
    const other = second.assignments[i];
    return other !== undefined && other.variable === variable && wired(value, other.value);
  });
  return assigned && alike ? null : { node: undefined, text: 'it assigns other variables at another size' };
}

/** Arguments from −1 downwards, nodes from 0 upwards. */
function numbersIn({ inputs, nodes }: Graph): Map<GraphNode, number> {
  const numbers = new Map<GraphNode, number>();
  for (const [i, input] of inputs.entries()) numbers.set(input, -1 - i);
  for (const [i, node] of nodes.entries()) numbers.set(node, i);
  return numbers;
}

function sameSource(
  left: Value,
  right: Value,
  [first, second]: readonly [Map<GraphNode, number>, Map<GraphNode, number>],
): boolean {
  if (first.get(left.node) !== second.get(right.node)) return false;
  // Which part of an unpacked tensor may move: the last one, for instance.
  return left.index === right.index || (left.node.kind === 'operation' && left.node.op === 'Unpack');
}

function sameOperation(left: GraphNode, right: GraphNode): boolean {
  if (left.kind === 'variable') return right.kind === 'variable' && left.variable === right.variable;
  if (left.kind === 'operation') return right.kind === 'operation' && left.op === right.op;
  if (left.kind === 'constant') return right.kind === 'constant' && left.dtype === right.dtype;
  return left.kind === right.kind;
}

function inputsOf(node: GraphNode): readonly Value[] {
  return node.kind === 'operation' || node.kind === 'loop' ? node.inputs : [];
}

function sameDetails(left: GraphNode, right: GraphNode, depth: Depth): boolean {
  if (depth === 'everything' && JSON.stringify(left.outputs) !== JSON.stringify(right.outputs)) return false;
  if (left.kind === 'constant') return right.kind === 'constant' && sameValues(left, right);
  if (left.kind !== 'operation') return true;
  return right.kind === 'operation' && sameAttributes(left, right);
}

function sameAttributes(left: Operation, right: Operation): boolean {
  return (
    left.attributes.size === right.attributes.size &&
    [...left.attributes.keys()].every(name => hasSame(left, right, name))
  );
}

/** Whether the attribute is the same in both. */
export function hasSame(left: Operation, right: Operation, name: string): boolean {
  return JSON.stringify(left.attributes.get(name)) === JSON.stringify(right.attributes.get(name));
}
