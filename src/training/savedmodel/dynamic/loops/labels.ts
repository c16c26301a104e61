/** What two steps must have in common to be the same step of two iterations, or of two recordings. */
import type { Attribute, Constant, Graph, GraphNode } from '../../graphs/graph.js';
import type { Step } from './nodes.js';

/** Attributes that count inputs or outputs. */
const COUNTS = new Set(['N', 'num', 'num_split']);

const known = new WeakMap<Step, string>();

/** Equal labels: the same operation with the same attributes and types, whatever its inputs are. */
export function labelOf(step: Step): string {
  let label = known.get(step);
  if (label === undefined) {
    label = step.kind === 'loop' ? `loop ${contents(step.condition)} ${contents(step.body)}` : operationLabel(step);
    known.set(step, label);
  }
  return label;
}

function operationLabel({ op, attributes, outputs }: Extract<Step, { kind: 'operation' }>): string {
  const named = [...attributes].filter(([name]) => !COUNTS.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${op} ${named.map(([name, value]) => `${name}=${attributeText(value)}`).join(' ')} ${outputs[0]?.dtype}`;
}

function attributeText({ kind, value }: Attribute): string {
  return `${kind}:${JSON.stringify(value)}`;
}

/** A graph with its constants and how its nodes are connected, without shapes. */
function contents({ inputs, nodes, outputs }: Graph): string {
  const numbers = new Map<GraphNode, number>([...inputs, ...nodes].map((node, i) => [node, i]));
  const ends = (values: readonly { node: GraphNode; index: number }[]): string =>
    values.map(({ node, index }) => `${numbers.get(node)}.${index}`).join(',');
  const lines = nodes.map(node => {
    if (node.kind === 'constant') return `${node.dtype}[${node.shape}]${dataText(node)}`;
    if (node.kind === 'operation' || node.kind === 'loop') return `${labelOf(node)}(${ends(node.inputs)})`;
    return node.kind;
  });
  return `{${inputs.map(input => input.outputs[0]?.dtype)};${lines.join(';')};${ends(outputs)}}`;
}

function dataText({ data }: Constant): string {
  return ArrayBuffer.isView(data) ? Buffer.from(data).toString('latin1') : JSON.stringify(data);
}
